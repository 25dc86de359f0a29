// A revealed value hides again after its time, when the page is left, and when the tab is hidden.
// The lock that stood in its place is kept as a node, never as text.
(() => {
  "use strict";
  const locks = new Map();

  const hide = (cell) => {
    const kept = locks.get(cell);
    if (!kept) return;
    locks.delete(cell);
    clearTimeout(kept.timer);
    kept.lock.open = false;
    cell.replaceChildren(kept.lock);
    window.htmx?.process(cell);
  };
  const hideAll = () => { for (const cell of [...locks.keys()]) hide(cell); };

  document.addEventListener("htmx:before:swap", (event) => {
    const form = event.target.closest?.("form.reveal");
    const cell = form?.closest("dd");
    const lock = form?.closest("details.lock");
    if (cell && lock) locks.set(cell, { lock: lock.cloneNode(true), timer: 0 });
  });
  document.addEventListener("htmx:after:swap", () => {
    for (const [cell, kept] of locks) {
      const shown = cell.querySelector(".mask.open");
      if (!cell.isConnected || !shown) { locks.delete(cell); continue; }
      if (!kept.timer) kept.timer = setTimeout(() => hide(cell), Number(shown.dataset.seconds) * 1000);
    }
  });
  document.addEventListener("visibilitychange", () => { if (document.hidden) hideAll(); });
  addEventListener("pagehide", hideAll);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideAll(); });
})();
