// What the tenants' rows and a rehearsal say of a plan.

// ---- the rows ----

const questions = data.preflight ? data.preflight.questions : [];
const rowsOfQuestion = questions.map(() => []);
tenants.forEach((row, i) => { for (const [question, state] of more(row).preflight || []) if (state === "fails") rowsOfQuestion[question].push(i); });

const questionWords = (question) => `${question.what} (${question.table})`;

// `more than 1000: 4; 7`
function answerWords([, , count, isMore, reason, examples]) {
  const amount = count ? (isMore ? "more than " : "") + count.toLocaleString("en") : reason === null ? "" : data.texts[reason];
  return amount + (examples.length ? `: ${examples.join("; ")}` : "");
}

const answerOf = (row, question) => more(tenants[row]).preflight.find(([number]) => number === question);

// `acme (12)`
function failingLinks(question) {
  const SHOWN = 10, rows = rowsOfQuestion[question];
  return [rows.slice(0, SHOWN).map((row, i) => [i ? ", " : "", tenantLink(row), ` (${safe(answerWords(answerOf(row, question)))})`]), rows.length > SHOWN ? ` and ${(rows.length - SHOWN).toLocaleString("en")} more` : null];
}

const questionTags = (question) => make("div", { class: "tags" }, make("span", { class: "tag" }, shown(question.kind)), make("span", { class: "tag" }, "revision ", shown(question.revision)),
  make("span", { class: "tag" }, shown(question.file), `:${question.line}`));

function reasonList({ reasons, reason_count }) {
  return reasons.length ? make("ul", { class: "reasons" }, reasons.map((reason) => make("li", {}, shown(reason))), reason_count > reasons.length ? make("li", {}, `and ${(reason_count - reasons.length).toLocaleString("en")} more reasons`) : null) : null;
}

function failingCard(question, i) {
  const told = data.questions[i];
  return make("article", { class: "cause", id: `question-${i + 1}`, "aria-label": `Will fail: ${safe(questionWords(question))}` },
    make("div", { class: "head" }, make("span", { class: "count" }, told.verdict), make("span", { class: "message" }, shown(questionWords(question)))),
    questionTags(question), source([question.statement], question.line, question.line), shares(told), make("div", { class: "names" }, make("span", {}, failingLinks(i))), reasonList(told),
    make("div", { class: "act" }, make("button", { type: "button", onclick: () => showTenants({ question: i }) }, `Show ${told.failing === 1 ? "it" : "all"} in the list`), copyNames(rowsOfQuestion[i])));
}

function calmCard(question, i) {
  const told = data.questions[i];
  return make("article", { class: "finding tone-calm", "aria-label": safe(questionWords(question)) },
    make("div", { class: "head" }, make("span", { class: "grade" }, told.verdict), make("span", { class: "message" }, shown(questionWords(question)))), questionTags(question), source([question.statement], question.line, 0), reasonList(told));
}

// What fails is in sight, what is not known before is folded, and so is what no tenant fails.
function preflightPart() {
  const SHOWN = 30, FOLDED = 200;
  if (!data.preflight) return null;
  const all = questions.map((question, i) => [question, i]), failing = all.filter(([, i]) => data.questions[i].failing);
  const unsure = all.filter(([, i]) => !data.questions[i].failing && data.questions[i].reason_count), fine = all.filter(([, i]) => !data.questions[i].failing && !data.questions[i].reason_count);
  const folded = (those, words, card) => those.length ? make("details", {}, make("summary", {}, words), those.slice(0, FOLDED).map(([question, i]) => card(question, i)), those.length > FOLDED ? make("p", { class: "soft" }, `and ${those.length - FOLDED} more`) : null) : null;
  return part("preflight", "Preflight", data.preflight_words, [failing.slice(0, SHOWN).map(([question, i]) => failingCard(question, i)), folded(failing.slice(SHOWN), `${failing.length - SHOWN} more that will fail`, failingCard),
    folded(unsure, `${plural(unsure.length, "question")} of which not all is known before`, calmCard), folded(fine, `${plural(fine.length, "question")} that no tenant fails`, calmCard)], failing.length, failing.length ? "bad" : undefined);
}

const preflightColumns = (row) => {
  const answers = more(row).preflight, first = answers?.find(([, state]) => state === "fails");
  if (!answers) return ["", "", ""];
  const place = ({ file, line }) => `${file}:${line}: `;
  return [first ? place(questions[first[0]]) + questionWords(questions[first[0]]) : "", answers.filter(([, state]) => state === "fails").length, answers.filter(([, state]) => state !== "fails").length];
};

function answerObject([number, state, count, isMore, reason, examples]) {
  const { revision, file, line, kind, table: name, what } = questions[number];
  return { revision, file, line, kind, table: name, what, state, ...(state === "fails" ? { count: count || null, is_more: Boolean(isMore) } : {}), reason: reason === null ? null : data.texts[reason], ...(examples.length ? { examples } : {}) };
}

