// What the pages can do beyond being read. Without it all content is there.
"use strict";

// ---- theme: as the system says, or as chosen here; before the page is painted
const THEMES = ["system", "light", "dark"];
const KEY = "second-look-theme";

function storedTheme() {
  try {
    const stored = localStorage.getItem(KEY);
    return THEMES.includes(stored) ? stored : "system";
  } catch { // storage is switched off
    return "system";
  }
}

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const button = document.getElementById("theme");
  if (button) button.textContent = `Theme: ${theme}`;
}

showTheme(storedTheme());

function setUpTheme() {
  const button = document.getElementById("theme");
  button.hidden = false;
  showTheme(storedTheme());
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
    try {
      localStorage.setItem(KEY, next);
    } catch { /* it lasts as long as the page */ }
    showTheme(next);
  });
}

// ---- filters of the table of claims
function setUpFilters() {
  const form = document.getElementById("filters");
  if (!form) return;
  const rows = [...document.querySelectorAll(".matrix tbody tr")];
  const apply = () => {
    const wanted = [...new FormData(form)].filter(([, value]) => value);
    for (const row of rows) row.hidden = !wanted.every(([name, value]) => row.dataset[name] === value);
    const shown = rows.filter((row) => !row.hidden).length;
    document.getElementById("shown").textContent = `${shown} of ${rows.length} claims`;
  };
  form.hidden = false;
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply)); // the fields are reset after this event
  apply();
}

// ---- a link to what is folded unfolds it; a button unfolds all claims
function setUpFolds() {
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();
  for (const button of document.querySelectorAll(".unfold")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const claims = [...document.querySelectorAll(".claim")];
      const open = claims.some((claim) => !claim.open);
      for (const claim of claims) claim.open = open;
      button.textContent = open ? "Fold all claims" : "Unfold all claims";
    });
  }
}

// ---- enlarged figures
function setUpFigures() {
  const dialog = document.getElementById("enlarged");
  const body = dialog.querySelector(".dialog-body");
  for (const link of document.querySelectorAll("a.enlarge")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      const image = document.createElement("img");
      image.src = link.href;
      image.alt = link.querySelector("img").alt;
      document.getElementById("enlarged-title").textContent = link.dataset.title;
      body.replaceChildren(image);
      dialog.showModal();
    });
  }
  document.getElementById("enlarged-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });
}

// ---- a sheet of samples, step by step: each arm's panel of the step, large; the last position shows the whole sheet
function setUpSheets() {
  for (const slider of document.querySelectorAll(".steps input")) {
    const figure = slider.closest("figure");
    const [whole, sheet, output] = [figure.querySelector(".wide"), figure.querySelector(".sheet"), figure.querySelector(".steps output")];
    const steps = JSON.parse(slider.dataset.steps);
    for (const arm of sheet.querySelectorAll(".arm")) arm.dataset.arm = arm.querySelector("img").alt;
    slider.closest(".steps").hidden = false;
    slider.addEventListener("input", () => {
      const step = steps[slider.value];
      whole.hidden = Boolean(step);
      sheet.hidden = !step;
      if (step) sheet.querySelectorAll(".crop").forEach((crop, arm) => { crop.style.cssText = step.styles[arm]; });
      output.value = step ? step.step : "all steps";
      slider.setAttribute("aria-valuetext", output.value);
    });
    slider.setAttribute("aria-valuetext", output.value);
  }
}

// ---- every replica's curves; their numbers lie in a script of their own, loaded when asked for
const HUES = ["light-dark(#0072b2, #5db4ee)", "light-dark(#bf7f00, #f0b13c)", "light-dark(#00875f, #35c79b)", "light-dark(#d55e00, #ff9a57)", "light-dark(#c0699a, #e0a0c4)", "light-dark(#3399d6, #9ad4f5)", "light-dark(#444, #ddd)"];
const [WIDE, HIGH, LEFT, BOTTOM] = [640, 300, 60, 34];
const make = (name, attributes, ...content) => {
  const svg = ["svg", "path", "line", "text", "g"].includes(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
};
const short = (value) => Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });

function roundTicks(low, high) {
  const size = 10 ** Math.floor(Math.log10((high - low) / 5 || 1));
  const step = [1, 2, 5, 10].map((factor) => factor * size).find((each) => (high - low) / each <= 6);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) ticks.push(Math.abs(tick) < step / 1e6 ? 0 : tick);
  return ticks;
}

function medianLine(lines) { // at the steps that the replicas of a cell share
  const [, , steps] = lines[0];
  return steps.map((step) => {
    const values = lines.map((line) => line[3][line[2].indexOf(step)]).filter((value) => value !== null && value !== undefined).sort((a, b) => a - b);
    const half = values.length >> 1;
    return [step, values.length ? (values.length % 2 ? values[half] : (values[half - 1] + values[half]) / 2) : null];
  });
}

