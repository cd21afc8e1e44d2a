// Puts the page together.

function theme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
}

// What scrolls sideways can be reached by keyboard, and only then.
function markScrolling() {
  for (const box of document.querySelectorAll(".sideways")) {
    if (box.scrollWidth > box.clientWidth) Object.assign(box, { tabIndex: 0, role: "group", ariaLabel: "Scrolls sideways" });
    else for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }
}

function start() {
  document.getElementById("top-command").append(shown(data.verdict.command));
  document.getElementById("theme").addEventListener("click", theme);
  const flow = [verdictPart(), statesPart(), causesPart(), preflightPart(), rehearsalPart(), lintPart(), wavesPart(), machinesPart(), movesPart(), revisionsPart(), retriesPart(), slowestPart(), noticesPart(), schemasPart(), tenantsPart()];
  document.getElementById("page").append(...flow.filter((element) => element));
  document.getElementById("foot").append(make("span", {}, `Made by skein ${data.skein}${data.run.dry_run ? "" : " from the ledger alone"}. This file asks nothing of the network.`));
  choose();
  const card = document.getElementById("card");
  card.addEventListener("close", onClosed);
  card.addEventListener("click", (event) => { if (event.target === card) closeSheet(); });
  addEventListener("hashchange", followFragment);
  addEventListener("resize", () => { drawRows(); markScrolling(); });
  document.addEventListener("toggle", markScrolling, true);
  addEventListener("beforeprint", () => { for (const details of document.querySelectorAll("details")) details.open = true; drawRows(true); });
  addEventListener("afterprint", () => drawRows());
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, select, textarea, dialog")) return;
    event.preventDefault();
    spot.search.focus();
  });
  markScrolling();
  followFragment();
  (window.requestIdleCallback || setTimeout)(() => { haystacks = haystacks || buildHaystacks(); }); // before someone searches
}

start();
