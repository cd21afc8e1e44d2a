// What lint says of the steps: a part of the page, and marks beside the revisions.

const findings = data.lint ? data.lint.findings : [];
const isUrgent = (finding) => finding.allowed === null && finding.severity !== "note";
const isOf = (finding, step, dialect) => finding.revision === step.revision && finding.direction === step.direction && finding.dialects.includes(dialect);
const toneOf = (finding) => finding.allowed !== null ? "calm" : { error: "bad", warning: "odd", note: "calm" }[finding.severity];
const severityWords = (finding) => finding.allowed !== null ? "allowed" : finding.severity;
const lintWords = ({ errors, warnings, notes, allowed }) => [errors && plural(errors, "error"), warnings && plural(warnings, "warning"), notes && plural(notes, "note"), allowed && `${allowed.toLocaleString("en")} allowed`].filter((words) => words).join(", ");

// Errors first; equal ones stay in the order of the chain.
const RANK = { error: 0, warning: 1, note: 2, allowed: 3 };
const byRank = (a, b) => RANK[severityWords(a)] - RANK[severityWords(b)];

function findingCard(finding) {
  const words = [["in this fleet", finding.weight], ["why", finding.why], finding.allowed === null ? ["better", finding.better] : ["allowed since", finding.allowed]].filter(([, text]) => text);
  return make("article", { class: `finding tone-${toneOf(finding)}`, "aria-label": `${severityWords(finding)}: ${finding.rule}` },
    make("div", { class: "head" }, make("span", { class: "grade" }, severityWords(finding)), make("span", { class: "message" }, shown(finding.message))),
    make("div", { class: "tags" }, make("span", { class: "tag" }, shown(finding.rule)), make("span", { class: "tag" }, finding.direction === "up" ? "↑ " : "↓ ", shown(finding.revision)),
      make("span", { class: "tag" }, shown(finding.file), `:${finding.line}`), finding.dialects.map((dialect) => make("span", { class: "tag" }, dialect))),
    finding.source ? source([finding.source], finding.line, 0) : null,
    make("dl", { class: "saying words" }, words.map(([name, text]) => [make("dt", {}, name), make("dd", {}, shown(text))])));
}

// What no one has to act on is folded.
function lintPart() {
  const SHOWN = 100;
  if (!data.lint) return null;
  const sorted = [...findings].sort(byRank), urgent = sorted.filter(isUrgent), rest = sorted.filter((finding) => !isUrgent(finding));
  const folded = (those, words) => those.length ? make("details", {}, make("summary", {}, words), those.slice(0, 500).map(findingCard), those.length > 500 ? make("p", { class: "soft" }, `and ${those.length - 500} more`) : null) : null;
  return part("lint", "Lint", lintWords(data.lint.totals) || "nothing found", [urgent.slice(0, SHOWN).map(findingCard), folded(urgent.slice(SHOWN), `${urgent.length - SHOWN} more errors and warnings`),
    folded(rest, `Show ${lintWords({ notes: data.lint.totals.notes, allowed: data.lint.totals.allowed })}`)], urgent.length, data.lint.totals.errors ? "bad" : undefined);
}

// Beside a revision: `1 error, 1 allowed`.
function lintTag(step, dialect) {
  const found = findings.filter((finding) => isOf(finding, step, dialect)).sort(byRank);
  if (!found.length) return null;
  const count = (word) => found.filter((finding) => severityWords(finding) === word).length;
  return make("a", { class: `tag grade tone-${toneOf(found[0])}`, href: "#lint" }, `lint: ${lintWords({ errors: count("error"), warnings: count("warning"), notes: count("note"), allowed: count("allowed") })}`);
}

// As `-o csv` has them: empty where nothing was looked at.
const lintFields = (row) => more(row).lint === undefined ? ["", "", "", ""] : data.lint_counts[more(row).lint];
