// Moments of a run, marked on its timeline and told below it: what a wave waited for, first failures, thresholds, halts, second attempts.
// All of it follows from what the ledger keeps: when tenants were at work, when waves ended, what was asked of them.

// What the ledger has the time of: pauses, what ended them, why nothing more was begun, the way back. In ms of the run.
const moments = (data.moments || []).map((told) => ({ ...told, ms: Math.max(0, Date.parse(told.at) - Date.parse(data.run.started_at)) }));

// When the run stood still, and who had it do so.
const pauses = [];
for (const { moment, ms, by } of moments) {
  const open = pauses.at(-1)?.until === undefined ? pauses.at(-1) : undefined;
  if (moment === "run_paused" && !open) pauses.push({ at: ms, by });
  if (moment === "run_continues" && open) open.until = ms;
}
for (const pause of pauses) pause.until ??= Math.max(data.run.duration_ms, pause.at);

const pausedBetween = (from, until) => pauses.reduce((sum, pause) => sum + Math.max(0, Math.min(until, pause.until) - Math.max(from, pause.at)), 0);

const MARKED_RETRIES = 200, MARKS_TOLD = 40;
const endOf = (row) => row[STARTED] + row[DURATION];

// The tenants of a wave that went wrong, in the order in which they ended.
const failuresOf = (wave) => tenants.map((row, i) => [row, i]).filter(([row]) => row[WAVE] === wave && row[STARTED] !== null && isBad(row)).sort(([a], [b]) => endOf(a) - endOf(b));

function waveMarks(wave, i, times) {
  const marks = [], failures = failuresOf(i), halt = data.run.halted_by, { ended_ms, soak_ms } = data.wave_words[i];
  const named = data.waves.length > 1 ? ` of wave '${wave.name}'` : "";
  const next = times.slice(i + 1).find((later) => later.start !== Infinity);
  const trips = halt?.kind === "threshold" && halt.wave === wave.name ? failures[Math.min(halt.max_failures ?? 0, failures.length - 1)] : undefined;
  if (failures.length && failures[0] !== trips) marks.push({ kind: "bad", at: endOf(failures[0][0]), row: failures[0][1], words: `the first failure${named}` });
  if (trips) marks.push({ kind: "trip", at: endOf(trips[0]), row: trips[1], words: `too many failures: ${halt.failed} failed, ${halt.max_failures} tolerated; nothing more was begun` });
  const waited = next ? next.start - times[i].end - pausedBetween(times[i].end, next.start) : 0;
  if (next && ended_ms !== null && (soak_ms || waited >= 1000))
    marks.push({ kind: "soak", at: times[i].end, until: next.start, words: `waited ${duration(waited)} after wave '${wave.name}'${soak_ms ? `, which soaks ${duration(soak_ms)}` : ""}` });
  return marks;
}

// When an older skein's run was stopped is not on record: at the end of what was in flight then.
function haltMark(times) {
  const halt = data.run.halted_by;
  if (!halt || halt.kind === "threshold") return [];
  const at = moments.find(({ moment }) => moment === "run_drains")?.ms ?? Math.max(0, ...times.map((t) => t.end));
  const words = halt.kind === "gate" ? `the gate ${halt.gate} said no${halt.wave ? ` in wave '${halt.wave}'` : ""}` : data.verdict.halt ?? "nothing more was begun";
  return [{ kind: halt.kind === "signal" ? "signal" : "trip", at, words }];
}

const pauseMarks = () => pauses.map(({ at, until, by }) => ({ kind: "pause", at, until, words: `paused${by ? ` by ${by}` : ""} for ${duration(until - at)}` }));

const backMarks = () => moments.filter(({ moment }) => moment === "run_rolls_back").map(({ ms, reason }) => ({ kind: "back", at: ms, words: `began to roll back${reason ? `: ${reason}` : ""}` }));

const lateMarks = () => moments.filter(({ moment }) => moment === "wave_late").map(({ ms, reason }) => ({ kind: "late", at: ms, words: reason || "a wave was late" }));

const retryMarks = () => data.retries.slice(0, MARKED_RETRIES).filter(([row]) => tenants[row][STARTED] !== null)
  .map(([row, attempt]) => ({ kind: "retry", at: tenants[row][STARTED], row, words: `attempt ${attempt} was followed by another` }));

const runMarks = (times) => [...data.waves.flatMap((wave, i) => waveMarks(wave, i, times)), ...haltMark(times), ...pauseMarks(), ...backMarks(), ...lateMarks(), ...retryMarks()].sort((a, b) => a.at - b.at);

const MARK_SHAPES = { bad: "M-4-4 4 4M4-4-4 4", trip: "M0-6 6 5H-6Z", signal: "M-5-5H5V5H-5Z", soak: "M-3-5V5M3-5V5", retry: "M0-4V4", pause: "M-4-5V5M0-5V5M4-5V5", back: "M5-6V6L-6 0Z", late: "M0-6V0L4 4" };

function drawMark(mark, x, top, bottom) {
  return draw("g", { class: `mark m-${mark.kind}` }, draw("title", {}, `${duration(mark.at)}: ${mark.row === undefined ? "" : `${safe(tenants[mark.row][NAME])}: `}${safe(mark.words)}`),
    mark.kind === "retry" ? null : draw("line", { x1: x(mark.at), x2: x(mark.at), y1: top, y2: bottom }),
    draw("path", { d: MARK_SHAPES[mark.kind], transform: `translate(${x(mark.at).toFixed(1)} ${mark.kind === "retry" ? bottom - 4 : top})` }));
}

// The same as a list, for those who read it aloud, by keyboard or on paper. Second attempts have a part of their own.
function markList(marks) {
  const told = marks.filter((mark) => mark.kind !== "retry");
  if (!told.length) return null;
  return make("ol", { class: "moments", "aria-label": "What happened when" }, told.slice(0, MARKS_TOLD).map((mark) => make("li", { class: `m-${mark.kind}` },
    make("span", { class: "when" }, duration(mark.at)), draw("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }, draw("path", { d: MARK_SHAPES[mark.kind] })),
    make("span", {}, mark.row === undefined ? null : [tenantLink(mark.row), ": "], shown(mark.words)))),
    told.length > MARKS_TOLD ? make("li", { class: "soft" }, `and ${told.length - MARKS_TOLD} more`) : null);
}
