// What can be told of reports without drawing anything: words, orders, rates, histories.
"use strict";

// Samples kept of each task and loop, one a report.
const HISTORY_MAX = 120;
// Of more tasks than this no history is kept but the chosen one's: it would be hundreds of megabytes.
const HISTORY_TASKS_MAX = 2000;

function duration(us) {
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${(us / 1e3).toFixed(1)} ms`;
  if (us < 60e6) return `${(us / 1e6).toFixed(1)} s`;
  if (us < 3600e6) return `${Math.floor(us / 60e6)} min ${Math.floor((us % 60e6) / 1e6)} s`;
  return `${Math.floor(us / 3600e6)} h ${Math.floor((us % 3600e6) / 60e6)} min`;
}

const nanos = (ns) => duration(ns / 1000);

// 1234 as 1,234, 12345678 as 12.3 M: a column of counts stays narrow.
function count(number) {
  return number < 1e6 ? Math.round(number).toLocaleString("en") : `${(number / 1e6).toFixed(1)} M`;
}

// Fills in what a report leaves out because it is empty.
function complete(report) {
  const node = (one) => {
    one.on ??= [];
    (one.children ??= []).forEach(node);
  };
  for (const task of report.tasks) {
    task.parent ??= null;
    task.late ??= false;
    task.holds ??= [];
    task.awaited_by ??= [];
    (task.waits ??= []).forEach(node);
  }
  return report;
}

// The waits of a task that stand for it in one line: the innermost of each branch.
function leaves(nodes, found = []) {
  for (const node of nodes) {
    if (node.children.length) leaves(node.children, found);
    else found.push(node);
  }
  return found;
}

// What there is to say of a task without waits that is older than debug mode: the words of the tables.
function unknownWait(task) {
  if (!task.late || task.state === "running") return "";
  return task.polls === 0 ? "waits since before debug mode" : "may wait since before debug mode";
}

function waitText(task) {
  const waits = leaves(task.waits);
  if (waits.length === 0) return unknownWait(task);
  const [first] = waits;
  const others = waits.length > 1 ? ` and ${waits.length - 1} more` : "";
  return `${first.label}${others} ${first.place}`;
}

function waitAge(task) {
  return leaves(task.waits).reduce((most, node) => Math.max(most, node.for_us), 0);
}

function matches(task, words) {
  if (words.length === 0) return true;
  const waits = leaves(task.waits).map((node) => `${node.label} ${node.place}`);
  const text = [task.name, `Task-${task.id}`, task.place, task.type_name, task.state, ...waits]
    .join("\n")
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

// Tasks in the chosen order, each with its depth.
function arrange(tasks, order) {
  const flat = (by) => {
    const keyed = tasks.map((task) => ({ task, depth: 0, key: by(task) }));
    return keyed.sort((a, b) => b.key - a.key);
  };
  if (order === "busy") return flat((task) => task.busy_us);
  if (order === "polls") return flat((task) => task.polls);
  if (order === "oldest") return flat(waitAge);
  const known = new Set(tasks.map((task) => task.id));
  const above = (task) =>
    order === "awaited" ? task.awaited_by.find((by) => known.has(by.task))?.task : task.parent;
  const children = new Map();
  const roots = [];
  for (const task of tasks) {
    const parent = above(task);
    if (parent === undefined || parent === null || parent === task.id || !known.has(parent)) {
      roots.push(task);
    } else if (children.has(parent)) {
      children.get(parent).push(task);
    } else {
      children.set(parent, [task]);
    }
  }
  const rows = [];
  const drawn = new Set();
  const open = [];
  const walk = (root) => {
    open.push({ task: root, depth: 0 });
    while (open.length > 0) {
      const row = open.pop();
      if (drawn.has(row.task.id)) continue;
      drawn.add(row.task.id);
      rows.push(row);
      const below = children.get(row.task.id) ?? [];
      for (let at = below.length - 1; at >= 0; at -= 1) {
        open.push({ task: below[at], depth: row.depth + 1 });
      }
    }
  };
  roots.forEach(walk);
  // Circles have no root: their members come last, each once.
  tasks.forEach(walk);
  return rows;
}

// What is waited for, and where: how many tasks, and for how long.
function groupWaits(tasks) {
  const groups = new Map();
  for (const task of tasks) {
    for (const node of leaves(task.waits)) {
      const key = `${node.label} ${node.place}`;
      const group = groups.get(key) ?? { key, label: node.label, place: node.place, tasks: 0, longest: 0 };
      group.tasks += 1;
      group.longest = Math.max(group.longest, node.for_us);
      groups.set(key, group);
    }
  }
  return [...groups.values()].sort((a, b) => b.tasks - a.tasks || b.longest - a.longest);
}

// Every wait for a moment and every limit in time, each with its task.
function timersOf(tasks) {
  const found = [];
  const walk = (task, nodes) => {
    for (const node of nodes) {
      if (node.label === "sleep" || node.label === "timeout") found.push({ task, node });
      walk(task, node.children);
    }
  };
  for (const task of tasks) walk(task, task.waits);
  return found.sort((a, b) => b.node.for_us - a.node.for_us);
}

// What tasks and loops were like in the reports before, for as long as the page is open.
const past = {
  tasks: new Map(),
  loops: new Map(),
  threads: new Map(),
  ended: null,

  // Keeps a sample of everything in `report`; of the task `chosen` in any case, also what it was last.
  remember(report, chosen, now) {
    const keep = (map, id, sample) => {
      const samples = map.get(id) ?? [];
      samples.push(sample);
      if (samples.length > HISTORY_MAX) samples.shift();
      map.set(id, samples);
    };
    const forget = (map, alive, but) => {
      for (const id of map.keys()) if (!alive.has(id) && id !== but) map.delete(id);
    };
    const few = report.tasks.length <= HISTORY_TASKS_MAX;
    const alive = new Set();
    for (const task of report.tasks) {
      if (task.id === chosen) this.ended = task;
      if (!few && task.id !== chosen) continue;
      alive.add(task.id);
      keep(this.tasks, task.id, { now, polls: task.polls, busy: task.busy_us, state: task.state });
    }
    forget(this.tasks, alive, chosen);
    for (const one of report.loops) {
      const { polls, turns, busy_us: busy, late } = one;
      keep(this.loops, one.id, { now, polls, turns, busy, late: late.last_ns, lates: late.count });
    }
    forget(this.loops, new Set(report.loops.map((one) => one.id)));
    for (const thread of report.threads) {
      keep(this.threads, thread.id, { now, busy: thread.cpu_us ?? 0 });
    }
    forget(this.threads, new Set(report.threads.map((thread) => thread.id)));
  },
};

// How much `of` grew a second between each two samples.
function rates(samples, of) {
  return samples.slice(1).map((sample, at) => {
    const before = samples[at];
    return (Math.max(0, of(sample) - of(before)) * 1000) / Math.max(1, sample.now - before.now);
  });
}

// Which part of a second it was busy: busy times are in microseconds.
function shares(samples) {
  return rates(samples, (sample) => sample.busy).map((us) => Math.min(1, us / 1e6));
}

const percent = (share) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
