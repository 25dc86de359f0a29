// The command bar and the sheet of keys. A command is something on the page that can be clicked: the
// doors of the rail, the conversations of the list, the buttons of the thread.
(() => {
  "use strict";
  const bar = document.getElementById("commands");
  const sheet = document.getElementById("keys");
  if (!bar || !sheet) return;
  const field = bar.querySelector("input");
  const list = bar.querySelector("ul");
  let chosen = 0;

  const named = (element) => {
    const clone = element.cloneNode(true);
    for (const part of clone.querySelectorAll("kbd, time, .tags, b + b")) part.remove();
    return clone.textContent.trim().replace(/\s+/g, " ");
  };
  const all = () => [...document.querySelectorAll("#main .head button, #main .head summary.button, #rail a, #rows .row")]
    .filter((element) => element.offsetParent !== null)
    .map((element) => ({ name: named(element), element }));

  const show = () => {
    const wanted = field.value.trim().toLowerCase();
    const found = all().filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, 12);
    chosen = Math.min(chosen, Math.max(found.length - 1, 0));
    list.replaceChildren(...found.map(({ name, element }, place) => {
      const item = document.createElement("li");
      item.role = "option";
      item.id = `command-${place}`;
      item.ariaSelected = String(place === chosen);
      item.textContent = name;
      item.dir = "auto";
      item.addEventListener("click", () => run(element));
      return item;
    }));
    list.hidden = found.length === 0;
    field.setAttribute("aria-activedescendant", found.length ? `command-${chosen}` : "");
    return found;
  };
  const run = (element) => {
    bar.close();
    if (element.matches("summary")) {
      element.parentElement.open = true;
      setTimeout(() => element.parentElement.querySelector(".menu input:not([type=hidden]), .menu button")?.focus(), 60);
    } else {
      element.click();
    }
  };
  const open = () => {
    field.value = "";
    chosen = 0;
    bar.showModal();
    show();
  };

  field.addEventListener("input", () => { chosen = 0; show(); });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      chosen = Math.max(chosen + (event.key === "ArrowDown" ? 1 : -1), 0);
      show();
    } else if (event.key === "Enter") {
      event.preventDefault();
      const found = show()[chosen];
      if (found) run(found.element);
    }
  });
  document.querySelector("[data-commands]")?.addEventListener("click", open);
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!bar.open) open();
      return;
    }
    const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select");
    if (!typing && !event.ctrlKey && !event.altKey && !event.metaKey) {
      if (event.key === "?") { event.preventDefault(); sheet.showModal(); }
      if (event.key === "/") { event.preventDefault(); open(); }
    }
  });
  for (const dialog of [bar, sheet]) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
})();
