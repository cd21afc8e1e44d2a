"use strict";
// Asks /status once a second and shows it. Texts of tenants and servers become text nodes, never markup.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const by = (id) => document.getElementById(id);
const KINDS = { succeeded: "good", unchanged: "good", rolled_back: "wait", running: "busy", failed: "bad", partial: "bad", in_doubt: "bad", rollback_failed: "bad" };
let seen = false;

function make(tag, text, kind) {
  const element = document.createElement(tag);
  if (text !== null && text !== undefined) element.textContent = String(text);
  if (kind) element.className = kind;
  return element;
}

function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3600000) return `${Math.floor(ms / 60000)} min ${String(Math.floor(ms / 1000) % 60).padStart(2, "0")} s`;
  return `${Math.floor(ms / 3600000)} h ${String(Math.floor(ms / 60000) % 60).padStart(2, "0")} min`;
}

function rows(id, items, cells) {
  const lines = items.map((item) => {
    const row = make("tr");
    row.append(...cells(item));
    return row;
  });
  by(id).replaceChildren(...lines);
  by(id).closest("section").hidden = !items.length;
}

// From left to right: what has ended, well and not, what is under way, and what is still to come.
const ORDER = ["succeeded", "unchanged", "rolled_back", "failed", "partial", "in_doubt", "rollback_failed", "running", "pending", "skipped"];
const states = (totals) => ORDER.filter((name) => totals[name]).map((name) => [name, totals[name]]);
const number = (count) => count.toLocaleString("en");

const legend = (totals) => states(totals).map(([name, count]) => `${number(count)} ${name.replaceAll("_", " ")}`).join(" · ");

function showBar(totals, here) {
  by("bar").replaceChildren(...states(totals).map(([name, count]) => {
    const part = make("div", null, KINDS[name]);
    part.style.flexGrow = count;
    part.title = `${count} ${name}`;
    return part;
  }));
  by("legend").textContent = legend(totals) + (here ? `; of these on this machine: ${legend(here) || "none"}` : "");
}

function verdict(status) {
  const parts = [status.run.state === "running" ? "running" : status.run.state.replaceAll("_", " ")];
  if (status.paused) parts.push("paused");
  if (status.draining && status.run.state === "running") parts.push("stopping");
  if (status.rolling_back) parts.push("rolling back");
  const machines = status.machines;
  parts.push(`${number(status.done)} of ${number(status.totals.tenants)} done${machines ? ` by ${machines.count} machines, of which ${machines.at_work} at work${machines.gone ? ` and ${machines.gone} gone` : ""}` : ""}`, `for ${duration(status.elapsed_ms)}`);
  if (status.waits_for) parts.push(`waits for ${status.waits_for.reason}`);
  if (status.left_ms !== null && status.left_ms > 0) parts.push(`${duration(status.left_ms)} left`);
  return parts.join(", ");
}

function what(doing) {
  const cell = make("td");
  if (doing.blocked_by) cell.append(make("div", `blocked by ${doing.blocked_by}`, "alarm"));
  if (doing.sql) cell.append(make("code", doing.sql));
  else cell.append(doing.phase);
  const place = doing.file ? doing.file + (doing.line ? `:${doing.line}` : "") : "";
  const server = doing.server ? ` ${doing.server}${doing.share === null ? "" : `, ${Math.round(doing.share * 100)} %`}` : "";
  const rows = doing.rows ? ` ${doing.rows} rows so far${doing.waits_for ? `: ${doing.waits_for}` : ""}` : "";
  if (place || server || rows) cell.append(make("div", place + rows + server, "legend"));
  return cell;
}

// Read aloud where the state changes or a tenant fails, and not once a second.
function tell(status) {
  const failed = states(status.totals).filter(([name]) => KINDS[name] === "bad").map(([name, count]) => `${number(count)} ${name.replaceAll("_", " ")}`);
  const text = [status.paused ? "paused" : status.run.state.replaceAll("_", " "), ...failed].join(", ");
  if (by("said").textContent !== text) by("said").textContent = text;
}

function show(status) {
  by("version").textContent = `skein ${status.skein}`;
  if (!status.run) {
    by("verdict").textContent = "nothing has begun yet";
    return;
  }
  by("title").textContent = `${status.run.command} ${status.run.target ?? ""}${status.run.dry_run ? ", dry run" : ""}`;
  document.title = `${status.done}/${status.totals.tenants} ${status.run.command}`;
  by("verdict").textContent = verdict(status);
  by("main").hidden = false;
  tell(status);
  showBar(status.totals, status.here);
  rows("waves", status.waves, (wave) => [make("td", wave.name), make("td", wave.state?.replaceAll("_", " ") ?? "not begun"), make("td", number(wave.done) + (status.here ? ` (here ${number(wave.here_done)})` : ""), "n"),
    make("td", number(wave.failed), "n"), make("td", number(wave.tenants), "n")]);
  rows("work", status.at_work, (doing) => [make("td", doing.tenant), make("td", duration(doing.at_work_ms), "n"),
    make("td", doing.revision ? `${doing.revision} ${doing.statement ? `${doing.statement}/${doing.statements}` : ""}` : ""), what(doing)]);
  rows("failures", status.failures, (failure) => [make("td", failure.tenant), make("td", failure.state.replaceAll("_", " ")),
    make("td", `${failure.error.class} ${failure.error.code ?? ""}: ${failure.error.message}`)]);
}

async function ask() {
  let over = false;
  try {
    const answer = await fetch("/status", { headers: token ? { Authorization: `Bearer ${token}` } : {}, cache: "no-store" });
    by("verdict").className = answer.ok ? "" : "bad";
    if (answer.ok) {
      const status = await answer.json();
      show(status);
      seen = true;
      over = Boolean(status.run) && status.run.state !== "running";
    } else {
      by("verdict").textContent = answer.status === 401 ? "a token is needed: put #token=… at the end of this page's address" : await answer.text();
    }
  } catch {
    by("verdict").className = "bad";
    by("verdict").textContent = seen ? "no answer any more: the run is over, or this machine cannot be reached" : "no answer";
  }
  if (!over) setTimeout(ask, 1000);
}

if (token) by("links").remove(); // a link sends no token
ask();
