// The parts of the page above the list of all tenants.

// A part that shows nothing is left out. `count` stands beside its name in the bar on top.
const SHORT = { moves: "Moves", retries: "Retries", slowest: "Slowest", notices: "Notices", schemas: "Schemas" };

function part(id, title, intro, body, count, tone) {
  if (!body) return null;
  const link = make("a", { href: `#${id}`, class: tone }, SHORT[id] ?? title, count === undefined ? null : [" ", make("b", {}, count.toLocaleString("en"))]);
  document.getElementById("jump").append(link);
  return make("section", { class: "part", id, "aria-labelledby": `${id}-title` },
    make("header", {}, make("h2", { id: `${id}-title` }, title), intro ? make("p", { class: "soft" }, intro) : null),
    make("div", { class: "body" }, body));
}

// ---- the verdict ----

const fact = (name, value) => value === null || value === undefined || value === "" ? null : make("div", {}, make("dt", {}, name), make("dd", {}, value));

function verdictFacts() {
  const { run, chain, verdict } = data;
  const selected = run.selected.of ? `${tenants.length.toLocaleString("en")} of ${plural(run.selected.of, "tenant")}` : plural(tenants.length, "tenant");
  return make("dl", { class: "facts" },
    fact("Run", make("code", {}, run.id)),
    fact("Started", make("time", { datetime: run.started_at }, run.started_at.replace("T", " ").replace(/\.\d+Z/, " UTC"))),
    fact("Took", run.finished_at ? duration(run.duration_ms) : "goes on"),
    fact("By", run.by === null ? null : shown(run.by)),
    fact("Selected", [selected, run.selected.select.map((select) => [" ", make("code", {}, shown(select))])]),
    fact("Exit code", verdict.exit === null ? null : String(verdict.exit)),
    fact("Resumes", run.resumed_from === null ? null : make("code", {}, shown(run.resumed_from))),
    fact("Chain", chain ? [plural(chain.revisions, "revision"), " ", make("code", { title: chain.digest }, chain.digest.slice(7, 15))] : null));
}

// Of a run the command that goes on comes first; the others are one below the other.
function nextSteps() {
  if (!data.advice.length) return null;
  const isFirst = data.advice.findIndex((advice) => advice.command !== null);
  return make("div", { class: "next" }, make("h2", {}, "What to do"), make("ul", {}, data.advice.map((advice, i) => make("li", advice.command ? { class: "deed" } : {},
    make("div", {}, advice.count ? [links(advice.rows, advice.count), ": "] : null, advice.truth ? [shown(advice.truth), " "] : null,
      advice.deed ? `${advice.deed}:` : null),
    advice.command ? make("div", {}, command(advice.command, i === isFirst), advice.remark ? make("p", { class: "soft" }, advice.remark) : null) : null))));
}

// The first screen says why, not only how many: causes and statements that will fail, each with a link to its card.
function whyList() {
  const SHOWN = 4;
  const whys = [...data.causes.map((cause, i) => [cause.count, cause.message, `#cause-${i + 1}`]),
    ...(data.preflight ? data.preflight.questions : []).map((question, i) => [question.fails, `will fail: ${questionWords(question)}`, `#question-${i + 1}`]).filter(([count]) => count)].sort((a, b) => b[0] - a[0]);
  if (!whys.length) return null;
  return make("ul", { class: "why", "aria-label": "Why" }, whys.slice(0, SHOWN).map(([count, words, href]) => make("li", {}, make("b", {}, count.toLocaleString("en")), make("a", { href }, shown(words)))),
    whys.length > SHOWN ? make("li", {}, make("b", {}), make("span", { class: "soft" }, `and ${plural(whys.length - SHOWN, "more cause")}`)) : null);
}

