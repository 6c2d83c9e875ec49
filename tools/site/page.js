// What scrolls sideways can be reached and moved by the keyboard in every browser.
const watch = new ResizeObserver(seen => {
  for (const { target: box } of seen) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
      box.role = "group";
      box.ariaLabel = "wider than the page: scrolls sideways";
    } else if (box.role === "group") {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  }
});
for (const box of document.querySelectorAll(
  ".wide, pre, .input_area, .output_subarea, math[display=block]")) watch.observe(box);
