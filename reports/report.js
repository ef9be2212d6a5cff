"use strict";
(() => {
  const form = document.getElementById("filters");
  if (!form) return; // A run without results has nothing to choose from.
  const status = document.getElementById("filter-status");
  const entries = [...document.querySelectorAll("[data-outcome]")].map((element) => ({
    element,
    outcome: element.dataset.outcome,
    group: element.dataset.group,
    level: element.dataset.level,
    text: searchable(element),
  }));
  const blocks = [...document.querySelectorAll("[data-block]")];
  const opened = new Set();

  // The exchange is left out: it holds every word of DICOM and would match anything.
  function searchable(element) {
    const parts = [];
    const walk = (node) => {
      if (node.nodeType === Node.TEXT_NODE) parts.push(node.data);
      else if (!node.classList || !node.classList.contains("exchange")) node.childNodes.forEach(walk);
    };
    walk(element);
    return parts.join(" ").replace(/\s+/g, " ").toLowerCase();
  }

  function fromForm() {
    return {
      outcomes: [...form.querySelectorAll("[name=outcome]:checked")].map((box) => box.value),
      group: form.elements.group.value,
      level: form.elements.level.value,
      q: form.elements.q.value.trim(),
    };
  }

  function toHash(state) {
    const parameters = new URLSearchParams();
    if (state.outcomes.length) parameters.set("outcome", state.outcomes.join(","));
    for (const key of ["group", "level", "q"]) if (state[key]) parameters.set(key, state[key]);
    return parameters.toString();
  }

  function toForm(hash) {
    const parameters = new URLSearchParams(hash);
    const outcomes = (parameters.get("outcome") || "").split(",");
    form.querySelectorAll("[name=outcome]").forEach((box) => { box.checked = outcomes.includes(box.value); });
    for (const key of ["group", "level"]) {
      const select = form.elements[key];
      const wanted = parameters.get(key) || "";
      select.value = [...select.options].some((option) => option.value === wanted) ? wanted : "";
    }
    form.elements.q.value = parameters.get("q") || "";
  }

  function apply() {
    const state = fromForm();
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const active = Boolean(toHash(state));
    let shown = 0;
    for (const entry of entries) {
      const match = (!state.outcomes.length || state.outcomes.includes(entry.outcome))
        && (!state.group || entry.group === state.group)
        && (!state.level || entry.level === state.level)
        && words.every((word) => entry.text.includes(word));
      entry.element.hidden = !match;
      if (match) shown += 1;
    }
    for (const block of blocks) {
      const visible = block.querySelectorAll("[data-outcome]:not([hidden])").length;
      block.hidden = active && visible === 0;
      // A list of links for an overview: with a filter on, the results themselves are few enough.
      const glance = block.querySelector(":scope > .glance");
      if (glance) glance.hidden = active;
      const count = block.querySelector(":scope > summary [data-shown]");
      if (count) count.textContent = active && visible < Number(count.dataset.shown)
        ? `${visible} of ${count.dataset.shown}` : count.dataset.shown;
      if (block.tagName === "DETAILS") {
        if (active && visible && !block.open) { block.open = true; opened.add(block); }
        if (!active && opened.delete(block)) block.open = false;
      }
    }
    status.textContent = !active ? `All ${entries.length} results shown.`
      : shown ? `${shown} of ${entries.length} results shown.`
        : `None of ${entries.length} results fits this filter.`;
    form.elements.clear.disabled = !active;
    document.body.classList.toggle("filtered", active);
  }

  function store() {
    const hash = toHash(fromForm());
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    apply();
  }

  function reveal(name) {
    let element = document.getElementById(name);
    if (!element) return;
    if (element.closest("[data-outcome][hidden], [data-block][hidden]")) {
      toForm("");
      apply();
    }
    const target = element;
    for (; element; element = element.parentElement) {
      if (element.tagName === "DETAILS") element.open = true;
    }
    target.scrollIntoView();
  }

  function follow(event) {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) {
      let name = hash;
      try { name = decodeURIComponent(hash); } catch { /* a fragment with a stray % names nothing */ }
      if (!event) apply();
      reveal(name);
      return;
    }
    toForm(hash);
    apply();
    if (hash) document.getElementById("results").scrollIntoView();
  }

  form.hidden = false;
  form.addEventListener("input", store);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => { event.preventDefault(); toForm(""); store(); form.elements.q.focus(); });
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    // A second click on the same link changes no hash, yet the reader wants to get there.
    if (link && link.getAttribute("href") === location.hash) { event.preventDefault(); follow(event); }
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      form.elements.q.focus();
    } else if (event.key === "Escape" && event.target === form.elements.q) {
      form.elements.q.value = "";
      store();
    }
  });

  // Paper has no triangles to click: all but the exchanges and the long lists is opened for printing.
  const forPaper = new Set();
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details:not([open]):not(.exchange):not(.reference)").forEach((element) => {
      element.open = true;
      forPaper.add(element);
    });
  });
  window.addEventListener("afterprint", () => {
    forPaper.forEach((element) => { element.open = false; });
    forPaper.clear();
  });

  // A long way down a long page, one press leads back to where results are chosen.
  const back = document.getElementById("back");
  window.addEventListener("scroll", () => {
    back.hidden = form.getBoundingClientRect().bottom > 0;
  }, { passive: true });
  back.addEventListener("click", () => {
    document.getElementById("results").scrollIntoView();
    form.elements.q.focus({ preventScroll: true });
  });

  follow();
})();
