/* The switch between runs, what is copied, and the gallery's filter. Without scripts every drawing is on the page. */
"use strict";

(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // --- the switch of a panel: tabs, by pointer and by arrow keys

  function show(panel, run, focus = false) {
    const tabs = all('[role="tab"]', panel);
    const chosen = tabs.find((tab) => tab.dataset.run === run);
    if (!chosen) return false;
    for (const tab of tabs) {
      const here = tab === chosen;
      tab.setAttribute("aria-selected", String(here));
      tab.tabIndex = here ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !here;
    }
    if (focus) chosen.focus();
    return true;
  }

  function onKey(event) {
    const tabs = all('[role="tab"]', event.currentTarget);
    const place = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (place < 0 || to === undefined) return;
    event.preventDefault();
    const tab = tabs[(to + tabs.length) % tabs.length];
    show(tab.closest(".lcnec-panel"), tab.dataset.run, true);
  }

  function panels() {
    for (const panel of all(".lcnec-panel")) {
      const tabs = all('[role="tab"]', panel);
      if (!tabs.length) continue;
      for (const tab of tabs) tab.addEventListener("click", () => show(panel, tab.dataset.run));
      panel.querySelector('[role="tablist"]').addEventListener("keydown", onKey);
      show(panel, tabs[0].dataset.run);
    }
  }

  // --- one choice for every panel of the page; a panel that the run did not draw stays as it is

  function wholePage() {
    const box = document.querySelector(".page-runs");
    const tabs = all('.lcnec-panel [role="tab"]');
    const runs = new Map(tabs.map((tab) => [tab.dataset.run, tab.textContent.trim()]));
    if (!box || runs.size < 2) return;
    const choice = box.querySelector("select");
    choice.append(new Option("the first of each", ""));
    for (const [run, label] of runs) choice.append(new Option(`${label} (${run})`, run));
    choice.addEventListener("change", () => all(".lcnec-panel").forEach((panel) => {
      const first = panel.querySelector('[role="tab"]');
      show(panel, choice.value || (first && first.dataset.run));
    }));
    const asked = new URLSearchParams(location.search).get("run");
    if (runs.has(asked)) {
      choice.value = asked;
      choice.dispatchEvent(new Event("change"));
    }
    box.hidden = false;
  }

  // --- an address that names a drawing or a panel's code opens it

  function toAnchor() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    const drawing = target.closest(".drawing");
    if (drawing) show(drawing.closest(".lcnec-panel"), drawing.dataset.run);
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (drawing || target.tagName === "DETAILS") target.scrollIntoView();
  }

  // --- copying

  function copied(button) {
    const text = button.parentElement.querySelector("code").textContent;
    const done = () => {
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    };
    const select = () => {
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      if (document.execCommand("copy")) done();
    };
    // a page opened from disk may have no clipboard of its own
    if (navigator.clipboard && isSecureContext) navigator.clipboard.writeText(text).then(done, select);
    else select();
  }

  // --- the gallery's filter

  function gallery() {
    const box = document.querySelector(".gallery-filter");
    if (!box) return;
    const apply = () => {
      const kind = box.querySelector("input:checked").value;
      const cards = all(".card-panel");
      for (const card of cards) card.hidden = Boolean(kind) && card.dataset.kind !== kind;
      for (const part of all(".home section")) part.hidden = !part.querySelector(".card-panel:not([hidden])");
      box.querySelector(".shown").textContent = `${cards.filter((card) => !card.hidden).length} panels`;
    };
    box.addEventListener("change", apply);
    box.hidden = false;
    apply();
  }

  document.addEventListener("DOMContentLoaded", () => {
    panels();
    wholePage();
    gallery();
    toAnchor();
    addEventListener("hashchange", toAnchor);
    for (const button of all("button.copy")) button.addEventListener("click", () => copied(button));
  });
})();
