// The live page: asks for a report every second and draws it.
"use strict";

// Rows drawn at most: more would make the page slow and could not be read; the search narrows.
const ROWS_MAX = 500;
// How often a report is asked for, in milliseconds; less often where a report takes long: program and page
// are to spend no more than a fifth of their time on it.
const PERIOD_MS = 1000;
const REST_PER_WORK = 4;

const byId = (id) => document.getElementById(id);

const page = { report: null, selected: null, frozen: false, view: "tasks", trouble: null };

const nameOf = (names, id) => names.get(id) ?? (id === 0 ? "a call" : `Task-${id}`);

function drawNotices(report, names) {
  const notices = [];
  if (page.trouble) notices.push(`No answer, so this is how it was last: ${page.trouble}`);
  if (!report.debug) {
    notices.push("Debug mode is off, so no tasks are recorded: the button above turns it on.");
  }
  for (const circle of report.stuck) {
    const chain = circle.map((id) => nameOf(names, id)).join(" → ");
    notices.push(`These tasks wait for each other and can never go on: ${chain}`);
  }
  if (report.lost > 0) notices.push(`${report.lost} records found no place and are missing.`);
  const make = () => element("p", {});
  reconcile(byId("notices"), notices, (text) => text, make, say);
}

function doing(one, names) {
  if (one.polling) {
    const [task, us] = one.polling;
    return `polls ${nameOf(names, task)} for ${duration(us)}`;
  }
  if (one.is_parked) return "waits for events";
  return one.away_us === null ? "does not run" : `busy for ${duration(one.away_us)}`;
}

function drawLoops(report, names) {
  const make = () => element("li", {}, element("h2", {}), element("p", {}), element("div", {}));
  reconcile(byId("loops"), report.loops, (one) => one.id, make, (card, one) => {
    const samples = past.loops.get(one.id) ?? [];
    const busy = shares(samples);
    const now = (of) => count(rates(samples, of).at(-1) ?? 0);
    const longest = Math.max(one.polling?.[1] ?? 0, one.away_us ?? 0);
    const [title, state, rest] = card.children;
    mark(card, "class", longest >= report.slow_us ? "slow" : "");
    say(title, loopName(one));
    say(state, doing(one, names));
    const list = facts([
      ["busy", busy.length ? percent(busy.at(-1)) : "…"],
      ["turns, polls a second", `${now((s) => s.turns)}, ${now((s) => s.polls)}`],
      ["late: last, at most", `${nanos(one.late.last_ns)}, ${nanos(one.late.max_ns)}`],
      ["longest turn", nanos(one.turn.max_ns)],
      ["ready, inbox", `${count(one.ready)}, ${count(one.inbox)}`],
      ["tasks, ever", `${count(one.tasks)}, ${count(one.spawned)}`],
      ["timers, descriptors", `${count(one.timers)}, ${count(one.descriptors)}`],
      ["pool: threads, queue", `${one.pool_threads}, ${one.pool_queue}`],
    ]);
    const line = sparkline(busy, 1, "busy over time");
    rest.replaceChildren(line, list, ...[bars(one.lengths)].filter(Boolean));
  });
}

function drawTasks(report) {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const stuck = new Set(report.stuck.flat());
  const rows = arrange(report.tasks, byId("order").value).filter(({ task }) => matches(task, words));
  const shown = rows.slice(0, ROWS_MAX);
  const classes = ["", "", "place", "number", "number", "number", "place"];
  const make = ({ task }) => {
    const row = cells(classes);
    row.cells[0].append(element("span", { class: "indent" }), linkTo(task.id, task.name));
    row.dataset.task = task.id;
    return row;
  };
  reconcile(byId("tasks"), shown, ({ task }) => task.id, make, (row, { task, depth }) => {
    const state = stuck.has(task.id) ? "stuck" : task.state;
    const [indent, link] = row.cells[0].children;
    say(indent, "  ".repeat(Math.min(depth, 20)));
    say(link, task.name);
    mark(link, "aria-current", String(task.id === page.selected));
    mark(row.cells[1], "class", state);
    mark(row, "data-depth", String(depth));
    const since = task.waits.length ? duration(waitAge(task)) : "";
    const busy = duration(task.busy_us);
    sayCells(row, [null, state, waitText(task), since, count(task.polls), busy, task.place]);
  });
  const rest = rows.length - shown.length;
  const none = rows.length === 0 && words.length > 0 ? "No task has all of these words." : "";
  say(byId("more"), rest > 0 ? `${count(rest)} more tasks: search to narrow the list.` : none);
}

