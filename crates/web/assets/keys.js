// Keys of the desk. No letter acts while somebody types, and none with Alt, which types characters on
// several keyboards. Every key does what something on the page does when it is clicked.
(() => {
  "use strict";
  let going = 0;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const rows = () => all("#rows .row");
  const typing = (element) => Boolean(element?.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable]"));

  const current = () => {
    const list = rows();
    const focused = document.activeElement?.closest?.("#rows li")?.querySelector(".row");
    return Math.max(list.indexOf(focused), list.findIndex((row) => row.hasAttribute("aria-current")));
  };
  const move = (by) => {
    const list = rows();
    const next = list[Math.min(Math.max(current() + by, 0), list.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const press = (selector) => {
    const element = document.querySelector(selector);
    element?.click();
    return Boolean(element);
  };
  const open = (id) => {
    const menu = document.getElementById(id);
    if (!menu) return;
    menu.open = true;
    setTimeout(() => menu.querySelector(".menu input:not([type=hidden]), .menu button")?.focus(), 60);
  };
  const write = (kind) => {
    const radio = document.querySelector(`#composer [name=kind][value=${kind}]`);
    if (!radio) return;
    radio.checked = true;
    document.getElementById("text").focus();
  };
  const reveal = (number) => {
    const summary = document.querySelector(`#customer summary[data-key="${number}"]`);
    if (!summary) return;
    document.getElementById("customer").classList.add("shown");
    summary.parentElement.open = true;
    summary.parentElement.querySelector("button").focus();
  };
  const next = () => {
    const list = rows();
    (list[current() + 1] ?? list[current() - 1])?.click();
  };

  const acts = {
    j: () => move(1),
    k: () => move(-1),
    r: () => write("reply"),
    n: () => write("note"),
    e: () => press("#resolve") || press("#reopen"),
    E: () => { next(); fetchResolve(); },
    a: () => open("assign"),
    s: () => open("snooze"),
    l: () => open("label"),
    z: () => press("[data-undo]"),
    x: () => {
      const row = rows()[current()] ?? rows()[0];
      const pick = row?.closest("li").querySelector(".pick");
      pick?.click();
      row?.focus();
    },
  };
  // The place that is left is settled only once the next one is on its way.
  const fetchResolve = () => press("#resolve");

  document.addEventListener("keydown", (event) => {
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key === "Enter") {
      const form = event.target.closest?.("#composer");
      const note = form?.querySelector("[name=kind][value=note]").checked;
      if (form) {
        event.preventDefault();
        form.querySelector(note ? ".for-note" : ".for-reply.primary").click();
      }
      return;
    }
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (control || event.altKey || event.isComposing || typing(event.target)) return;
    if (going && Date.now() - going < 1500) {
      going = 0;
      const door = document.querySelector(`#rail a[data-go="${CSS.escape(event.key)}"]`);
      if (door) { event.preventDefault(); door.click(); return; }
    }
    if (event.key === "g") { going = Date.now(); return; }
    if (/^[1-9]$/.test(event.key)) { event.preventDefault(); reveal(event.key); return; }
    const act = acts[event.key];
    if (act) { event.preventDefault(); act(); }
  });
})();
