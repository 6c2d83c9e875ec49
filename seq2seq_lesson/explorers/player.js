// Shows an explorer's drawings where there is no kernel: native controls over frames.
// Beside a live widget it is hidden, unpacks nothing, and adds names and values.
"use strict";
customElements.get("living-explorer") ?? customElements.define("living-explorer",
class extends HTMLElement {
  connectedCallback() {
    if (this.observer) return;
    this.said = made("div", { className: "said", role: "status" });
    this.area = this.closest(".jp-OutputArea, .output") ?? this;
    this.area.addEventListener("keydown", own);
    new MutationObserver((_, watch) => {  // until the cell is run again
      this.area.contains(this) ? this.attend() : watch.disconnect();
    }).observe(this.area, { childList: true, subtree: true });
    this.attend();
    this.observer = new IntersectionObserver(([here]) => {
      if (!here.isIntersecting) return;
      this.observer.disconnect();
      this.start();
    }, { rootMargin: "100%" });
    if (window.DecompressionStream) this.observer.observe(this);  // or the picture stays
  }

  // What ipywidgets leave out: names, and a slider's value as it is shown.
  attend() {
    for (const slider of this.area.querySelectorAll(".widget-slider")) {
      const handle = slider.querySelector(".noUi-handle, .ui-slider-handle");
      const readout = slider.querySelector(".widget-readout");
      readout.role = "textbox";
      handle.ariaLabel = readout.ariaLabel = slider.firstElementChild.textContent;
      handle.ariaValueText = readout.textContent;
      const share = parseInt(handle.style.left);  // classic; its handles have no role
      if (share >= 0) Object.assign(handle, { role: "slider", ariaValueNow: share });
    }
    for (const box of this.area.querySelectorAll("[placeholder]"))
      if (!box.labels[0]?.textContent) box.ariaLabel = box.placeholder;
    const live = ".widget-html-content";
    for (const picture of this.area.querySelectorAll(live)) drawn(picture);
    const notes = this.area.querySelectorAll(`${live} [role=status]`);
    if (!notes.length) return;
    const spoken = hushed(notes);
    if (!this.spoken) this.after(this.said);  // nobody has moved anything
    else if (this.spoken !== spoken) this.said.textContent = spoken;
    this.spoken = spoken;
  }

  async start() {
    const bytes = Uint8Array.from(atob(this.dataset.frames), c => c.charCodeAt(0));
    const deflated = new Blob([bytes]).stream();
    const plain = deflated.pipeThrough(new DecompressionStream("deflate"));
    this.data = await new Response(plain).json();
    this.frame = unpacked(this.data);
    this.wanted = [...this.data.start];
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", this.data.title);
    this.dataset.lmSuppressShortcuts = "true";  // JupyterLab's keys
    const bar = made("div", { className: "bar" });
    this.controls = this.data.controls.map((control, c) => this.control(control, c));
    bar.append(...this.controls.map(control => control.box));
    this.stage = made("div", { className: "stage" });
    const textContent = "↔ Wider than the screen: swipe the picture sideways.";
    this.wide = made("div", { textContent, className: "wide" });
    this.replaceChildren(bar, this.wide, this.stage, this.said, this.elsewhere());
    this.show();
    for (const still of this.area.querySelectorAll("img"))
      (still.closest(".jp-OutputArea-child, .output_area") ?? still).hidden = true;
  }

  control({ label, tip, slides, values }, c) {
    const box = made("div"), name = made("label", { textContent: label, title: tip });
    const input = made(slides ? "input" : "select", { title: tip });
    name.append(input);
    box.append(name);
    if (!slides) {
      input.addEventListener("change", () => this.move(c, +input.value));
      return { box, input };
    }
    input.type = "range";
    input.addEventListener("input", () => this.move(c, this.can(c)[input.value]));
    const output = made("output");
    const buttons = [["◀", "back", -1], ["▶", "forward", 1]].map(([sign, way, by]) => {
      const button = made("button", { type: "button", textContent: sign });
      button.setAttribute("aria-label", `${label}: ${way}`);
      button.addEventListener("click", () => {
        const next = this.can(c)[+input.value + by];
        if (next !== undefined) this.move(c, next);
      });
      return button;
    });
    name.append(output);
    box.append(...buttons);
    return { box, input, output, buttons, values };
  }

  // What can be chosen, given the controls before this one; -1: it is of no use.
  can(c) {
    const fits = this.data.keys.filter(key => key.slice(0, c).every(
      (value, n) => value === this.chosen[n]));
    return [...new Set(fits.map(key => key[c]))].sort((a, b) => a - b);
  }

  move(c, value) {
    this.wanted[c] = value;
    for (const other of this.data.controls[c].resets) this.wanted[other] = 0;
    this.show();
    this.said.textContent = this.spoken;
  }

  show() {
    this.chosen = [];
    for (const [c, control] of this.controls.entries()) {
      const can = this.can(c), below = can.filter(value => value <= this.wanted[c]);
      this.chosen[c] = below.at(-1) ?? can[0];
      this.fill(control, this.data.controls[c].values, can, this.chosen[c]);
    }
    const frame = this.data.keys.findIndex(key => key.join() === this.chosen.join());
    const aside = [...this.stage.children].map(child => child.scrollLeft);
    this.stage.innerHTML = this.frame(frame);
    [...this.stage.children].forEach((child, n) => { child.scrollLeft = aside[n] });
    drawn(this.stage);
    this.wide.hidden = ![...this.stage.children].some(
      child => child.scrollWidth > child.clientWidth + 1);
    this.spoken = hushed(this.stage.querySelectorAll("[role=status]"));
  }

  fill({ box, input, output, buttons }, values, can, value) {
    box.hidden = can[0] < 0 || can.length < 2;
    if (!output) {
      if (input.dataset.can !== can.join()) input.replaceChildren(
        ...can.map(n => made("option", { value: n, textContent: values[n] })));
      input.dataset.can = can.join();
      input.value = value;
      return;
    }
    input.max = can.length - 1;
    input.value = can.indexOf(value);
    output.value = values[value];
    input.setAttribute("aria-valuetext", values[value]);
    buttons[0].ariaDisabled = value === can[0];
    buttons[1].ariaDisabled = value === can.at(-1);
  }

  elsewhere() {
    const { elsewhere } = this.data;
    const line = made("p", { className: "elsewhere", hidden: !elsewhere });
    const link = document.querySelector('[href^="https://colab.research.google.com"]');
    const textContent = "open the notebook on Colab";
    const where = link ? made("a", { href: link.href, textContent }) : "run the cell";
    line.append(elsewhere, where, ".");
    return line;
  }
});

