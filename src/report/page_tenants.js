// All tenants: a table of which only the rows in sight are elements, the sheet of one tenant, and what can be saved.

const ROW_HEIGHT = 38, AROUND = 12, PRINTED = 3000;

// Numbers in names compare as numbers.
const nameKey = (row) => row[NAME].toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));
const columns = [
  { id: "name", name: "Tenant", key: nameKey, cell: (row, i) => tenantLink(i) },
  { id: "state", name: "State", key: (row) => (isBad(row) ? 0 : 20) + row[STATE], cell: stateCell },
  { id: "wave", name: "Wave", key: (row) => row[WAVE], cell: (row) => shown(data.waves[row[WAVE]].name) },
  { id: "move", name: "Revisions", key: (row) => `${idWords(row[FROM])} ${idWords(row[TO])}`, cell: (row) => move(row[FROM], row[TO]) },
  { id: "attempts", name: "Attempts", isNumber: true, key: (row) => row[ATTEMPTS], cell: (row) => String(row[ATTEMPTS]) },
  { id: "duration", name: "Time", isNumber: true, key: (row) => row[DURATION], cell: (row) => row[STARTED] === null ? "" : duration(row[DURATION]) },
  { id: "note", name: "Error, or labels", key: (row) => messageOf(row) ?? `~${labelTexts[row[LABELS]]}`,
    cell: (row) => shown(messageOf(row) ?? labelTexts[row[LABELS]].join(", ")) },
].filter(({ id }) => (id !== "wave" || data.waves.length > 1) && (id !== "attempts" || tenants.some((row) => row[ATTEMPTS] > 1))); // what is the same of all says nothing

const list = { filter: {}, words: "", sort: null, isDown: false, rows: [], orders: new Map() };
const spot = {}; // the elements of the list

// ---- which tenants, in which order ----

// Equal ones stay in the order of the selection.
function orderBy(id, isDown) {
  const name = `${id} ${isDown}`;
  if (!list.orders.has(name)) {
    const keys = tenants.map(columns.find((column) => column.id === id).key);
    const less = isDown ? 1 : -1;
    list.orders.set(name, [...tenants.keys()].sort((a, b) => (keys[a] < keys[b] ? less : keys[a] > keys[b] ? -less : a - b)));
  }
  return list.orders.get(name);
}

// Until something is sorted, those that went wrong come first.
const isFirst = (row) => isBad(row) || more(row).error !== undefined;
const firstOrder = [...tenants.keys()].sort((a, b) => isFirst(tenants[b]) - isFirst(tenants[a]) || a - b);

let haystacks = null;

function buildHaystacks() {
  const lower = (texts) => texts.map((text) => text.toLowerCase());
  const labels = lower(labelTexts.map((texts) => texts.join(" ")));
  const places = data.places.map(([dialect, server, before, after]) => lower([`${dialect} ${server ?? ""} ${before}`, after ?? ""]));
  const waves = lower(data.waves.map((wave) => wave.name));
  const ids = lower(data.ids.map((_, i) => idWords(i)));
  const texts = data.texts.map((text) => [text].flat().join(" ").toLowerCase());
  return tenants.map((row) => {
    const name = row[NAME].toLowerCase(), [before, after] = places[row[PLACE]], { text } = more(row);
    return `${name} ${stateWords(row)} ${labels[row[LABELS]]} ${before}${name}${after} ${waves[row[WAVE]]} ${ids[row[FROM]] ?? ""} ${ids[row[TO]] ?? ""} ${text === undefined ? "" : texts[text]}`;
  });
}

function isWanted(words) {
  const { states, wave, cause, question, move: group } = list.filter;
  const isMove = (row) => data.verdict.shows_standings ? row[TO] === group.to
    : row[FROM] === group.from && row[TO] === group.to && (group.is_stray ? !isOnPath(row) && row[STATE] === group.state && Boolean(more(row).carried) === group.isCarried : isOnPath(row));
  return (i) => {
    const row = tenants[i];
    return (!states || states.includes(stateWords(row))) && (wave === undefined || row[WAVE] === wave) &&
      (cause === undefined || more(row).error === cause) && (question === undefined || Boolean(more(row).preflight?.some(([number, state]) => number === question && state === "fails"))) && (!group || isMove(row)) &&
      words.every((word) => haystacks[i].includes(word));
  };
}