function verdictPart() {
  const { verdict } = data;
  return make("section", { class: `verdict tone-${verdict.tone}`, "aria-label": "Verdict" },
    make("div", { class: "says" }, make("p", { class: "said" }, make("span", { class: "word" }, sign(verdict.tone), verdict.state),
        make("code", {}, shown(`skein ${verdict.command}`), verdict.is_dry ? " --dry-run" : "")),
      make("h1", {}, shown(verdict.sentence)),
      verdict.halt ? make("p", { class: "halt" }, shown(verdict.halt)) : null, whyList(),
      verdict.halt_output ? make("pre", { class: "printed", tabindex: "0", "aria-label": "What the gate printed" }, shown(verdict.halt_output, true)) : null),
    nextSteps(), verdictFacts());
}

// ---- states ----

function bar(counts, total, isThin) {
  return make("div", { class: isThin ? "bar thin" : "bar", "aria-hidden": "true" },
    counts.filter(([, count]) => count).map(([state, count]) => make("i", { class: `s-${state}`, "width%": (count / total) * 100 })));
}

function statesPart() {
  const { states } = data;
  if (!states.length) return null;
  return part("states", "States", "Choose one to see its tenants.", [bar(states.map((s) => [s.state, s.count]), tenants.length),
    make("div", { class: "keys" }, states.map((s) => make("button", { type: "button", class: "key", onclick: () => showTenants({ states: [s.words] }) },
      dot(s.state), make("b", {}, s.count.toLocaleString("en")), s.words)))]);
}

// ---- waves and the timeline ----

// When tenants of each wave were at work, in ms of the run.
function waveTimes() {
  const times = data.waves.map(() => ({ start: Infinity, end: 0, states: new Map() }));
  for (const row of tenants) {
    const wave = times[row[WAVE]];
    wave.states.set(stateName(row), (wave.states.get(stateName(row)) || 0) + 1);
    if (row[STARTED] === null) continue;
    wave.start = Math.min(wave.start, row[STARTED]);
    wave.end = Math.max(wave.end, row[STARTED] + row[DURATION]);
  }
  return times;
}

const tickSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5, 72e5, 144e5, 432e5, 864e5];