// Of one tenant.
function tenantAnswers(row) {
  const answers = more(row).preflight || [];
  const verdicts = { fails: "will fail", unknown: "cannot be known before", not_asked: "not asked" };
  return answers.length ? make("div", {}, make("h3", {}, "Preflight"), answers.map((answer) => {
    const question = questions[answer[0]], words = answerWords(answer);
    return make("div", { class: `answer ${answer[1] === "fails" ? "tone-bad" : "tone-calm"}` }, make("p", {}, make("span", { class: "grade" }, verdicts[answer[1]]), ": ", shown(questionWords(question)), words ? ` (${safe(words)})` : ""),
      make("div", { class: "tags" }, make("span", { class: "tag" }, shown(question.file), `:${question.line}`)));
  })) : null;
}

// ---- the rehearsal ----

const AMOUNTS = ["held_ms", "bytes", "rows", "took_ms"]; // of what was seen; one at most
const seenObject = ([number, amount]) => ({ ...data.seens[number], ...Object.fromEntries(AMOUNTS.filter((key) => key in data.seens[number]).map((key) => [key, amount])) });
const rehearsalObject = ([at, seen]) => ({ at, seen: seen.map(seenObject) });
const BLOCKING = { "reads and writes": "bad", writes: "odd" };
const SIZES = ["B", "kB", "MB", "GB", "TB", "PB"];

function sizeWords(bytes) {
  let unit = 0;
  while (bytes >= 1000 && unit < SIZES.length - 1) { bytes /= 1000; unit++; }
  return `${unit ? bytes.toFixed(1) : bytes} ${SIZES[unit]}`;
}

// What earlier runs took says nothing of locks, but that none was held for longer than its step took.
function ledgerFacts({ duration_ms, run, longest_step: step, untimed }) {
  return make("dl", { class: "facts boxed" }, fact("It would take", `about ${duration(duration_ms)}`), fact("As these took", make("span", { class: "mono" }, shown(run))),
    fact("Longest step", [make("strong", {}, duration(step.duration_ms)), ", ", idSpan(step.revision), step.direction === "up" ? " up" : " down"]),
    untimed ? fact("Not in it", `${plural(untimed, "tenant")} with steps that no run has timed`) : null);
}

function forecastFacts({ duration_ms, longest_lock: lock, written_bytes, ...rest }) {
  if (rest.from === "ledger") return ledgerFacts({ duration_ms, ...rest });
  return make("dl", { class: "facts boxed" }, fact("The upgrade would take", `about ${duration(duration_ms)}`),
    fact("Longest wait", lock ? [`${lock.blocks} wait for `, make("strong", {}, duration(lock.held_ms)), ", for ", shown(lock.table ?? "the database"), " in ", tenantLink(numberOf.get(lock.tenant))] : "nothing waits"),
    fact("Written anew", written_bytes ? sizeWords(written_bytes) : "nothing"));
}

function forecastWaves({ waves }) {
  const most = Math.max(...waves.map((wave) => wave.duration_ms), 0);
  return waves.length > 1 ? table([["Wave"], ["Tenants", "number"], ["About", "number"], ["", "optional"], ["Then"]], waves.map((wave, i) => make("tr", {}, make("td", {}, shown(wave.name)), make("td", { class: "number" }, wave.tenants.toLocaleString("en")),
    make("td", { class: "number" }, duration(wave.duration_ms)), make("td", { class: "optional room" }, make("div", { class: "range", "aria-hidden": "true" }, make("i", { class: "p50", "width%": most ? (wave.duration_ms / most) * 100 : 0 }))),
    make("td", {}, wave.soak_ms > 0 && i + 1 < waves.length ? `a soak of ${duration(wave.soak_ms)}` : "")))) : null;
}

// By kind: its tag, and one tenant's in words. A test holds these against docs/schema/report.json.
const SEEN = {
  lock: { tag: "lock", words: (item) => `locks ${item.table ?? "the database"} (${item.mode}) for ${duration(item.held_ms)}: ${item.blocks === "nothing" ? "no traffic waits" : `${item.blocks} wait`}` },
  rewrite: { tag: "rewrite", words: (item) => `writes ${item.table} anew, ${sizeWords(item.bytes)}` },
  rows: { tag: "rows", words: (item) => `touches ${plural(item.rows, "row")}` },
  sequence: { tag: "sequence", words: (item) => `draws numbers from ${item.sequence}` },
  growth: { tag: "growth", words: (item) => `the database grows by ${sizeWords(item.bytes)}` },
  not_rehearsed: { tag: "left out", words: (item) => `not rehearsed: ${item.reason}` },
  scratch: { tag: "scratch", words: (item) => item.schema ? `with ${item.schema === "tenant" ? "a copy of the tenant's schema" : "the schema that the chain makes"}, and without rows` : `outside a transaction: took ${duration(item.took_ms)} there, without rows` },
};