function choose() {
  const words = list.words.toLowerCase().split(/\s+/).filter((word) => word);
  if (words.length) haystacks = haystacks || buildHaystacks();
  const wanted = isWanted(words);
  list.rows = (list.sort ? orderBy(list.sort, list.isDown) : firstOrder).filter(wanted);
  spot.scroller.scrollTop = 0;
  drawRows();
  tellCount();
}

// ---- the rows in sight ----

function rowElement(i, at) {
  const row = tenants[i];
  return make("tr", { class: "row", "aria-rowindex": at + 2, "data-at": at, onclick: (event) => { if (!event.target.closest("a")) openTenant(row[NAME]); } },
    columns.map((column) => make("td", { class: column.isNumber ? `c-${column.id} number` : `c-${column.id}` }, column.cell(row, i))));
}

function drawRows(isAll = false) {
  const { scroller, body } = spot;
  const count = list.rows.length;
  const sight = Math.ceil((scroller.clientHeight || 700) / ROW_HEIGHT);
  const first = isAll ? 0 : Math.max(0, Math.min(Math.floor(scroller.scrollTop / ROW_HEIGHT) - AROUND, count - sight - AROUND));
  const last = isAll ? Math.min(count, PRINTED) : Math.min(count, first + sight + 2 * AROUND);
  const focused = document.activeElement?.closest?.("tr[data-at]")?.dataset.at;
  body.replaceChildren(...list.rows.slice(first, last).map((i, k) => rowElement(i, first + k)));
  if (!isAll && first) body.prepend(spacer(first * ROW_HEIGHT, columns.length));
  if (!isAll && last < count) body.append(spacer((count - last) * ROW_HEIGHT, columns.length));
  if (focused !== undefined) body.querySelector(`tr[data-at="${focused}"] a`)?.focus({ preventScroll: true });
  spot.table.setAttribute("aria-rowcount", count + 1);
  spot.empty.hidden = count > 0;
}

// Up and down go from tenant to tenant, Home and End to the first and the last.
function onKey(event) {
  const at = event.target.closest?.("tr[data-at]")?.dataset.at;
  const last = list.rows.length - 1;
  const to = { ArrowDown: Number(at) + 1, ArrowUp: Number(at) - 1, Home: 0, End: last }[event.key];
  if (at === undefined || to === undefined || to < 0 || to > last) return;
  event.preventDefault();
  const { scroller } = spot;
  const top = to * ROW_HEIGHT, room = scroller.clientHeight - 2 * ROW_HEIGHT;
  if (top < scroller.scrollTop) scroller.scrollTop = top;
  else if (top > scroller.scrollTop + room) scroller.scrollTop = top - room;
  drawRows();
  spot.body.querySelector(`tr[data-at="${to}"] a`)?.focus({ preventScroll: true });
}

// ---- the filter ----

function filterWords() {
  const { states, wave, cause, question, move: group } = list.filter;
  const chips = [];
  if (states) chips.push(["states", states.join(" or ")]);
  if (wave !== undefined) chips.push(["wave", `wave ${safe(data.waves[wave].name)}`]);
  if (cause !== undefined) chips.push(["cause", `cause ${cause + 1}: ${safe(data.causes[cause].message).slice(0, 60)}`]);
  if (question !== undefined) chips.push(["question", `will fail: ${safe(questionWords(questions[question])).slice(0, 60)}`]);
  if (group) chips.push(["move", data.verdict.shows_standings ? `at ${safe(idWords(group.to))}` : `${safe(idWords(group.from))} → ${safe(idWords(group.to))}`]);
  return chips;
}

