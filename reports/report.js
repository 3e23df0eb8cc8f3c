// What the pages can do beyond being read. Without it all content is there; only filters, theme switch and enlarged figures are not.
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
  setUpFigures();
  setUpPrint();
});
