// Who worked on a run together. One machine alone did all, and there is nothing to tell.

const MACHINE_TONES = { "at work": "busy", left: "calm", gone: "bad" };

// `2 left, 1 gone; 3 tenants were taken over`
function machinesIntro(machines) {
  const states = Object.keys(MACHINE_TONES).map((state) => [machines.filter((machine) => machine.state === state).length, state]).filter(([count]) => count);
  const taken = machines.reduce((sum, machine) => sum + machine.taken_over, 0);
  return states.map(([count, state]) => `${count} ${state}`).join(", ") + (taken ? `; ${plural(taken, "tenant")} ${taken === 1 ? "was" : "were"} taken over` : "");
}

const timeOfDay = (text) => make("time", { datetime: text }, text.replace("T", " ").replace(/\.\d+Z/, " UTC"));

function machineRow(machine, finished) {
  const number = (count) => make("td", { class: "number" }, count.toLocaleString("en"));
  return make("tr", {},
    make("td", {}, make("strong", {}, shown(machine.name)), make("div", { class: "soft mono" }, shown(`${machine.host}:${machine.pid}`))),
    make("td", {}, make("span", { class: `tag grade whole tone-${MACHINE_TONES[machine.state]}` }, machine.state)),
    make("td", { class: "whole" }, timeOfDay(machine.seen_at)),
    number(machine.in_flight), number(machine.finished),
    make("td", { class: "optional room" }, make("div", { class: "range", "aria-hidden": "true" }, make("i", { class: "p50", "width%": finished ? (machine.finished / finished) * 100 : 0 }))),
    number(machine.failed), number(Math.round(machine.per_minute)), number(machine.taken_over), number(machine.lost));
}

function machinesPart() {
  const SHOWN = 200, machines = data.machines ?? [];
  if (machines.length < 2) return null;
  const finished = machines.reduce((sum, machine) => sum + machine.finished, 0);
  const headings = [["Machine"], ["State"], ["Last heard of"], ["In flight", "number"], ["Done", "number"], ["", "optional"], ["Failed", "number"], ["A minute", "number"], ["Taken over", "number"], ["Lost", "number"]];
  return part("machines", "Machines", machinesIntro(machines), [table(headings, machines.slice(0, SHOWN).map((machine) => machineRow(machine, finished)), true),
    machines.length > SHOWN ? make("p", { class: "soft" }, `and ${plural(machines.length - SHOWN, "more machine")}`) : null], machines.length);
}