function drawCurves(svg, curves, metric, chosen, log, all, output) {
  const lines = curves.metrics[metric].lines.filter(([cell]) => chosen.has(cell));
  const values = lines.flatMap((line) => line[3]).filter((value) => value !== null && (!log || value > 0)).map((value) => (log ? Math.log10(value) : value));
  svg.replaceChildren();
  if (!values.length) return;
  const steps = lines.flatMap((line) => line[2]);
  let [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  if (low === high) [low, high] = [low - 1, high + 1];
  const [first, last] = [steps.reduce((a, b) => Math.min(a, b)), steps.reduce((a, b) => Math.max(a, b))];
  const x = (step) => LEFT + ((WIDE - LEFT - 10) * (step - first)) / (last - first || 1);
  const y = (value) => 10 + ((HIGH - BOTTOM - 10) * (high - (log ? Math.log10(value) : value))) / (high - low);
  for (const tick of roundTicks(low, high)) {
    const at = y(log ? 10 ** tick : tick);
    svg.append(make("line", { class: "grid", x1: LEFT, x2: WIDE - 10, y1: at, y2: at }), make("text", { x: LEFT - 6, y: at + 4, "text-anchor": "end" }, short(log ? 10 ** tick : tick)));
  }
  for (const tick of roundTicks(first, last)) svg.append(make("text", { x: x(tick), y: HIGH - 16, "text-anchor": "middle" }, short(tick)));
  svg.append(make("text", { x: WIDE - 10, y: HIGH - 2, "text-anchor": "end" }, "step"));
  const trace = (points) => {
    let pen = "M";
    return points.map(([step, value]) => {
      if (value === null || (log && value <= 0)) { pen = "M"; return ""; }
      const part = `${pen}${x(step).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      return part;
    }).join("");
  };
  for (const cell of chosen) {
    const own = lines.filter((line) => line[0] === cell);
    if (!own.length) continue;
    const style = `--hue:${HUES[cell % HUES.length]}`;
    if (all) {
      for (const [, seed, at, found] of own) {
        const path = make("path", { class: "one", style, d: trace(at.map((step, index) => [step, found[index]])) });
        const ends = found.filter((value) => value !== null).at(-1);
        path.addEventListener("pointerenter", () => { path.classList.add("picked"); output.value = `${curves.cells[cell]}, seed ${seed}: ends at ${short(ends ?? NaN)}`; });
        path.addEventListener("pointerleave", () => path.classList.remove("picked"));
        svg.append(path);
      }
    }
    const middle = make("path", { class: "middle", style, d: trace(medianLine(own)) });
    middle.addEventListener("pointerenter", () => { output.value = `${curves.cells[cell]}: median of ${own.length} replica${own.length > 1 ? "s" : ""}`; });
    svg.append(middle);
  }
}

function explorer(curves, name) {
  const output = make("output", {}, "Point at a line to see whose it is.");
  const svg = make("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": `Curves of every replica of ${name}; the file of data beside the figure holds the numbers.` });
  const metrics = make("select", {}, ...Object.keys(curves.metrics).map((metric) => make("option", { value: metric }, metric)));
  const all = make("input", { type: "checkbox", checked: "" });
  const log = make("input", { type: "checkbox" });
  const boxes = curves.cells.map((cell, number) => make("input", { type: "checkbox", value: number, ...(number < HUES.length ? { checked: "" } : {}) }));
  const draw = () => {
    const chosen = new Set(boxes.filter((box) => box.checked).map((box) => Number(box.value)));
    drawCurves(svg, curves, metrics.value, chosen, log.checked, all.checked, output);
    output.value = curves.metrics[metrics.value].means || "Point at a line to see whose it is.";
  };
  const cells = boxes.map((box, number) => make("label", {}, box, make("span", { class: "swatch", style: `--hue:${HUES[number % HUES.length]}` }), curves.cells[number]));
  const panel = make("div", { class: "explorer" },
    make("p", { class: "controls" }, make("label", {}, "Metric ", metrics), make("label", {}, all, "every replica"), make("label", {}, log, "logarithmic")),
    svg, output, make("fieldset", {}, make("legend", {}, "Cells"), ...cells));
  panel.addEventListener("change", draw);
  draw();
  return panel;
}

function setUpCurves() {
  for (const button of document.querySelectorAll("button.replicas")) {
    button.hidden = false;
    let panel = null;
    const toggle = () => {
      const curves = window.secondLookCurves?.[button.dataset.key];
      if (!curves) return;
      if (panel) panel.remove();
      panel = panel ? null : explorer(curves, button.dataset.key);
      if (panel) button.closest(".under").after(panel);
      button.setAttribute("aria-expanded", String(Boolean(panel)));
    };
    button.addEventListener("click", () => {
      if (window.secondLookCurves?.[button.dataset.key]) { toggle(); return; }
      const script = make("script", { src: button.dataset.script });
      script.addEventListener("load", toggle);
      document.head.append(script);
    });
  }
}

// ---- paper shows what is folded on the screen
function setUpPrint() {
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const item of folded) item.open = true;
  });
  addEventListener("afterprint", () => {
    for (const item of folded) item.open = false;
  });
}

addEventListener("DOMContentLoaded", () => {
  setUpTheme();
  setUpFilters();
  setUpFolds();
  setUpFigures();
  setUpSheets();
  setUpCurves();
  setUpPrint();
});
