// The desk's panes after a script put an answer into one of them: which row is current, which pane a
// narrow screen shows, where the thread stands. Without it every link still opens a page.
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
  };

  document.addEventListener("htmx:after:swap", mark);
  document.addEventListener("htmx:after:history:push", mark);
  document.addEventListener("DOMContentLoaded", toEnd);
  toEnd();
})();
