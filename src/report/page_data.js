// The data of the page, words for it, and how elements are made: of text nodes alone, so that no text is ever read as HTML.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);

// Places in the array of a tenant, as html_data.c writes it.
const NAME = 0, PLACE = 1, LABELS = 2, WAVE = 3, STATE = 4, FROM = 5, TO = 6, SCRIPT = 7, ATTEMPTS = 8, STARTED = 9, DURATION = 10,
  STEP_MS = 11, MORE = 12;
const tenants = data.tenants;

// Words of states, as people write them: `rolled back`.
const spaced = (words) => words.replaceAll("_", " ");
data.verdict.state = spaced(data.verdict.state).replace(/^./, (letter) => letter.toUpperCase());
for (const item of [...data.states, ...data.wave_words]) item.words = spaced(item.words);
for (const item of data.state_names) item[1] = spaced(item[1]);

const NOTHING = {};
const more = (row) => row[MORE] || NOTHING;
const stateName = (row) => data.state_names[row[STATE]][0];
const stateWords = (row) => more(row).above ? "stands above" : data.state_names[row[STATE]][1];
const isBad = (row) => data.state_names[row[STATE]][2];
const labelTexts = data.labels.map((labels) => Object.entries(labels).map(([key, value]) => `${key}=${value ?? ""}`));

function urlOf(row) {
  const [, , before, after] = data.places[row[PLACE]];
  return after === null ? before : before + row[NAME] + after;
}

// A list is what stands between the tenant's names in a text.
function textOf(number, row) {
  const text = data.texts[number];
  return typeof text === "string" ? text : text.join(row[NAME]);
}

function messageOf(row) {
  const { text, detail } = more(row);
  return text === undefined ? null : textOf(text, row) + (detail === undefined ? "" : textOf(detail, row));
}


// ---- words ----

const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

function duration(ms) {
  if (ms < 1000) return `${ms.toFixed(ms === 0 || ms >= 100 ? 0 : ms < 1 ? 2 : 1)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s.toFixed(2)} s`;
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)} min ${two(s % 60)} s` : `${Math.floor(s / 3600)} h ${two((s % 3600) / 60)} min`;
}

// Was it brought along the run's path, or stayed where it should be? As view.c has it; the others strayed, or were not begun.
const isOnPath = (row) => row[FROM] >= 0 && !more(row).carried && (row[FROM] !== row[TO] || ["unchanged", "rolled_back"].includes(stateName(row)));

function idWords(number) {
  if (number < 0) return "unknown";
  return data.ids[number].join(", ") || "base";
}

// A word of a POSIX shell; null: it cannot be shown as it is.
function shellWord(word) {
  if (UNSAFE.test(word) || word === "") return null;
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

// What could steer or hide: as utf8_add_safe has it.
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;
const UNSAFE_ALL = new RegExp(UNSAFE.source, "gu");

function escaped(character) {
  const code = character.codePointAt(0);
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

const safe = (text) => text.replace(UNSAFE_ALL, escaped);

// ---- elements ----

// Text from outside as nodes: what is escaped looks so. `keeps`: ends of lines and tabs stay.
function shown(text, keeps = false) {
  const parts = document.createDocumentFragment();
  let at = 0;
  for (const match of String(text).matchAll(UNSAFE_ALL)) {
    if (keeps && (match[0] === "\n" || match[0] === "\t")) continue;
    parts.append(text.slice(at, match.index), make("span", { class: "esc" }, escaped(match[0])));
    at = match.index + match[0].length;
  }
  parts.append(String(text).slice(at));
  return parts;
}

function put(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "width%") element.style.width = `${value}%`;
    else if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const make = (tag, attributes, ...children) => put(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) => put(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const SIGNS = { good: "M2 6.5 5 9.5 10 3", bad: "M3 3 9 9M9 3 3 9", odd: "M6 2V7M6 9.7V10", calm: "M6 5.5V10M6 2V2.3", busy: "M6 2V6L9 8" };
const sign = (tone) => make("span", { class: "sign", "aria-hidden": "true" }, draw("svg", { viewBox: "0 0 12 12" }, draw("path", { d: SIGNS[tone] })));

const dot = (state) => make("i", { class: `dot s-${state}`, "aria-hidden": "true" });
const stateCell = (row) => make("span", { class: "state" }, dot(stateName(row)), stateWords(row));

const counted = (count, noun, nouns = `${noun}s`) => `${count.toLocaleString("en")} ${count === 1 ? noun : nouns}`;
const batchWords = (batches, rows) => `${counted(rows, "row")} in ${counted(batches, "batch", "batches")}`;

function tell(text) {
  document.getElementById("said").textContent = text;
}

async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { class: "hidden", "aria-hidden": "true" }, text);
    (button.closest("dialog") || document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  tell("Copied to the clipboard");
  setTimeout(() => { button.textContent = before; }, 1500);
}

function command(text, isFirst = false) {
  return make("div", { class: isFirst ? "command first" : "command" }, make("code", {}, shown(text)),
    make("button", { type: "button", "aria-label": `Copy: ${safe(text)}`, onclick: (event) => copy(text, event.currentTarget) }, "Copy"));
}

const heads = new Set(data.chain ? data.chain.heads : []);
const idSpan = (id) => make("span", { class: heads.has(id) ? "id head" : "id" }, shown(id));

function idSpans(number) {
  if (number < 0) return make("span", { class: "soft" }, "unknown");
  const ids = data.ids[number];
  return ids.length ? ids.map((id, i) => [i ? ", " : "", idSpan(id)]) : make("span", { class: "id" }, "base");
}

const move = (from, to, half) =>
  make("span", { class: "move" }, idSpans(from), half ? shown(half) : null, from === to ? null : [" → ", idSpans(to)]);

const tenantLink = (row) => make("a", { href: fragmentOf(tenants[row][NAME]) }, shown(tenants[row][NAME]));

function links(rows, total) {
  return [rows.map((row, i) => [i ? ", " : "", tenantLink(row)]), total > rows.length ? ` and ${(total - rows.length).toLocaleString("en")} more` : null];
}

const spacer = (height, columns) => {
  const cell = make("td", { colspan: columns });
  cell.style.height = `${height}px`;
  return make("tr", { class: "gap", "aria-hidden": "true" }, cell);
};

const schemaWords = new Map([[true, "as expected"], [false, "differs"], [null, "cannot be judged"]]);

// On a phone each row of one that stacks is a block, and each cell has its column's name beside it.
const table = (headings, rows, stacks = false) => make("div", { class: "sideways" }, make("table", { class: stacks ? "stacks" : null },
  make("thead", {}, make("tr", {}, headings.map(([name, cls]) => make("th", { scope: "col", class: cls }, name || make("span", { class: "hidden" }, "bar"))))),
  make("tbody", {}, stacks ? rows.map((row) => labelled(headings, row)) : rows)));

function labelled(headings, row) {
  [...row.cells].forEach((cell, i) => { if (i && headings[i][0]) cell.dataset.label = headings[i][0]; });
  return row;
}