function drawSlow(report) {
  const make = (poll) => {
    const row = cells(["", "number", "number", "place", "place"]);
    row.cells[0].append(poll.task === null ? "" : linkTo(poll.task, poll.name));
    return row;
  };
  reconcile(byId("slow"), report.slow, (poll) => poll.number, make, (row, poll) => {
    const took = `${duration(poll.took_us)}${poll.lasts ? ", and lasts" : ""}`;
    say(row.cells[0].firstElementChild ?? row.cells[0], poll.name);
    mark(row, "class", poll.lasts ? "slow" : "");
    sayCells(row, [null, took, `${duration(poll.ago_us)} ago`, poll.place]);
    const stack = poll.stack.join("\n");
    const cell = row.cells[4];
    if (stack === "") say(cell, "nobody looked while it lasted");
    else if (cell.querySelector("pre")?.textContent !== stack) {
      const summary = element("summary", {}, poll.stack[0]);
      cell.replaceChildren(element("details", {}, summary, element("pre", {}, stack)));
    }
  });
  const limit = duration(report.slow_us);
  const none = report.debug ? `No poll has taken ${limit}.` : "Polls are measured in debug mode.";
  say(byId("slow-note"), report.slow.length ? `What took ${limit} or more, the newest first.` : none);
}

function limited(note, items) {
  const rest = items.length - ROWS_MAX;
  say(byId(note), rest > 0 ? `${count(rest)} more.` : items.length ? "" : "None.");
  return items.slice(0, ROWS_MAX);
}

function drawWaits(report) {
  const groups = limited("waits-note", groupWaits(report.tasks));
  plainRows("waits", ["", "place", "number", "number"], groups, (group) => group.key, (group) => [
    group.label,
    group.place,
    count(group.tasks),
    duration(group.longest),
  ]);
}

const loopName = (one) => `loop ${one.id} on ${one.name ?? `thread ${one.thread}`}`;

function drawTimers(report) {
  const numbers = ["", ...Array(6).fill("number")];
  plainRows("lateness", numbers, report.loops, (one) => one.id, (one) => [
    loopName(one),
    count(one.timers),
    count(one.fired),
    ...["last_ns", "mean_ns", "p99_ns", "max_ns"].map((of) => (one.late.count ? nanos(one.late[of]) : "")),
  ]);
  const timers = limited("timers-note", timersOf(report.tasks));
  timers.forEach((timer, at) => Object.assign(timer, { key: `${timer.task.id} ${at}` }));
  const make = ({ task }) => {
    const row = cells(["", "", "place", "number"]);
    row.cells[0].append(linkTo(task.id, task.name));
    return row;
  };
  reconcile(byId("timers"), timers, (timer) => timer.key, make, (row, { task, node }) => {
    say(row.cells[0].firstElementChild, task.name);
    sayCells(row, [null, node.label, node.place, duration(node.for_us)]);
  });
}

function drawThreads(report) {
  const numbers = ["", "number", "number", "number"];
  plainRows("pools", numbers, report.loops, (one) => one.id, (one) => [
    loopName(one),
    count(one.pool_threads),
    count(one.pool_idle),
    count(one.pool_queue),
  ]);
  const classes = ["number", "", "", "number", "number", ""];
  plainRows("threads", classes, report.threads, (thread) => thread.id, (thread) => [
    String(thread.id),
    thread.name,
    thread.state,
    thread.cpu_us === null ? "" : duration(thread.cpu_us),
    percent(shares(past.threads.get(thread.id) ?? []).at(-1) ?? 0),
    thread.loops.map((id) => `loop ${id}`).join(", "),
  ]);
  say(byId("threads-note"), report.threads.length ? "" : "This system does not tell.");
}

function history(id) {
  const samples = past.tasks.get(id) ?? [];
  const polls = rates(samples, (sample) => sample.polls);
  const busy = shares(samples);
  const most = Math.max(1, ...polls);
  const said =
    samples.length < 2
      ? "It begins when the task is chosen or the page is opened: one more second."
      : `${count(polls.at(-1))} polls a second, at most ${count(most)}; busy ${percent(busy.at(-1))}; ` +
        `over ${Math.round((samples.at(-1).now - samples[0].now) / 1000)} s`;
  return element(
    "div",
    { id: "history" },
    strip(samples),
    sparkline(polls, most, "polls a second"),
    sparkline(busy, 1, "busy over time"),
    element("p", { class: "faint" }, said),
  );
}