function tellCount() {
  const text = list.rows.length === tenants.length ? plural(tenants.length, "tenant") : `${list.rows.length.toLocaleString("en")} of ${plural(tenants.length, "tenant")}`;
  spot.count.textContent = text;
  spot.chips.replaceChildren(...filterWords().map(([key, words]) => make("button", { type: "button", class: "chip", "aria-pressed": "true", "aria-label": `Take away the filter ${words}`, onclick: () => { delete list.filter[key]; choose(); } }, `${words} ✕`)));
  for (const button of spot.states.children) button.setAttribute("aria-pressed", String(Boolean(list.filter.states?.includes(button.dataset.words))));
  spot.wave.value = list.filter.wave === undefined ? "" : String(list.filter.wave);
  spot.printed.textContent = list.rows.length > PRINTED ? `and ${(list.rows.length - PRINTED).toLocaleString("en")} more, which are not printed` : "";
}

function toggleState(words) {
  const states = list.filter.states || [];
  const left = states.includes(words) ? states.filter((state) => state !== words) : [...states, words];
  if (left.length) list.filter.states = left;
  else delete list.filter.states;
  choose();
}

function sortBy(id) {
  list.isDown = list.sort === id ? !list.isDown : false;
  list.sort = id;
  for (const heading of spot.headings) {
    if (heading.dataset.id === id) heading.setAttribute("aria-sort", list.isDown ? "descending" : "ascending");
    else heading.removeAttribute("aria-sort");
  }
  choose();
}

function showTenants(filter) {
  list.filter = filter;
  list.words = spot.search.value = "";
  choose();
  document.getElementById("tenants").scrollIntoView();
  spot.search.focus({ preventScroll: true });
}

function tenantsPart() {
  spot.search = make("input", { type: "search", placeholder: "Name, label, server, revision, error …", "aria-label": "Search the tenants", autocomplete: "off", spellcheck: "false", oninput: (event) => { list.words = event.target.value; choose(); } });
  spot.wave = make("select", { "aria-label": "Wave", onchange: (event) => { if (event.target.value === "") delete list.filter.wave; else list.filter.wave = Number(event.target.value); choose(); } },
    make("option", { value: "" }, "every wave"), data.waves.map((wave, i) => make("option", { value: i }, safe(wave.name))));
  spot.states = make("span", { class: "names" }, data.states.map((s) => make("button", { type: "button", class: "chip", "data-words": s.words, "aria-pressed": "false", onclick: () => toggleState(s.words) }, s.words)));
  spot.count = make("strong", { role: "status" });
  spot.chips = make("span", { class: "names" });
  spot.headings = columns.map((column) => make("th", { scope: "col", "data-id": column.id, class: column.isNumber ? `c-${column.id} number` : `c-${column.id}` }, make("button", { type: "button", onclick: () => sortBy(column.id) }, column.name)));
  spot.body = make("tbody");
  spot.table = make("table", { class: "grid" }, make("caption", { class: "hidden" }, "Tenants"), make("thead", {}, make("tr", { "aria-rowindex": "1" }, spot.headings)), spot.body);
  spot.empty = make("p", { class: "empty", hidden: true }, tenants.length ? "No tenant is like this." : "No tenant was selected.");
  spot.scroller = make("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": "List of tenants", onkeydown: onKey }, spot.table, spot.empty);
  spot.printed = make("p", { class: "only-print" });
  let waits = false;
  spot.scroller.addEventListener("scroll", () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => { waits = false; drawRows(); });
  }, { passive: true });
  return part("tenants", "Tenants", null, [make("div", { class: "filter", hidden: !tenants.length }, spot.search, data.waves.length > 1 ? spot.wave : null, data.states.length > 1 ? spot.states : null),
    make("div", { class: "count-line" }, spot.count, spot.chips, make("span", { class: "act" },
      make("button", { type: "button", onclick: () => save("csv", csvText(inOrder())) }, "Save as CSV"), make("button", { type: "button", onclick: () => save("json", jsonText(inOrder())) }, "Save as JSON"))),
    spot.scroller, spot.printed], tenants.length);
}

// ---- one tenant ----

const numberOf = new Map();
tenants.forEach((row, i) => numberOf.set(row[NAME], i));

