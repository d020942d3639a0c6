// Pieces of the page. All text goes into the document as text, never as markup: names are the program's.
"use strict";

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Makes the children of `parent` those of `items`, keeping the elements of those that were there: what is
// focused, opened, or under a pressed mouse button stays so.
function reconcile(parent, items, keyOf, make, update) {
  const there = new Map();
  for (const child of parent.children) there.set(child.dataset.key, child);
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = there.get(key);
    there.delete(key);
    if (!child) {
      child = make(item);
      child.dataset.key = key;
    }
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
    update(child, item);
  }
  for (const gone of there.values()) gone.remove();
}

// Sets what differs: text that is selected stays so.
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function mark(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

// A row of a table: texts, the classes of whose cells are `classes`.
function cells(classes) {
  return element("tr", {}, ...classes.map((name) => element("td", name ? { class: name } : {})));
}

function sayCells(row, texts) {
  texts.forEach((text, at) => {
    if (text !== null) say(row.cells[at], text);
  });
}

// A table of plain texts.
function plainRows(id, classes, items, keyOf, texts) {
  const make = () => cells(classes);
  reconcile(document.getElementById(id), items, keyOf, make, (row, item) => sayCells(row, texts(item)));
}

const linkTo = (id, name) => element("button", { type: "button", class: "link", "data-go": id }, name);

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
    list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  }
  return list;
}

const SVG = "http://www.w3.org/2000/svg";

function svg(box, label) {
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("viewBox", box);
  made.setAttribute("preserveAspectRatio", "none");
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", label);
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// A line of numbers over time, the newest at the right; `most` is the top.
function sparkline(numbers, most, label) {
  const made = svg("0 0 100 40", label);
  const step = 100 / Math.max(1, HISTORY_MAX - 2);
  const points = numbers.map((number, at) => {
    const x = 100 - (numbers.length - 1 - at) * step;
    return `${x.toFixed(2)} ${(38 - (number / Math.max(most, 1e-9)) * 36).toFixed(2)}`;
  });
  if (points.length === 1) points.unshift(points[0].replace(/^\S+/, "0"));
  if (points.length > 0) made.append(shape("path", { d: `M ${points.join(" L ")}` }));
  return made;
}

// What state a task was in, sample by sample.
function strip(samples) {
  const made = svg(`0 0 ${HISTORY_MAX} 6`, "states over time");
  const from = HISTORY_MAX - samples.length;
  samples.forEach((sample, at) => {
    made.append(shape("rect", { x: from + at, y: 0, width: 1.05, height: 6, class: sample.state }));
  });
  return made;
}

// How many measured polls took how long, as bars: each is for twice the length of the one before.
function bars(lengths) {
  const first = lengths.findIndex((number) => number > 0);
  if (first < 0) return null;
  const last = lengths.findLastIndex((number) => number > 0);
  const shown = lengths.slice(first, last + 1);
  const most = Math.max(...shown);
  const range = `${nanos(first ? 2 ** (first - 1) : 0)} to ${nanos(2 ** last)}`;
  const made = svg(`0 0 ${shown.length} 40`, `lengths of polls, ${range}`);
  shown.forEach((number, at) => {
    // Logarithmic: the few long ones are those one looks for.
    const height = number ? 3 + (35 * Math.log1p(number)) / Math.log1p(most) : 0;
    const bar = shape("rect", { x: at + 0.1, y: 40 - height, width: 0.8, height });
    const title = shape("title", {});
    title.textContent = `${count(number)} below ${nanos(2 ** (first + at))}`;
    bar.append(title);
    made.append(bar);
  });
  return element("figure", { class: "bars" }, made, element("figcaption", { class: "faint" }, range));
}