// A frame by its number, put together from pieces; each is of a kind, and has a row of
// what it says.
function unpacked({ kinds, columns, pieces, frames }) {
  let column = 0;
  const parts = kinds.map(texts => ({
    texts, row: 0, values: texts.slice(1).map(() => columns[column++].split("\n")),
  }));
  const whole = pieces.map(kind => {
    const { texts, values } = parts[kind], row = parts[kind].row++;
    return texts.map((text, n) => (n ? values[n - 1][row] : "") + text).join("");
  });
  return number => {
    let at = -1;
    return frames[number].split(",").map(step => whole[at += 1 + +step]).join("");
  };
}

// What notes say; new ones at each move are often not read, so one that is kept tells it.
function hushed(notes) {
  for (const note of notes) note.removeAttribute("role");
  return [...notes].map(note => note.innerText).join(" ");
}

// A picture is one stop of the Tab key; where it is cut, what it tells of is shown.
function drawn(stage) {
  for (const picture of stage.querySelectorAll(".touch:has(.part)")) {
    picture.ariaDescription = "arrow keys go from part to part";
    const [, ...others] = picture.querySelectorAll(".part");
    for (const part of others) part.tabIndex = -1;
  }
  for (const box of stage.querySelectorAll("[data-eye]"))
    box.scrollLeft = box.dataset.eye * box.scrollWidth - box.clientWidth;
}

// Arrow keys lead round a picture's parts.
function go(part, by) {
  const parts = [...part.closest(".touch").querySelectorAll(".part")];
  const next = parts.at((parts.indexOf(part) + by) % parts.length);
  part.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

// Keys that a control uses are not also a deck's or a notebook's.
function own(event) {
  const arrow = event.key.startsWith("Arrow"), { target } = event, { type } = target;
  const part = arrow && target.matches(".part");
  if (part) {
    go(target, /Right|Down/.test(event.key) ? 1 : -1);
    event.preventDefault();
  } else if (!type || arrow && type === "button") return;
  if (!event.ctrlKey && !event.metaKey && !/^(Page|Escape)/.test(event.key))
    event.stopPropagation();
}

function made(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