function tenantSteps(row) {
  const steps = data.scripts[row[SCRIPT]];
  if (!steps.length) return null;
  const times = row[STEP_MS], most = Math.max(...times, 0), { batches } = more(row);
  return make("div", {}, make("h3", {}, "Steps"), table([["Revision"], ["Statements", "number"], ["Time", "number"], [""]], steps.map((step, i) => make("tr", {},
    make("td", {}, step.direction === "up" ? "↑ " : "↓ ", step.revision ? idSpan(step.revision) : "base"),
    make("td", { class: "number" }, String(step.statements), batches?.[i][0] ? make("div", { class: "soft" }, batchWords(...batches[i])) : null),
    make("td", { class: "number" }, times.length && most ? duration(times[i]) : ""),
    make("td", {}, most ? make("div", { class: "range" }, make("i", { class: "p50", "width%": (times[i] / most) * 100 })) : null)))));
}

function tenantError(row) {
  const { error, said } = more(row);
  if (error === undefined) return null;
  const cause = data.causes[error];
  const own = { ...cause, message: messageOf(row) };
  for (const key of Object.keys(facts)) own[key] = said === undefined ? null : data.saids[said][key];
  own.has_other_words = false;
  return make("div", { class: "cause" }, make("div", { class: "message" }, shown(own.message, true)),
    make("div", { class: "tags" }, make("span", { class: "tag" }, shown(cause.location))), causeSource(own), sayings(own),
    cause.count > 1 ? make("p", {}, make("a", { href: `#cause-${error + 1}`, onclick: closeSheet }, `${plural(cause.count - 1, "other tenant")} of the same cause`)) : null);
}

function tenantRetries(i) {
  const found = data.retries.filter(([row]) => row === i);
  return found.length ? make("div", {}, make("h3", {}, "Tried again"), make("ul", {}, found.map(([, attempt, delay, text, detail]) =>
    make("li", {}, `after attempt ${attempt} and ${duration(delay)}: `, make("code", {}, shown(textOf(text, tenants[i]) + (detail === null ? "" : textOf(detail, tenants[i])))))))) : null;
}

function tenantNotices(i) {
  const found = data.notices.filter((notice) => notice.rows.includes(i));
  return found.length ? make("div", {}, make("h3", {}, "Told by its database"), make("ul", {}, found.map((notice) => make("li", {}, notice.level, " ", make("code", {}, shown(notice.message)))))) : null;
}

function tenantHistory(name) {
  const visits = (data.history || []).filter((visit) => visit.tenant === name);
  const words = (ids) => ids === null ? "unknown" : ids.join(", ") || "base";
  return visits.length ? make("div", {}, make("h3", {}, "History"), table([["Run"], ["Command"], ["State"], ["Revisions"]], visits.map((visit) => make("tr", {},
    make("td", { class: "id" }, visit.run), make("td", {}, shown(`${visit.command} ${visit.target ?? ""}`)), make("td", {}, visit.state), make("td", { class: "id" }, shown(`${words(visit.from)} → ${words(visit.to)}`)))))) : null;
}

function sheet(i) {
  const row = tenants[i], { half, schema, notices } = more(row);
  const word = shellWord(row[NAME]);
  return make("div", { class: "sheet" },
    make("header", {}, make("div", {}, stateCell(row), make("h2", { id: "card-title" }, shown(row[NAME]))),
      make("button", { type: "button", onclick: closeSheet, autofocus: true }, "Close")),
    make("dl", { class: "facts" },
      fact("Revisions", move(row[FROM], row[TO])), fact("Wave", shown(data.waves[row[WAVE]].name)),
      fact("Time", row[STARTED] === null ? "" : duration(row[DURATION])), fact("Began at", row[STARTED] === null ? "" : duration(row[STARTED])),
      fact("Attempts", row[ATTEMPTS] ? String(row[ATTEMPTS]) : ""), fact("Notices", notices ? `${notices[0]}, ${notices[1]} of them warnings` : ""),
      fact("Half done", half === undefined ? "" : shown(`${data.halves[half].revision}: ${data.halves[half].statements} of ${data.halves[half].of ?? "?"} statements`)),
      fact("Schema", schema ? make("code", {}, schema.fingerprint ? schema.fingerprint.slice(7, 19) : "not read") : "")),
    make("div", {}, make("div", { class: "tags" }, make("span", { class: "tag" }, shown(urlOf(row))), labelTexts[row[LABELS]].map((label) => make("span", { class: "tag" }, shown(label))))),
    tenantError(row), tenantAnswers(row), tenantSteps(row), tenantRehearsal(row), tenantRetries(i), tenantNotices(i), tenantHistory(row[NAME]),
    data.verdict.exit !== null && word !== null ? make("div", {}, make("h3", {}, "Its whole story"), command(`skein report --tenant ${word}`)) : null);
}

