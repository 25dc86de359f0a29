// What the page's one stream tells: conversations that moved are fetched again, and the line about
// others is written. The stream names ids; everything else is fetched with the reader's own rights.
(() => {
  "use strict";
  let waiting = 0;
  const thread = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const main = document.getElementById("main");
      if (!main?.dataset.conversation || document.querySelector("#main details.choose[open]")) return;
      const log = document.getElementById("thread");
      const atEnd = log && log.scrollHeight - log.scrollTop - log.clientHeight < 60;
      window.htmx.ajax("GET", location.pathname + location.search, {
        target: "#main", swap: "outerMorph", headers: { "x-part": "thread" }, push: "false",
      }).then(() => {
        const now = document.getElementById("thread");
        if (atEnd && now) now.scrollTop = now.scrollHeight;
      });
    }, 150);
  };

  const live = document.getElementById("live");
  live?.addEventListener("moved", (event) => {
    const id = event.detail?.data;
    document.dispatchEvent(new Event("desk-changed"));
    if (id === "all" || id === document.getElementById("main")?.dataset.conversation) thread();
  });
  live?.addEventListener("others", (event) => {
    const [id, ...words] = (event.detail?.data ?? "").split(" ");
    const place = document.getElementById("others");
    if (!place || id !== document.getElementById("main")?.dataset.conversation) return;
    place.textContent = words.join(" ");
    place.hidden = words.length === 0 || !words.join("");
  });
  // Ages grow old.
  setInterval(() => { if (!document.hidden) document.dispatchEvent(new Event("desk-changed")); }, 60000);
})();
