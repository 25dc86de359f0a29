// What is typed is kept on the server a moment later. When the session has ended meanwhile, the text
// waits in this tab, and only here, until its agent is back.
(() => {
  "use strict";
  const WAIT = 800;
  const timers = new WeakMap();
  const place = (form) => `draft:${form.dataset.draft}`;
  const token = (form) => form.querySelector("[name=form_token]").value;

  const keep = async (form, options) => {
    clearTimeout(timers.get(form));
    timers.delete(form);
    const typed = new FormData(form);
    const body = new URLSearchParams();
    for (const name of ["kind", "text", "cc"]) body.set(name, typed.get(name) ?? "");
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "PUT", body, headers: { "x-form-token": token(form), "hx-request": "true" }, ...options,
      });
      if (answer.status === 401) {
        sessionStorage.setItem(place(form), JSON.stringify(Object.fromEntries(body)));
        const way = answer.headers.get("hx-redirect");
        if (way) location.assign(`/sign-in?back=${encodeURIComponent(location.pathname + location.search)}`);
      } else if (answer.ok) {
        sessionStorage.removeItem(place(form));
      }
    } catch {
      // Without a connection the text stays where it is, and the next key tries again.
    }
  };

  const restore = () => {
    const form = document.getElementById("composer");
    if (!form || form.dataset.restored) return;
    form.dataset.restored = "yes";
    const waiting = sessionStorage.getItem(place(form));
    if (!waiting) return;
    const { kind, text, cc } = JSON.parse(waiting);
    form.elements.text.value = text;
    form.elements.cc.value = cc;
    form.elements.kind.value = kind;
    keep(form);
  };

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("#composer");
    if (!form) return;
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => keep(form), WAIT));
  });
  // Sending keeps the text itself; a late timer must not bring it back.
  document.addEventListener("htmx:before:request", (event) => {
    const form = event.target.closest?.("#composer");
    if (form) clearTimeout(timers.get(form));
  });
  addEventListener("pagehide", () => {
    const form = document.getElementById("composer");
    if (form && timers.has(form)) keep(form, { keepalive: true });
  });
  document.addEventListener("htmx:before:swap", () => {
    const form = document.getElementById("composer");
    if (form && timers.has(form)) keep(form);
  });
  document.addEventListener("htmx:after:swap", restore);
  restore();
})();
