// What every page needs: the browser's time zone for the next page, menus that close, and notices
// that can be closed. No page depends on it for reading.
(() => {
  "use strict";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) {
    document.cookie = `doorward-zone=${encodeURIComponent(zone)}; Path=/; Max-Age=31536000; SameSite=Lax`;
  }

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.look[open], details.choose[open]")) {
      if (!except || !menu.contains(except)) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.activeElement?.closest("details[open]");
    closeMenus(null);
    open?.querySelector("summary")?.focus();
  });
})();