function tickWords(ms, step, total) {
  if (total < 1000) return `${Math.round(ms)} ms`;
  if (step < 1000) return `${(ms / 1000).toFixed(step < 100 ? 2 : 1)} s`;
  return step < 6e4 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 6e4)} min`;
}

function timeline(times) {
  const done = tenants.filter((row) => row[STARTED] !== null && stateName(row) !== "running");
  if (done.length < 2 || data.run.dry_run) return null; // of a look no one wants to know when
  const total = Math.max(data.run.duration_ms, ...times.map((t) => t.end), 1);
  const isNarrow = matchMedia("(max-width: 760px)").matches; // words are as large as elsewhere then, and there are fewer of them
  const BINS = isNarrow ? 40 : 80, W = isNarrow ? 400 : 1000, LEFT = 46, TOP = 34, H = 120;
  const size = total / BINS;
  const bins = Array.from({ length: BINS }, () => [0, 0]);
  for (const row of done) {
    const bin = Math.min(BINS - 1, Math.floor((row[STARTED] + row[DURATION]) / size));
    bins[bin][isBad(row) ? 1 : 0]++;
  }
  const rate = (count) => count / (size / 1000);
  const most = Math.max(...bins.map(([a, b]) => a + b));
  const x = (ms) => LEFT + (ms / total) * (W - LEFT - 4);
  const y = (count) => TOP + H - (count / most) * (H - 8);
  const step = tickSteps.find((s) => total / s <= (isNarrow ? 4 : 9)) || 864e5;
  const parts = [];
  for (let ms = 0; ms <= total; ms += step)
    parts.push(draw("line", { class: "axis", x1: x(ms), x2: x(ms), y1: TOP, y2: TOP + H }), draw("text", { x: x(ms), y: TOP + H + 16, "text-anchor": "middle" }, tickWords(ms, step, total)));
  parts.push(draw("text", { x: LEFT - 8, y: y(most) + 4, "text-anchor": "end" }, rate(most) < 10 ? rate(most).toFixed(1) : Math.round(rate(most)).toLocaleString("en")),
    draw("text", { x: LEFT - 8, y: TOP + H, "text-anchor": "end" }, "0"));
  data.waves.forEach((wave, i) => {
    const t = times[i];
    if (t.start === Infinity || data.waves.length < 2) return;
    const width = Math.max(3, x(t.end) - x(t.start));
    parts.push(draw("rect", { class: "wave", x: x(t.start), y: 4, width, height: 20, rx: 4 }));
    if (width > 7 * wave.name.length + 8) parts.push(draw("text", { class: "name", x: x(t.start) + 6, y: 18 }, safe(wave.name)));
    const next = times.slice(i + 1).find((later) => later.start !== Infinity);
    if (next && next.start - t.end > total / 200)
      parts.push(draw("line", { class: "soak", x1: x(t.end) + 2, x2: x(next.start) - 2, y1: 14, y2: 14 }, draw("title", {}, `waited ${duration(next.start - t.end)}`)));
  });
  for (const { at, until, by } of pauses)
    parts.push(draw("rect", { class: "pause", x: x(at), y: TOP, width: Math.max(2, x(Math.min(until, total)) - x(at)), height: H }, draw("title", {}, `paused${by ? ` by ${safe(by)}` : ""} for ${duration(until - at)}`)));
  for (const { at } of backMarks())
    parts.push(draw("rect", { class: "backward", x: x(at), y: TOP, width: Math.max(2, x(total) - x(at)), height: H }, draw("title", {}, `rolled back in ${duration(total - at)}`)));
  const width = (W - LEFT - 4) / BINS;
  bins.forEach(([fine, bad], i) => {
    const at = LEFT + i * width + 0.5;
    const name = draw("title", {}, `${duration(i * size)} to ${duration((i + 1) * size)}: ${fine + bad} finished, ${bad} of them badly`);
    if (fine) parts.push(draw("rect", { class: "fine", x: at, width: width - 1, y: y(fine), height: TOP + H - y(fine) }, name));
    if (bad) parts.push(draw("rect", { class: "bad", x: at, width: width - 1, y: y(fine + bad), height: y(fine) - y(fine + bad) }, fine ? null : name));
  });
  parts.push(draw("line", { class: "zero", x1: LEFT, x2: W - 4, y1: TOP + H, y2: TOP + H }));
  const marks = runMarks(times);
  parts.push(marks.map((mark) => drawMark(mark, x, TOP - 2, TOP + H)));
  return make("figure", { class: `tone-${data.verdict.tone}` }, make("figcaption", { class: "label" }, "Tenants finished per second"),
    draw("svg", { class: "chart", viewBox: `0 0 ${W} ${TOP + H + 24}`, role: "img", "aria-label": `${plural(done.length, "tenant")} finished in ${duration(total)}, at most ${rate(most).toFixed(1)} a second` }, parts), markList(marks));
}

// What followed a wave: where its threshold was passed, and how long the run waited before the next.
function waveAfter(i, times) {
  const halt = data.run.halted_by;
  const next = times.slice(i + 1).find((later) => later.start !== Infinity);
  const wait = next ? next.start - times[i].end - pausedBetween(times[i].end, next.start) : 0;
  if (halt && halt.wave === data.waves[i].name) {
    if (halt.kind === "threshold") return make("span", {}, `${halt.failed} failed, ${halt.max_failures} tolerated: halted`);
    if (halt.kind === "gate") return make("span", {}, "the gate ", shown(halt.gate), " said no");
    if (halt.kind === "forecast") return make("span", {}, `took ${duration(halt.took_ms)}, ${duration(halt.limit_ms)} tolerated: halted`);
    return make("span", {}, "halted here");
  }
  return wait > 50 ? make("span", { class: "wait" }, `waited ${duration(wait)}`) : null;
}

// What was asked of a wave: how many failures are tolerated, and how long the run waits after it.
function waveRules({ max_failures, soak_ms }, { forecast }) {
  const words = [];
  if (forecast) words.push(`about ${duration(forecast.duration_ms)} foretold`);
  if (max_failures !== null) words.push(max_failures < 0 ? "any number may fail" : `${max_failures ? max_failures.toLocaleString("en") : "none"} may fail`);
  if (soak_ms) words.push(`soaks ${duration(soak_ms)}`);
  return words.join(", ");
}

function wavesPart() {
  const times = waveTimes();
  const chart = timeline(times);
  const isOne = data.waves.length < 2 && !data.waves[0].forecast;
  if (isOne && !chart) return null;
  const rows = data.waves.map((wave, i) => make("tr", {},
    make("th", { scope: "row" }, make("button", { type: "button", class: "link", onclick: () => showTenants({ wave: i }) }, shown(wave.name))),
    make("td", {}, data.wave_words[i].words),
    make("td", { class: "number" }, wave.tenants.toLocaleString("en")),
    make("td", { class: "number" }, wave.failed.toLocaleString("en")),
    make("td", { class: "optional words" }, waveRules(data.wave_words[i], wave)),
    make("td", { class: "optional room" }, bar([...times[i].states], wave.tenants, true)),
    make("td", { class: "number optional" }, times[i].start === Infinity ? "" : duration(times[i].start)),
    make("td", { class: "number" }, times[i].start === Infinity ? "" : duration(times[i].end - times[i].start - pausedBetween(times[i].start, times[i].end))),
    make("td", { class: "words" }, waveAfter(i, times))));
  const list = table([["Wave"], ["State"], ["Tenants", "number"], ["Failed", "number"], ["Rules", "optional"], ["", "optional"], ["Began at", "number optional"], ["Took", "number"], ["Then"]], rows, true);
  return part("waves", isOne ? "Timeline" : "Waves", null, [chart, isOne ? null : list], isOne ? undefined : data.waves.length);
}

// ---- causes ----

const facts = { detail: "detail", hint: "hint", context: "context", schema: "schema", table: "table", column: "column", datatype: "data type", constraint: "constraint" };

function sayings(cause) {
  const said = Object.entries(facts).filter(([key]) => cause[key]);
  const own = said.length || cause.example;
  if (!own) return null;
  return make("dl", { class: "saying" }, said.map(([key, name]) => [
    make("dt", {}, key === "detail" && cause.has_other_words ? "detail, an example" : name), make("dd", {}, shown(cause[key], true))]));
}

// Lines of SQL with their numbers, the failing one marked.
function source(lines, first, failing) {
  return make("div", { class: "source" }, lines.map((line, i) => make("div", { class: first + i === failing ? "at" : null },
    make("span", { class: "n" }, first + i ? String(first + i) : ""), make("span", { class: "t" }, shown(line, true)))));
}

function causeSource(cause) {
  if (cause.source) return source(cause.source.lines, cause.source.first, cause.line);
  return cause.statement ? source([cause.statement], cause.line || 0, cause.line || 0) : null;
}

function meter(count, total, fill, words) {
  return make("span", { class: "meter" }, make("span", {}, `${count.toLocaleString("en")} of ${total.toLocaleString("en")}`), make("i", { "--part": `${(count / total) * 100}%`, "--fill": fill, title: words }));
}

function shares(cause) {
  const { facts: found, here, elsewhere, here_ms, elsewhere_ms } = cause.shared;
  if (!found.length && !here_ms && !elsewhere_ms) return null;
  return make("div", {}, make("h3", {}, "What they share and others do not"),
    found.length ? make("div", { class: "share soft" }, make("span", {}), make("span", {}, "of these tenants"), make("span", {}, "of the others")) : null,
    make("div", { class: "shares" }, found.map((fact) => make("div", { class: "share" },
      make("span", {}, shown(fact.name), " ", make("span", { class: "tag" }, shown(fact.value))),
      meter(fact.here, here, "var(--bad-fill)", "of these tenants"), meter(fact.elsewhere, elsewhere, "var(--calm-fill)", "of the others")))),
    here_ms || elsewhere_ms ? make("p", {}, `They took ${duration(here_ms)}, the others ${duration(elsewhere_ms)} (medians).`) : null);
}

const rowsOfCause = data.causes.map(() => []);
tenants.forEach((row, i) => { if (more(row).error !== undefined) rowsOfCause[more(row).error].push(i); });

// null: too many, or a name that no shell would take as it is.
function tenantFlags(rows) {
  const words = rows.map((row) => shellWord(tenants[row][NAME]));
  return words.includes(null) ? null : words.map((word) => `--tenant ${word}`).join(" ");
}

const copyNames = (rows) => make("button", { type: "button", onclick: (event) => copy(tenantFlags(rows) ?? rows.map((row) => safe(tenants[row][NAME])).join("\n"), event.currentTarget) },
  tenantFlags(rows) === null ? "Copy the names" : "Copy as --tenant");

function causeCard(cause, i) {
  const rows = rowsOfCause[i];
  const blocked = rows.find((row) => more(tenants[row]).detail !== undefined);
  return make("article", { class: "cause", id: `cause-${i + 1}`, "aria-label": `Cause ${i + 1}` },
    make("div", { class: "head" }, make("span", { class: "count" }, plural(cause.count, "tenant")),
      make("span", { class: "message" }, shown(cause.message, true))),
    cause.example ? make("p", { class: "soft" }, "In the words of ", tenantLink(rows[0]), ", as an example.") : null,
    make("div", { class: "tags" }, make("span", { class: "tag" }, `${cause.class}${cause.code ? " " : ""}`, cause.code ? shown(cause.code) : null),
      cause.revision ? make("span", { class: "tag" }, "revision ", shown(cause.revision)) : null,
      cause.file ? make("span", { class: "tag" }, shown(cause.file), cause.line ? `:${cause.line}` : "") : null),
    causeSource(cause), sayings(cause),
    blocked === undefined ? null : make("p", {}, tenantLink(blocked), " was ", shown(textOf(more(tenants[blocked]).detail, tenants[blocked]).replace(/^[; ]+/, ""))),
    shares(cause),
    make("div", { class: "names" }, make("span", {}, links(rows.slice(0, 5), rows.length))),
    cause.to_do ? make("p", {}, make("strong", {}, "What to do: "), shown(cause.to_do)) : null,
    make("div", { class: "act" },
      make("button", { type: "button", onclick: () => showTenants({ cause: i }) }, `Show ${rows.length === 1 ? "it" : "all"} in the list`),
      copyNames(rows)));
}

function causesPart() {
  const SHOWN = 20;
  if (!data.causes.length) return null;
  const rest = data.causes.slice(SHOWN);
  return part("causes", "Causes", null, [data.causes.slice(0, SHOWN).map(causeCard),
    rest.length ? make("details", {}, make("summary", {}, `${rest.length.toLocaleString("en")} more causes`), make("ul", {}, rest.slice(0, 500).map((cause, i) =>
      make("li", {}, make("button", { type: "button", class: "link", onclick: () => showTenants({ cause: SHOWN + i }) }, plural(cause.count, "tenant")), " ", make("code", {}, shown(cause.message)))))) : null],
    data.causes.length, "bad");
}

// ---- where tenants went ----

// Of a run: who did not get there, by where they stand and in which state; those that could not be asked last.
function strayed() {
  const groups = new Map();
  for (const row of tenants) {
    const isCarried = Boolean(more(row).carried), key = `${row[FROM]} ${row[TO]} ${row[STATE]} ${isCarried}`;
    if (isOnPath(row)) continue;
    if (!groups.has(key)) groups.set(key, { from: row[FROM], to: row[TO], half: "", effort: `${stateWords(row)}${isCarried ? " in an earlier run" : ""}`, state: row[STATE], isCarried, is_stray: true, count: 0 });
    groups.get(key).count++;
  }
  return [...groups.values()].sort((a, b) => (a.from < 0) - (b.from < 0) || b.count - a.count);
}

function movesPart() {
  const groups = data.verdict.shows_standings ? data.standings : [...data.moves, ...strayed()];
  const SHOWN = 50;
  if (!groups.length) return null;
  const dotOf = (group) => group.is_stray ? make("span", { class: "state" }, dot(data.state_names[group.state][0]), group.effort) : group.effort;
  const rows = groups.slice(0, SHOWN).map((group) => make("tr", {},
    make("td", { class: "number" }, make("button", { type: "button", class: "link", onclick: () => showTenants({ move: group }) }, group.count.toLocaleString("en"))),
    make("td", {}, move(group.from, group.to, group.half)),
    data.verdict.shows_standings ? null : make("td", {}, dotOf(group)),
    make("td", { class: "optional room" }, make("div", { class: "range", "aria-hidden": "true" }, make("i", { class: "p50", "width%": (group.count / tenants.length) * 100 })))));
  const title = data.verdict.shows_standings ? "Where they stand" : "From where to where";
  return part("moves", title, null, [table([["Tenants", "number"], ["Revisions"], ...(data.verdict.shows_standings ? [] : [["Effort, or state"]]), ["", "optional"]], rows),
    groups.length > SHOWN ? make("p", { class: "soft" }, `and ${groups.length - SHOWN} more`) : null]);
}

// ---- revisions ----

function sql(revision) {
  if (!revision.sql) return null;
  return make("details", { class: "sql" }, make("summary", {}, `SQL (${revision.dialect}, ${revision.step.direction})`),
    revision.sql.map((section) => make("div", {}, section.transactional ? null : make("p", { class: "soft" }, "outside a transaction"), source(section.lines, section.first, 0), section.is_cut ? make("p", { class: "soft" }, "and more, which is in the file") : null)));
}

const marks = { checkpoint: "checkpoint", irreversible: "irreversible", destroys_data: "destroys data", outside_transaction: "outside a transaction", repeats: "in batches", commits_by_itself: "commits by itself", empty: "empty" };

function revisionRow(revision, most) {
  const { step } = revision;
  const part = (ms) => most ? (ms / most) * 100 : 0;
  const slowest = make("span", { class: "soft" }, "slowest ", revision.slowest.map(([row, ms], i) => [i ? ", " : "", tenantLink(row), ` ${duration(ms)}`]));
  return make("tr", {},
    make("td", {}, make("div", {}, step.direction === "up" ? "↑ " : "↓ ", step.revision ? idSpan(step.revision) : make("span", { class: "id" }, "base"), " ", shown(revision.message || "")),
      make("div", { class: "tags" }, Object.entries(marks).filter(([key]) => step[key]).map(([key, words]) => make("span", { class: key === "destroys_data" ? "tag grade tone-odd" : "tag" }, words)), lintTag(step, revision.dialect)),
      data.is_timed && revision.count > 1 ? make("div", {}, slowest) : null, sql(revision)),
    make("td", { class: "number" }, revision.count.toLocaleString("en")),
    make("td", { class: "number" }, String(step.statements), revision.batches ? make("div", { class: "soft" }, batchWords(revision.batches, revision.rows)) : null),
    data.is_timed ? [make("td", { class: "number" }, duration(revision.p50_ms)), make("td", { class: "number" }, duration(revision.p95_ms)), make("td", { class: "number" }, duration(revision.max_ms)),
      make("td", { class: "optional room" }, make("div", { class: "range", "aria-hidden": "true" }, make("i", { class: "max", "width%": part(revision.max_ms) }),
        make("i", { class: "p95", "width%": part(revision.p95_ms) }), make("i", { class: "p50", "width%": part(revision.p50_ms) })))] : null);
}

function revisionsPart() {
  if (!data.revisions.length) return null;
  const most = Math.max(...data.revisions.map((revision) => revision.max_ms));
  const headings = [["Revision"], ["Tenants", "number"], ["Statements", "number"]];
  if (data.is_timed) headings.push(["p50", "number"], ["p95", "number"], ["max", "number"], ["", "optional"]);
  return part("revisions", "Revisions", null, table(headings, data.revisions.map((revision) => revisionRow(revision, most)), true), data.revisions.length);
}

// ---- slow, tried again, told by the databases ----

function slowestPart() {
  if (!data.slowest.length) return null;
  return part("slowest", "Slowest tenants", null, table([["Tenant"], ["Time", "number"], ["In steps", "number"], ["Longest step"]], data.slowest.map((slow) => make("tr", {},
    make("td", {}, tenantLink(slow.row)), make("td", { class: "number" }, duration(tenants[slow.row][DURATION])),
    make("td", { class: "number" }, `${Math.round(slow.share * 100)} %`),
    make("td", {}, slow.revision ? [make("span", { class: "id" }, shown(slow.revision)), ` ${duration(slow.step_ms)}`] : null))), true));
}

function retriesPart() {
  const SHOWN = 100;
  if (!data.retries.length) return null;
  const rows = data.retries.slice(0, SHOWN).map(([row, attempt, delay, text, detail]) => make("tr", {},
    make("td", {}, tenantLink(row)), make("td", { class: "number" }, String(attempt)), make("td", { class: "number" }, duration(delay)),
    make("td", {}, make("code", {}, shown(textOf(text, tenants[row]))), detail === null ? null : make("strong", {}, shown(textOf(detail, tenants[row]))))));
  return part("retries", "Tried again", null, [table([["Tenant"], ["Attempt", "number"], ["Next after", "number"], ["Why, and who was in the way"]], rows, true),
    data.retries.length > SHOWN ? make("p", { class: "soft" }, `and ${data.retries.length - SHOWN} more`) : null], data.retries.length);
}

function noticesPart() {
  if (!data.notices.length) return null;
  return part("notices", "Told by the databases", null, table([["Tenants", "number"], ["Level"], ["Message"]], data.notices.slice(0, 200).map((notice) => make("tr", {},
    make("td", { class: "number" }, String(notice.rows.length)), make("td", {}, notice.level),
    make("td", {}, make("code", {}, shown(notice.message)), notice.hint ? make("div", { class: "soft" }, shown(notice.hint)) : null,
      make("div", {}, links(notice.rows.slice(0, 3), notice.rows.length)))))), data.notices.length);
}

// `8 of 14 hold what their revisions say; skein drift tells in what the others differ`
function schemasIntro(groups) {
  const all = [...groups.values()], count = (wanted) => all.filter(({ schema }) => schema.is_expected === wanted).reduce((sum, group) => sum + group.rows.length, 0);
  return `${count(true).toLocaleString("en")} of ${plural(tenants.length, "tenant")} hold what their revisions say${count(false) ? "; skein drift tells in what the others differ" : ""}`;
}

// Tenants whose databases hold the same, largest group first.
function schemasPart() {
  const groups = new Map();
  tenants.forEach((row, i) => {
    const { schema } = more(row);
    if (!schema) return;
    const key = `${schema.fingerprint} ${schema.is_expected} ${schema.reason}`;
    if (!groups.has(key)) groups.set(key, { schema, rows: [] });
    groups.get(key).rows.push(i);
  });
  if (!groups.size) return null;
  const SHOWN = 50, tones = new Map([[true, "good"], [false, "bad"], [null, "odd"]]);
  const rows = [...groups.values()].sort((a, b) => b.rows.length - a.rows.length).slice(0, SHOWN).map(({ schema, rows: found }) => make("tr", {},
    make("td", {}, make("code", { title: schema.fingerprint }, schema.fingerprint ? schema.fingerprint.slice(7, 19) : "not read")),
    make("td", { class: "number" }, found.length.toLocaleString("en")),
    make("td", { class: "wide" }, make("span", { class: `tag grade whole tone-${tones.get(schema.is_expected)}` }, schema.fingerprint === null ? "could not be read" : schemaWords.get(schema.is_expected)), schema.reason ? make("div", { class: "soft" }, shown(schema.reason)) : null),
    make("td", { class: "wide" }, links(found.slice(0, 5), found.length))));
  return part("schemas", "Schemas that are alike", schemasIntro(groups), [table([["Fingerprint"], ["Tenants", "number"], ["Schema"], ["Who"]], rows, true),
    groups.size > SHOWN ? make("p", { class: "soft" }, `and ${plural(groups.size - SHOWN, "more kind")}`) : null], groups.size);
}
