// The desk's panes after a script put an answer into one of them: which row is current, which pane a
// narrow screen shows, where the thread stands, and what must be fetched again. Without it every link
// still opens a page.
(() => {
  "use strict";
  const toEnd = () => {
    const thread = document.getElementById("thread");
    if (thread && !thread.dataset.placed) {
      thread.dataset.placed = "yes";
      thread.scrollTop = thread.scrollHeight;
    }
  };

  const mark = () => {
    const id = document.getElementById("main")?.dataset.conversation;
    for (const row of document.querySelectorAll("#rows .row[aria-current]")) row.removeAttribute("aria-current");
    document.body.classList.toggle("shows-thread", Boolean(id));
    if (id) document.querySelector(`#row-${CSS.escape(id)} .row`)?.setAttribute("aria-current", "true");
    toEnd();
    undo();
  };

  // The list and the counts, fetched again and laid over what is there, so that nothing jumps.
  let waiting = 0;
  const refresh = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const list = document.getElementById("list");
      if (!list || !window.htmx) return;
      window.htmx.ajax("GET", list.dataset.here, { target: "#rail", swap: "outerMorph", headers: { "x-part": "rail" } });
      window.htmx.ajax("GET", list.dataset.here, { target: "#list", swap: "outerMorph" });
    }, 50);
  };

  // A sent answer can be taken back for as long as its line counts down.
  let counting = 0;
  const undo = () => {
    const line = document.querySelector(".notice.undo");
    if (!line || line.dataset.counting) return;
    line.dataset.counting = "yes";
    clearTimeout(counting);
    counting = setTimeout(() => line.remove(), Number(line.dataset.seconds) * 1000);
  };

  // Lines that only tell something go by themselves.
  new MutationObserver(() => {
    for (const line of document.querySelectorAll("#notices .notice:not(.undo, [data-seen])")) {
      line.dataset.seen = "yes";
      setTimeout(() => line.remove(), 12000);
    }
  }).observe(document.getElementById("notices"), { childList: true, subtree: true });

  document.addEventListener("htmx:after:swap", mark);
  document.addEventListener("htmx:after:history:push", mark);
  document.addEventListener("desk-changed", refresh);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("a.details")) document.getElementById("customer")?.classList.add("shown");
    if (event.target.closest?.("a.close")) {
      event.preventDefault();
      document.getElementById("customer")?.classList.remove("shown");
      if (location.hash) history.replaceState(history.state, "", location.pathname + location.search);
    }
  });
  toEnd();
})();
