// The live page: asks for a report every second and draws it. All text goes into the document as text,
// never as markup: names are the program's.
"use strict";

// Rows drawn at most: more would make the page slow and could not be read; the search narrows.
const ROWS_MAX = 500;
// Samples kept of each task, one a second.
const HISTORY_MAX = 120;
// A poll that has taken so long is shown as slow, in microseconds: the runtime's own limit.
const SLOW_US = 100_000;

const byId = (id) => document.getElementById(id);

const page = {
  report: null,
  selected: null,
  frozen: false,
  // Task number to its samples: when, polls, busy time and state.
  history: new Map(),
};

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function duration(us) {
  if (us < 1000) return `${us} µs`;
  if (us < 1e6) return `${(us / 1e3).toFixed(1)} ms`;
  if (us < 60e6) return `${(us / 1e6).toFixed(1)} s`;
  if (us < 3600e6) return `${Math.floor(us / 60e6)} min ${Math.floor((us % 60e6) / 1e6)} s`;
  return `${Math.floor(us / 3600e6)} h ${Math.floor((us % 3600e6) / 60e6)} min`;
}

// The waits of a task that stand for it in one line: the innermost of each branch.
function leaves(nodes) {
  return nodes.flatMap((node) => (node.children.length ? leaves(node.children) : [node]));
}

function waitText(task) {
  const waits = leaves(task.waits);
  if (waits.length === 0) return task.late ? "not known: it waited before debug mode" : "";
  const [first] = waits;
  const others = waits.length > 1 ? ` and ${waits.length - 1} more` : "";
  return `${first.label}${others} ${first.place}`;
}

function waitAge(task) {
  return Math.max(0, ...leaves(task.waits).map((node) => node.for_us));
}

function matches(task, words) {
  const text = [task.name, `Task-${task.id}`, task.place, task.type_name, task.state, waitText(task)]
    .join("\n")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

// Tasks in the chosen order, each with its depth.
function arrange(tasks, order) {
  const flat = (sorted) => sorted.map((task) => ({ task, depth: 0 }));
  if (order === "busy") return flat([...tasks].sort((a, b) => b.busy_us - a.busy_us));
  if (order === "oldest") return flat([...tasks].sort((a, b) => waitAge(b) - waitAge(a)));
  const known = new Map(tasks.map((task) => [task.id, task]));
  const above = (task) =>
    order === "awaited" ? task.awaited_by.find((by) => known.has(by.task))?.task : task.parent;
  const children = new Map();
  const roots = [];
  for (const task of tasks) {
    const parent = above(task);
    if (parent !== undefined && parent !== null && parent !== task.id && known.has(parent)) {
      children.set(parent, [...(children.get(parent) ?? []), task]);
    } else {
      roots.push(task);
    }
  }
  const rows = [];
  const drawn = new Set();
  const open = [];
  // Circles have no root: their members come last, each once.
  for (const root of [...roots, ...tasks]) {
    open.push({ task: root, depth: 0 });
    while (open.length > 0) {
      const row = open.pop();
      if (drawn.has(row.task.id)) continue;
      drawn.add(row.task.id);
      rows.push(row);
      for (const child of (children.get(row.task.id) ?? []).slice().reverse()) {
        open.push({ task: child, depth: row.depth + 1 });
      }
    }
  }
  return rows;
}

function remember(report) {
  const alive = new Set();
  const now = Date.now();
  for (const task of report.tasks) {
    alive.add(task.id);
    const samples = page.history.get(task.id) ?? [];
    samples.push({ now, polls: task.polls, busy: task.busy_us, state: task.state });
    if (samples.length > HISTORY_MAX) samples.shift();
    page.history.set(task.id, samples);
  }
  for (const id of page.history.keys()) {
    if (!alive.has(id) && id !== page.selected) page.history.delete(id);
  }
}

function stuckTasks(report) {
  return new Set(report.stuck.flat());
}

function drawNotices(report) {
  const names = new Map(report.tasks.map((task) => [task.id, task.name]));
  const notices = [];
  if (!report.debug) {
    notices.push("Debug mode is off, so no tasks are recorded: the button above turns it on.");
  }
  for (const circle of report.stuck) {
    const chain = circle.map((id) => names.get(id) ?? `Task-${id}`).join(" → ");
    notices.push(`These tasks wait for each other and can never go on: ${chain}`);
  }
  if (report.lost > 0) notices.push(`${report.lost} records found no place and are missing.`);
  byId("notices").replaceChildren(...notices.map((text) => element("p", {}, text)));
}

function drawLoops(report) {
  const items = report.loops.map((loop) => {
    const name = loop.name ?? `thread ${loop.thread}`;
    if (!loop.polling) return element("li", {}, `loop ${loop.id} on ${name}: not polling`);
    const [task, us] = loop.polling;
    const found = report.tasks.find((one) => one.id === task);
    const text = `loop ${loop.id} on ${name}: polls ${found?.name ?? `Task-${task}`} for ${duration(us)}`;
    return element("li", us >= SLOW_US ? { class: "slow" } : {}, text);
  });
  byId("loops").replaceChildren(...items);
}

function drawTasks(report) {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const stuck = stuckTasks(report);
  const rows = arrange(report.tasks, byId("order").value).filter(({ task }) => matches(task, words));
  const shown = rows.slice(0, ROWS_MAX).map(({ task, depth }) => drawRow(task, depth, stuck));
  byId("tasks").replaceChildren(...shown);
  const rest = rows.length - shown.length;
  byId("more").textContent = rest > 0 ? `${rest} more tasks: search to narrow the list.` : "";
}

function drawRow(task, depth, stuck) {
  const select = element("button", { type: "button" }, task.name);
  select.addEventListener("click", () => choose(task.id));
  const state = stuck.has(task.id) ? "stuck" : task.state;
  const indent = element("span", { class: "indent" }, "  ".repeat(Math.min(depth, 20)));
  const row = element(
    "tr",
    { "data-task": task.id, "aria-selected": String(task.id === page.selected) },
    element("td", {}, indent, select),
    element("td", { class: state }, state),
    element("td", { class: "place" }, waitText(task)),
    element("td", {}, task.waits.length ? duration(waitAge(task)) : ""),
    element("td", {}, String(task.polls)),
    element("td", {}, duration(task.busy_us)),
    element("td", { class: "place" }, task.place),
  );
  return row;
}

function choose(id) {
  page.selected = page.selected === id ? null : id;
  draw();
}

function tree(nodes) {
  const items = nodes.map((node) => {
    const place = element("span", { class: "place" }, ` ${node.place}`);
    const item = element("li", {}, node.label, place, ` ${duration(node.for_us)}`);
    if (node.children.length) item.append(tree(node.children));
    return item;
  });
  return element("ul", {}, ...items);
}

function facts(pairs) {
  const list = element("dl", {});
  for (const [name, value] of pairs) {
    list.append(element("dt", {}, name), element("dd", {}, value));
  }
  return list;
}

// Polls a second, over the samples that are kept.
function sparkline(samples) {
  const rates = samples.slice(1).map((sample, at) => {
    const before = samples[at];
    return ((sample.polls - before.polls) * 1000) / Math.max(1, sample.now - before.now);
  });
  const most = Math.max(1, ...rates);
  const points = rates.map((rate, at) => {
    const x = rates.length > 1 ? (at / (rates.length - 1)) * 100 : 0;
    return `${x.toFixed(2)} ${(38 - (rate / most) * 36).toFixed(2)}`;
  });
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 100 40");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `polls a second, at most ${most.toFixed(0)}`);
  if (points.length > 0) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", `M ${points.join(" L ")}`);
    svg.append(path);
  }
  const text = `${(rates.at(-1) ?? 0).toFixed(0)} polls a second, at most ${most.toFixed(0)}`;
  return [svg, element("p", { class: "faint" }, `${text}, over ${samples.length} samples`)];
}