let cameFrom = null, opened = null; // the fragment of the tenant that is open

const fragmentOf = (name) => `#tenant=${encodeURIComponent(name)}`;

function openTenant(name) {
  location.hash = fragmentOf(name);
}

function closeSheet() {
  document.getElementById("card").close();
}

// A fragment names a tenant: it can be linked to.
function followFragment() {
  const card = document.getElementById("card");
  const match = location.hash.match(/^#tenant=(.*)$/);
  let name = null;
  try { name = match && decodeURIComponent(match[1]); } catch { name = null; }
  const i = name === null ? undefined : numberOf.get(name);
  if (i === undefined) {
    if (card.open) card.close();
    return;
  }
  if (!card.open) cameFrom = document.activeElement;
  opened = location.hash;
  card.replaceChildren(sheet(i));
  if (!card.open) card.showModal();
  card.scrollTop = 0;
}

// By then another one may have been opened, or asked for.
function onClosed() {
  if (document.getElementById("card").open) return;
  if (location.hash === opened) history.replaceState(null, "", "#tenants");
  cameFrom?.focus?.({ preventScroll: true });
}

// ---- what can be saved: the bytes of `-o csv`, and the members of `-o json` ----

// Where a spreadsheet would calculate: after blanks and quotation marks, and after a semicolon.
const FORMULA = /^[ "\u3000\u00a0]*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

function csvField(text) {
  const plain = safe(String(text));
  let out = "", rest = plain, isStart = true;
  while (rest) {
    const length = rest.search(/[;"]/) < 0 ? rest.length : rest.search(/[;"]/) + 1;
    const piece = rest.slice(0, length);
    if (isStart && FORMULA.test(rest)) out += "'";
    out += piece;
    isStart = piece.endsWith(";");
    if (piece.endsWith('"')) out += '"';
    rest = rest.slice(length);
  }
  return /[,;"]|^ /.test(plain) ? `"${out}"` : out;
}

const started = (row) => row[STARTED] === null ? "" : new Date(Date.parse(data.run.started_at) + Math.trunc(row[STARTED])).toISOString();

function wouldWord(row) {
  if (!data.run.dry_run) return null;
  return { succeeded: "change", unchanged: "stay" }[stateName(row)] ?? null;
}

function halfWords(row) {
  const { half } = more(row);
  if (half === undefined) return "";
  const { revision, direction, statements, of, in_doubt } = data.halves[half];
  const noun = of === 1 || (!of && statements === 1) ? "statement" : "statements";
  return `${direction} ${revision} (${in_doubt ? `in doubt: statement ${statements + 1}` : `partial: ${statements}`}${of ? ` of ${of}` : ""}${in_doubt ? "" : ` ${noun}`})`;
}

const csvColumns = "run,tenant,dialect,url,labels,wave,state,would,from,to,half_done,steps,attempts,started_at,duration_ms,error_class,error_code,error_message,error_revision,error_file,error_line,lint_errors,lint_warnings,lint_notes,lint_allowed,preflight_failure,preflight_fails,preflight_unsure,rehearsed,longest_lock_ms,written_bytes,not_rehearsed,schema,fingerprint";

function schemaColumns(row) {
  const { schema } = more(row);
  if (!schema) return ["", ""];
  return schema.fingerprint === null ? ["could not be read", ""] : [schemaWords.get(schema.is_expected), schema.fingerprint];
}

function csvLine(row) {
  const cause = more(row).error === undefined ? {} : data.causes[more(row).error];
  const texts = [data.run.id, row[NAME], data.places[row[PLACE]][0], urlOf(row), labelTexts[row[LABELS]].join(","), data.waves[row[WAVE]].name, stateName(row), wouldWord(row) ?? "",
    row[FROM] < 0 ? "" : idWords(row[FROM]), row[TO] < 0 ? "" : idWords(row[TO]), halfWords(row), data.scripts[row[SCRIPT]].length, row[ATTEMPTS], started(row), row[DURATION].toFixed(1),
    cause.class ?? "", cause.code ?? "", messageOf(row) ?? "", cause.revision ?? "", cause.file ?? "", cause.line ?? "", ...lintFields(row), ...preflightColumns(row), ...rehearsalColumns(row), ...schemaColumns(row)];
  return texts.map(csvField).join(",");
}

// What the filter left, in the order of the selection.
const inOrder = () => [...list.rows].sort((a, b) => a - b);

const csvText = (rows) => [csvColumns, ...rows.map((i) => csvLine(tenants[i]))].map((line) => `${line}\r\n`).join("");

function tenantError_(row) {
  const { error, said } = more(row);
  if (error === undefined) return null;
  const { class: kind, code, revision, file, line, statement } = data.causes[error];
  return { class: kind, code, message: messageOf(row), detail: null, hint: null, context: null, ...(said === undefined ? {} : data.saids[said]), revision, file, line, statement };
}

function tenantObject(row) {
  const { half, schema, table_changes, preflight, rehearsal, above, notices, batches, half_batches } = more(row);
  const ids = (number) => number < 0 ? null : data.ids[number];
  const tenant = { name: row[NAME], dialect: data.places[row[PLACE]][0], url: urlOf(row), labels: data.labels[row[LABELS]], wave: data.waves[row[WAVE]].name, state: stateName(row), from: ids(row[FROM]), to: ids(row[TO]) };
  if (data.run.dry_run) Object.assign(tenant, { would: wouldWord(row), half_done: half === undefined ? null : { ...data.halves[half], ...(half_batches ? { batches: half_batches[0], rows: half_batches[1] } : {}) } });
  if (schema) tenant.schema = schema;
  tenant.steps = data.scripts[row[SCRIPT]].map((step, i) => ({ ...step, duration_ms: row[STEP_MS][i] ?? 0, ...(batches?.[i][0] ? { batches: batches[i][0], rows: batches[i][1] } : {}) }));
  if (table_changes) tenant.table_changes = table_changes;
  if (rehearsal) tenant.rehearsal = rehearsalObject(rehearsal);
  if (preflight) tenant.preflight = preflight.map(answerObject);
  if (above && data.run.dry_run) tenant.stands_above = true;
  return Object.assign(tenant, { attempts: row[ATTEMPTS], duration_ms: row[DURATION], error: tenantError_(row), notices: { count: notices?.[0] ?? 0, warnings: notices?.[1] ?? 0 } });
}

const errorKeys = ["class", "code", "message", ...Object.keys(facts), "revision", "file", "line", "pattern", "example"];

function jsonText(rows) {
  const { skein, format, run, chain, totals, would, waves } = data;
  const pick = (object, keys) => Object.fromEntries(keys.filter((key) => key in object).map((key) => [key, object[key]]));
  const names = (found) => found.map((row) => tenants[row][NAME]);
  const report = { skein, format, run, chain, totals, ...(would ? { would } : {}), waves, ...pick(data, ["moments", "forecast", "machines"]),
    errors: data.causes.map((cause, i) => ({ ...pick(cause, errorKeys), tenants: names(rowsOfCause[i]) })),
    notices: data.notices.map(({ rows: found, ...notice }) => ({ ...notice, tenants: names(found) })),
    ...(data.lint ? { lint: data.lint } : {}), ...(data.preflight ? { preflight: data.preflight } : {}), tenants: rows.map((i) => tenantObject(tenants[i])) };
  if (data.history) report.history = data.history;
  return `${JSON.stringify(report, null, 1)}\n`;
}

function save(ending, text) {
  const url = URL.createObjectURL(new Blob([text], { type: ending === "csv" ? "text/csv" : "application/json" }));
  const link = make("a", { href: url, download: `skein-${data.run.id}.${ending}` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