function drawDetail(report, names) {
  const detail = byId("detail");
  detail.hidden = page.selected === null;
  if (detail.hidden) return;
  const alive = report.tasks.find((one) => one.id === page.selected);
  const task = alive ?? (past.ended?.id === page.selected ? past.ended : null);
  const close = element("button", { type: "button", id: "close", "aria-label": "Close" }, "×");
  if (!task) {
    const title = element("h2", {}, `Task-${page.selected}`);
    detail.replaceChildren(close, title, element("p", {}, "It has ended."));
    return;
  }
  const link = (id) => (names.has(id) ? linkTo(id, names.get(id)) : `Task-${id}`);
  const list = (title, items) =>
    items.length ? [element("h3", {}, title), element("ul", {}, ...items)] : [];
  const item = (...parts) => element("li", {}, ...parts);
  const isStuck = report.stuck.some((circle) => circle.includes(task.id));
  const state = !alive ? "ended; this is how it was last" : isStuck ? `${task.state}, stuck` : task.state;
  const children = report.tasks.filter((one) => one.parent === task.id);
  const some = children.slice(0, 20).map((one) => item(linkTo(one.id, one.name)));
  if (children.length > 20) some.push(item(`and ${children.length - 20} more`));
  const slow = report.slow.filter((poll) => poll.task === task.id);
  const home = report.loops.find((one) => one.id === task.home);
  detail.replaceChildren(
    close,
    element("h2", {}, task.name),
    facts([
      ["number", String(task.id)],
      ["state", state],
      ["future", task.type_name],
      ["spawned at", task.place],
      ["spawned by", task.parent === null ? "no task" : link(task.parent)],
      ["runs on", home ? loopName(home) : "the pool of its loop"],
      ["known for", duration(task.age_us)],
      ["polls", count(task.polls)],
      ["busy", duration(task.busy_us)],
    ]),
    element("h3", {}, "Waits for"),
    task.waits.length ? tree(task.waits) : element("p", { class: "faint" }, waitText(task) || "nothing"),
    ...list("Holds", task.holds.map((hold) =>
      item(`${hold.kind} for ${duration(hold.for_us)}, taken at ${hold.place}`))),
    ...list("Awaited by", task.awaited_by.map((by) => item(link(by.task), `: ${by.stack.join(" ← ")}`))),
    ...list("Spawned", some),
    ...list("Slow polls", slow.map((poll) =>
      item(`${duration(poll.took_us)}, ${duration(poll.ago_us)} ago`))),
    element("h3", {}, "History"),
    history(task.id),
  );
}

const VIEWS = { tasks: drawTasks, slow: drawSlow, waits: drawWaits, timers: drawTimers, threads: drawThreads };

function draw() {
  const report = page.report;
  if (!report) return;
  const names = new Map(report.tasks.map((task) => [task.id, task.name]));
  const states = { running: 0, ready: 0, waiting: 0 };
  for (const task of report.tasks) states[task.state] += 1;
  say(byId("program"), `${report.program} (process ${report.pid})`);
  say(byId("counts"),
    `${count(report.tasks.length)} tasks: ${count(states.running)} running, ${count(states.ready)} ready, ` +
    `${count(states.waiting)} waiting`);
  mark(byId("debug"), "aria-pressed", String(report.debug));
  drawNotices(report, names);
  drawLoops(report, names);
  for (const tab of byId("tabs").children) {
    const is = tab.dataset.view === page.view;
    mark(tab, "aria-pressed", String(is));
    byId(`view-${tab.dataset.view}`).hidden = !is;
  }
  const slow = report.slow.length;
  say(byId("tabs").querySelector("[data-view=slow]"), slow ? `Slow polls (${slow})` : "Slow polls");
  VIEWS[page.view](report);
  drawDetail(report, names);
}

async function ask() {
  if (page.frozen || document.hidden) return;
  try {
    const answer = await fetch("report", { cache: "no-store" });
    if (!answer.ok) throw new Error(`the program answers ${answer.status}`);
    const report = complete(await answer.json());
    if (page.frozen) return;
    page.report = report;
    page.trouble = null;
    past.remember(report, page.selected, Date.now());
    document.body.dataset.state = "live";
  } catch (error) {
    page.trouble = error.message;
    document.body.dataset.state = "gone";
    if (!page.report) say(byId("notices"), `No answer: ${error.message}`);
  }
  draw();
}

async function run() {
  for (;;) {
    const begun = performance.now();
    await ask();
    const took = performance.now() - begun;
    await new Promise((resolve) => setTimeout(resolve, Math.max(PERIOD_MS - took, REST_PER_WORK * took)));
  }
}

function choose(id) {
  page.selected = page.selected === id ? null : id;
  draw();
}

document.addEventListener("click", (event) => {
  const go = event.target.closest?.("[data-go]");
  if (go) choose(Number(go.dataset.go));
  if (event.target.id === "close") choose(page.selected);
  const tab = event.target.closest?.("[data-view]");
  if (tab) {
    page.view = tab.dataset.view;
    draw();
  }
});
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