function drawDetail(report) {
  const detail = byId("detail");
  detail.hidden = page.selected === null;
  if (detail.hidden) return;
  const task = report.tasks.find((one) => one.id === page.selected);
  if (!task) {
    detail.replaceChildren(element("h2", {}, `Task-${page.selected}`), "It has ended.");
    return;
  }
  const names = new Map(report.tasks.map((one) => [one.id, one.name]));
  const called = (id) => names.get(id) ?? `Task-${id}`;
  const parts = [
    element("h2", {}, task.name),
    facts([
      ["number", String(task.id)],
      ["state", stuckTasks(report).has(task.id) ? `${task.state}, stuck` : task.state],
      ["future", task.type_name],
      ["spawned at", task.place],
      ["spawned by", task.parent === null ? "no task" : called(task.parent)],
      ["loop", `${task.home} (thread ${task.thread})`],
      ["known for", duration(task.age_us)],
      ["polls", String(task.polls)],
      ["busy", duration(task.busy_us)],
    ]),
    element("h3", {}, "Waits for"),
    task.waits.length ? tree(task.waits) : element("p", { class: "faint" }, waitText(task) || "nothing"),
  ];
  if (task.holds.length) {
    const items = task.holds.map((hold) =>
      element("li", {}, `${hold.kind} for ${duration(hold.for_us)}, taken at ${hold.place}`),
    );
    parts.push(element("h3", {}, "Holds"), element("ul", {}, ...items));
  }
  if (task.awaited_by.length) {
    const items = task.awaited_by.map((by) =>
      element("li", {}, `${called(by.task)}: ${by.stack.join(" ← ")}`),
    );
    parts.push(element("h3", {}, "Awaited by"), element("ul", {}, ...items));
  }
  parts.push(element("h3", {}, "History"), ...sparkline(page.history.get(task.id) ?? []));
  detail.replaceChildren(...parts);
}

function draw() {
  const report = page.report;
  if (!report) return;
  const count = (state) => report.tasks.filter((task) => task.state === state).length;
  byId("program").textContent = `${report.program} (process ${report.pid})`;
  byId("counts").textContent =
    `${report.tasks.length} tasks: ${count("running")} running, ${count("ready")} ready, ` +
    `${count("waiting")} waiting`;
  byId("debug").setAttribute("aria-pressed", String(report.debug));
  drawNotices(report);
  drawLoops(report);
  drawTasks(report);
  drawDetail(report);
}

async function ask() {
  if (page.frozen || document.hidden) return;
  try {
    const answer = await fetch("report", { cache: "no-store" });
    if (!answer.ok) throw new Error(`the program answers ${answer.status}`);
    const report = await answer.json();
    if (page.frozen) return;
    page.report = report;
    remember(report);
    draw();
    document.body.dataset.state = "live";
  } catch (error) {
    document.body.dataset.state = "gone";
    const text = `No answer, so this is how it was last: ${error.message}`;
    byId("notices").replaceChildren(element("p", {}, text));
  }
}

async function run() {
  for (;;) {
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

byId("search").addEventListener("input", draw);
byId("order").addEventListener("change", draw);
byId("controls").addEventListener("submit", (event) => event.preventDefault());
byId("freeze").addEventListener("click", () => {
  page.frozen = !page.frozen;
  byId("freeze").setAttribute("aria-pressed", String(page.frozen));
});
byId("debug").addEventListener("click", async () => {
  const turn = page.report?.debug ? "off" : "on";
  await fetch(`debug/${turn}`, { method: "POST" }).catch(() => {});
});
byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = root.dataset.theme ?? (dark ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
});
run();