function seenRow(seen) {
  const tone = BLOCKING[seen.blocks] ?? (seen.kind === "not_rehearsed" ? "odd" : "calm");
  return make("tr", {}, make("td", {}, make("span", { class: `tag grade tone-${tone}` }, SEEN[seen.kind].tag)), make("td", {}, shown(seen.words), seen.place ? make("div", { class: "soft mono" }, shown(seen.place)) : null),
    make("td", { class: "number optional" }, seen.tenants.toLocaleString("en")));
}

function rehearsedRow(step, most) {
  const width = (ms) => most ? (ms / most) * 100 : 0;
  return make("tr", {}, make("td", {}, step.direction === "up" ? "↑ " : "↓ ", step.revision === null ? make("span", { class: "id" }, "base") : idSpan(step.revision)), make("td", { class: "number" }, duration(step.p50_ms)), make("td", { class: "number optional" }, duration(step.p95_ms)),
    make("td", { class: "number" }, duration(step.max_ms)), make("td", { class: "optional" }, step.count > 1 ? tenantLink(step.slowest) : null),
    make("td", { class: "optional room" }, make("div", { class: "range", "aria-hidden": "true" }, make("i", { class: "max", "width%": width(step.max_ms) }), make("i", { class: "p95", "width%": width(step.p95_ms) }), make("i", { class: "p50", "width%": width(step.p50_ms) }))));
}

// What weighs most first: locks that traffic waits for, then what was left out; what keeps no one waiting is folded.
const WEIGHTS = [(seen) => seen.blocks === "reads and writes", (seen) => seen.kind === "not_rehearsed", (seen) => seen.blocks === "writes", () => true];
const weightOf = (seen) => WEIGHTS.findIndex((is) => is(seen));

function rehearsalGroup(group) {
  const SHOWN = 12, most = Math.max(...group.steps.map((step) => step.max_ms), 0);
  const seen = group.seen.filter((item) => !item.is_quiet).sort((a, b) => weightOf(a) - weightOf(b)), rest = [...seen.slice(SHOWN), ...group.seen.filter((item) => item.is_quiet)];
  const list = (items) => table([["Seen"], ["What"], ["Tenants", "number optional"]], items.map(seenRow));
  return make("div", { class: "rehearsal" }, make("h3", {}, plural(group.count, "tenant"), " ", move(group.from, group.to, group.half), " ", make("span", { class: "tag" }, group.dialect)), make("p", { class: "names" }, make("span", {}, links(group.rows, group.count))),
    group.steps.length ? table([["Step"], ["p50", "number"], ["p95", "number optional"], ["longest", "number"], ["in", "optional"], ["", "optional"]], group.steps.map((step) => rehearsedRow(step, most))) : null,
    seen.length ? list(seen.slice(0, SHOWN)) : null, rest.length ? make("details", {}, make("summary", {}, `${rest.length.toLocaleString("en")} more that was seen`), list(rest.slice(0, 500))) : null);
}

function rehearsalPart() {
  const groups = data.rehearsals;
  if (!groups) return data.forecast ? part("forecast", "Forecast", null, [forecastFacts(data.forecast), forecastWaves(data.forecast)]) : null;
  return part("rehearsal", "Rehearsal", groups.length ? null : "No tenant was rehearsed to its end.", [data.forecast ? [forecastFacts(data.forecast), forecastWaves(data.forecast)] : null, groups.map(rehearsalGroup),
    data.rehearsal_count > groups.length ? make("p", { class: "soft" }, `and ${plural(data.rehearsal_count - groups.length, "more group")} of tenants`) : null], groups.length);
}

// Where it was rehearsed; the longest lock that traffic waits for, bytes that are written anew, and how many parts were left out.
function rehearsalColumns(row) {
  if (!more(row).rehearsal) return ["", "", "", ""];
  const { at, seen } = rehearsalObject(more(row).rehearsal);
  if (at === null) return ["", "", "", ""];
  const held = seen.filter((item) => item.seen === "lock" && item.blocks !== "nothing").map((item) => item.held_ms);
  return [at, Math.max(0, ...held).toFixed(3), seen.reduce((sum, item) => sum + (item.bytes ?? 0), 0), seen.filter((item) => item.seen === "not_rehearsed").length];
}

function tenantRehearsal(row) {
  const { rehearsal } = more(row);
  if (!rehearsal || rehearsal[0] === null) return null;
  const { at, seen } = rehearsalObject(rehearsal);
  return make("div", {}, make("h3", {}, { transaction: "Rehearsed in a transaction", copy: "Rehearsed on a copy", scratch: "Rehearsed on a scratch database" }[at]),
    make("ul", {}, seen.map((item) => make("li", {}, item.revision ? [make("span", { class: "id" }, shown(item.revision)), item.line ? ` line ${item.line}` : "", ": "] : null, shown(SEEN[item.seen].words(item))))));
}
