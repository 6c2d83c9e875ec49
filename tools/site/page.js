// What scrolls sideways can be reached and moved by the keyboard in every browser, and
// fades where more follows.
const fade = box => box.classList.toggle(
  "more", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
const watch = new ResizeObserver(seen => {
  for (const { target: box } of seen) {
    fade(box);
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
  ".wide, pre, .input_area, .output_subarea, math[display=block]")) {
  watch.observe(box);
  box.addEventListener("scroll", () => fade(box));
}
