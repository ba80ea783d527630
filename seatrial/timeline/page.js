"use strict";
// One run, read from the packed columns in #data. Row numbers are indices into those columns.

const $ = (id) => document.getElementById(id);
const LANE = 22, AXIS = 22, OVERVIEW = 16, ROW = 24, NEAR = 7; // pixels
const CALM = 0, FAULT = 1, BROKEN = 3; // 2 is what was lost
const WEIGHTS = ["", "fault", "lost", "broken"];
const FAINT = 0.18; // what the filters leave out
const SHORTEST = 2000; // nanoseconds across the plot
const LONG = 2e9; // what lasts longer is drawn whether or not it began in sight

let D; // the data as it came
let at; // nanoseconds since the start, per row
let total = 0;
let effects; // per row, the rows that it led to
let mentions; // per name, the rows that carry it, ascending
let hay = []; // per row, what a search looks at
let view = []; // rows that pass the filters, ascending
let inView; // per row, whether it does
let lasting; // per row, nanoseconds until the end of it
let selected = -1;
let story = -1; // the name whose rows "near" marks and "[" "]" walk along
let terms = [];
let from = 0, to = 1; // the plot's window, nanoseconds
const hidden = new Set(); // lanes
const only = { kind: -1, name: -1 };
const beliefs = [[], []]; // belief, truth: per subject, ascending [row, standing]

// --- small tools -------------------------------------------------------------------------------

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "click") made.addEventListener("click", value);
    else if (value !== false && value !== undefined && value !== "") made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== "" && child !== undefined));
  return made;
}

/** The first index of an ascending array whose value is not below `value`. */
function lowerBound(values, value, read = (x) => x) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (read(values[middle]) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function seconds(ns, digits = 6) {
  return (ns / 1e9).toFixed(digits);
}

function span(ns) {
  if (ns < 1e6) return `${(ns / 1e3).toFixed(0)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(1)} ms`;
  return `${(ns / 1e9).toFixed(2)} s`;
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
/** Order ids without the date and time that they share with most: lists have little room. */
const short = (text) => text.replace(/\bO-\d{8}-\d{6}-/g, "O-..");
const laneOf = (row) => D.lanes[D.lane[row]];
const kindOf = (row) => D.kinds[D.kind[row]];

// --- reading the data --------------------------------------------------------------------------

async function unpack() {
  const packed = $("data").textContent;
  $("data").textContent = ""; // twice in memory is once too often
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function index(data) {
  D = data;
  total = D.at.length;
  at = new Float64Array(total);
  inView = new Uint8Array(total);
  lasting = new Float64Array(total);
  D.lane = Uint8Array.from(D.lane);
  D.weight = Uint8Array.from(D.weight);
  effects = Array.from({ length: total }, () => []);
  mentions = D.names.map(() => []);
  let now = 0;
  for (let row = 0; row < total; row++) {
    at[row] = now += D.at[row];
    for (const cause of D.causes[row]) effects[cause].push(row);
    for (const name of D.ids[row]) mentions[name].push(row);
    hay.push("");
  }
  for (const side of beliefs) side.push(...D.subjects.map(() => []));
  for (const [row, side, subject, standing] of D.changes) beliefs[side][subject].push([row, standing]);
}

/** What each part of the lanes has to look at. */
function sortOut() {
  for (let row = 0; row < total; row++) {
    lasting[row] = Math.max(D.arrived[row], D.ended[row]);
    if (lasting[row] > LONG) longRows.push(row);
    else longest = Math.max(longest, lasting[row]);
    (D.weight[row] === CALM ? calmRows : heavyRows).push(row);
    if (D.weight[row] === FAULT || D.weight[row] === BROKEN) overviewRows.push(row);
  }
}

/** Made when first searched: most pages are read without a search. */
function hayOf(row) {
  return (hay[row] ||= `${kindOf(row)} ${laneOf(row)} ${D.text[row]} ${D.body[row]}`.toLowerCase());
}

// --- what passes the filters -------------------------------------------------------------------

/** Whether a row names it, or is a fault that struck one that does. */
const isOf = (row, name) => D.ids[row].includes(name)
  || (D.weight[row] === FAULT && effects[row].some((struck) => D.ids[struck].includes(name)));

function passes(row) {
  if (hidden.has(D.lane[row])) return false;
  if (only.kind >= 0 && D.kind[row] !== only.kind) return false;
  if (only.name >= 0 && D.weight[row] !== BROKEN && !isOf(row, only.name)) return false;
  return terms.every((term) => hayOf(row).includes(term));
}

function filter() {
  view = [];
  for (let row = 0; row < total; row++) {
    inView[row] = passes(row) ? 1 : 0;
    if (inView[row]) view.push(row);
  }
  const all = view.length === total;
  $("count").textContent = all
    ? `${total.toLocaleString("en")} records`
    : `${view.length.toLocaleString("en")} of ${total.toLocaleString("en")} records`;
  $("clear").hidden = all;
  const name = only.name >= 0 ? only.name : story;
  $("story").hidden = name < 0;
  $("story").textContent = name < 0 ? "" : `Only ${D.names[name].join(" ")}`;
  $("story").setAttribute("aria-pressed", only.name >= 0);
  $("rows").style.height = `${view.length * ROW}px`;
  if (view.length && (selected < 0 || !inView[selected])) {
    select(view[clamp(lowerBound(view, selected), 0, view.length - 1)]);
  }
  reveal();
  refresh();
}

function clearFilters() {
  hidden.clear();
  only.kind = only.name = -1;
  terms = [];
  $("search").value = "";
  $("kind").value = "-1";
  for (const label of $("labels").children) label.setAttribute("aria-pressed", "true");
  filter();
}

// --- the list ----------------------------------------------------------------------------------

const pool = [];

function marked(text) {
  const first = terms[0];
  const found = first ? text.toLowerCase().indexOf(first) : -1;
  if (found < 0) return [text];
  const end = found + first.length;
  return [text.slice(0, found), element("mark", {}, text.slice(found, end)), text.slice(end)];
}

function drawList() {
  const list = $("list");
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 4);
  const last = Math.min(view.length, first + Math.ceil(list.clientHeight / ROW) + 9);
  while (pool.length < last - first) {
    const cells = ["no", "at", "lane", "kind", "text"].map((name) => element("span", { class: name }));
    const row = element("div", { role: "option" }, ...cells);
    pool.push({ row, cells, shows: "" });
    $("rows").append(row);
  }
  for (let spot = 0; spot < pool.length; spot++) {
    const { row, cells } = pool[spot];
    const place = first + spot;
    if (place >= last) {
      row.hidden = true;
      row.removeAttribute("id"); // another may show that record now
      pool[spot].shows = "";
      continue;
    }
    const of = view[place];
    const isSelected = of === selected;
    const near = story >= 0 && isOf(of, story);
    const shows = `${of} ${place} ${view.length} ${isSelected} ${near} ${terms[0] || ""}`;
    if (pool[spot].shows === shows) continue;
    pool[spot].shows = shows;
    row.hidden = false;
    row.id = `row-${of}`;
    row.className = `row ${WEIGHTS[D.weight[of]]}${near ? " near" : ""}`;
    row.style.transform = `translateY(${place * ROW}px)`;
    row.setAttribute("aria-selected", isSelected);
    row.setAttribute("aria-posinset", place + 1);
    row.setAttribute("aria-setsize", view.length);
    row.dataset.row = of;
    cells[0].textContent = D.number[of] || "";
    cells[1].textContent = seconds(at[of]);
    cells[2].textContent = laneOf(of);
    cells[3].replaceChildren(...marked(kindOf(of)));
    cells[4].replaceChildren(...marked(short(D.text[of])));
    cells[4].title = D.text[of];
  }
  const shown = selected >= 0 && $(`row-${selected}`);
  if (shown) $("list").setAttribute("aria-activedescendant", shown.id);
  else $("list").removeAttribute("aria-activedescendant");
}

/** Scroll so that the selected row is in sight, with some before it. */
function reveal() {
  const list = $("list");
  const place = lowerBound(view, selected);
  if (view[place] !== selected) return;
  const top = place * ROW;
  if (top < list.scrollTop + ROW) list.scrollTop = top - 3 * ROW;
  else if (top > list.scrollTop + list.clientHeight - 2 * ROW) {
    list.scrollTop = top - list.clientHeight + 4 * ROW;
  }
}

// --- selection ---------------------------------------------------------------------------------

function select(row, how = {}) {
  if (row < 0 || row >= total) return;
  if (how.show && !inView[row]) clearFilters();
  selected = row;
  const names = D.ids[row];
  if (names.length && !names.includes(story) && only.name < 0) {
    story = names.find((name) => D.names[name][0] === "order") ?? names[0];
    $("story").hidden = false;
    $("story").textContent = `Only ${D.names[story].join(" ")}`;
  }
  if (how.show || how.move) {
    reveal();
    keepInWindow(at[row]);
  }
  panelIsDue = true;
  refresh();
}

function move(steps) {
  if (!view.length) return;
  const place = lowerBound(view, selected);
  select(view[clamp(place + steps, 0, view.length - 1)], { move: true });
}

/** To the next row, in a direction, that `wanted` accepts. */
function seek(direction, wanted) {
  for (let row = selected + direction; row >= 0 && row < total; row += direction) {
    if (wanted(row)) return select(row, { show: true });
  }
}

function verdictRow() {
  const row = D.weight.lastIndexOf(BROKEN);
  return row < 0 ? total - 1 : row;
}

// --- lanes -------------------------------------------------------------------------------------

const canvas = $("canvas");
const brush = canvas.getContext("2d");
const colours = {};
let width = 0, height = 0, longest = 0;

function takeColours() {
  const probe = element("span", {});
  document.body.append(probe);
  for (const name of ["raised", "line", "ink", "soft", "mark", "accent", "chosen", "fault", "lost", "bad"]) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
}

function measure() {
  const scale = window.devicePixelRatio || 1;
  width = $("plot").clientWidth;
  height = AXIS + D.lanes.length * LANE + OVERVIEW;
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  brush.setTransform(scale, 0, 0, scale, 0, 0);
}

const x = (ns) => ((ns - from) / (to - from)) * width;
const middleOf = (lane) => AXIS + lane * LANE + LANE / 2;
const runEnd = () => (total ? at[total - 1] : 1);

function lookAt(start, end) {
  const edge = Math.max(runEnd() * 0.02, SHORTEST);
  const size = clamp(end - start, SHORTEST, runEnd() + 2 * edge);
  from = clamp(start, -edge, runEnd() + edge - size);
  to = from + size;
  refresh();
}

function keepInWindow(ns) {
  const size = to - from;
  if (ns < from + size * 0.02 || ns > to - size * 0.02) lookAt(ns - size / 2, ns + size / 2);
}

function zoom(factor, around = (from + to) / 2) {
  lookAt(around - (around - from) * factor, around + (to - around) * factor);
}

const pan = (share) => lookAt(from + (to - from) * share, to + (to - from) * share);

function drawAxis() {
  const rough = ((to - from) / width) * 110;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const digits = clamp(Math.ceil(9 - Math.log10(step)), 0, 9);
  brush.font = "11.5px system-ui, sans-serif";
  brush.textBaseline = "middle";
  for (let ns = Math.ceil(from / step) * step; ns < to; ns += step) {
    brush.fillStyle = colours.line;
    brush.fillRect(Math.round(x(ns)), AXIS - 5, 1, height - AXIS - OVERVIEW + 5);
    brush.fillStyle = colours.soft;
    brush.fillText(`${seconds(ns, digits)} s`, x(ns) + 4, AXIS / 2);
  }
  for (let lane = 0; lane <= D.lanes.length; lane++) {
    brush.fillStyle = colours.line;
    brush.fillRect(0, AXIS + lane * LANE, width, 1);
  }
}

const strokeOf = (row) => [colours.mark, colours.fault, colours.lost, colours.bad][D.weight[row]];

/** From sending to the end of it, with a notch where a request reached the venue. */
function drawSpan(row) {
  const left = x(at[row]), right = x(at[row] + lasting[row]), y = middleOf(D.lane[row]);
  if (right - left < 3 || right < 0) return;
  brush.fillStyle = strokeOf(row);
  brush.globalAlpha = inView[row] ? 0.45 : FAINT / 2;
  brush.fillRect(Math.max(left, -9), y - 2, Math.min(right, width + 9) - Math.max(left, -9), 4);
  brush.globalAlpha = inView[row] ? 1 : FAINT;
  if (D.ended[row] > 0 && D.arrived[row] > 0) brush.fillRect(x(at[row] + D.arrived[row]), y - 4, 1, 8);
  brush.fillRect(right - 1, y - 4, 2, 8);
}

/** Marks that would fall on one pixel of a lane are drawn once, the weightiest on top. */
function drawMarks() {
  for (const row of longRows) if (at[row] <= to && !hidden.has(D.lane[row])) drawSpan(row);
  const shows = D.lanes.map((_, lane) => !hidden.has(lane));
  const done = new Int32Array(D.lanes.length * 2); // per lane, the last pixel drawn: out of view, in
  const perNs = width / (to - from);
  for (const heavy of [false, true]) {
    const rows = heavy ? heavyRows : calmRows;
    done.fill(-9);
    for (let n = lowerBound(rows, from - longest, (row) => at[row]); n < rows.length; n++) {
      const row = rows[n], lane = D.lane[row];
      if (at[row] > to) break;
      if (!shows[lane]) continue;
      const left = (at[row] - from) * perNs, pixel = Math.round(left), slot = lane * 2 + inView[row];
      if (lasting[row] * perNs > 3 && lasting[row] <= LONG) drawSpan(row);
      if (done[slot] === pixel || left < -6) continue;
      done[slot] = pixel;
      brush.globalAlpha = inView[row] ? 1 : FAINT;
      brush.fillStyle = strokeOf(row);
      if (heavy) {
        brush.beginPath();
        brush.arc(left, middleOf(lane), D.weight[row] === BROKEN ? 6 : 4, 0, 7);
        brush.fill();
      } else brush.fillRect(pixel - 1, middleOf(lane) - 6, 2, 12);
    }
  }
  brush.globalAlpha = 1;
}

function drawLinks() {
  if (selected < 0) return;
  const links = [...D.causes[selected], ...effects[selected]].slice(0, 60);
  brush.strokeStyle = colours.accent;
  brush.lineWidth = 1.5;
  for (const row of links) {
    if (hidden.has(D.lane[row])) continue;
    const [early, late] = row < selected ? [row, selected] : [selected, row];
    const x0 = x(at[early]), x1 = x(at[late]), y0 = middleOf(D.lane[early]), y1 = middleOf(D.lane[late]);
    brush.beginPath();
    brush.moveTo(x0, y0);
    brush.bezierCurveTo(x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, x1, y1);
    brush.stroke();
    brush.beginPath();
    brush.arc(x(at[row]), middleOf(D.lane[row]), 3, 0, 7);
    brush.fillStyle = colours.accent;
    brush.fill();
  }
  if (story >= 0) {
    const rows = mentions[story];
    for (let n = lowerBound(rows, from, (row) => at[row]); n < rows.length && at[rows[n]] <= to; n++) {
      brush.strokeRect(x(at[rows[n]]) - 4, middleOf(D.lane[rows[n]]) - 8, 8, 16);
    }
  }
}

function drawLines() {
  for (const [row, colour] of [[verdictRow(), "bad"], [selected, "accent"]]) {
    if (row < 0 || !total || (colour === "bad" && D.weight[row] !== BROKEN)) continue;
    brush.fillStyle = colours[colour];
    brush.fillRect(Math.round(x(at[row])) - 0.5, AXIS - 6, 1.5, height - AXIS - OVERVIEW + 6);
    if (colour === "accent") {
      brush.lineWidth = 2;
      brush.strokeStyle = colours.accent;
      brush.beginPath();
      brush.arc(x(at[row]), middleOf(D.lane[row]), 8, 0, 7);
      brush.stroke();
    }
  }
}

/** The whole run below: faults, what broke, and which part is above. */
function drawOverview() {
  const top = height - OVERVIEW, all = (ns) => (ns / (runEnd() || 1)) * (width - 2);
  brush.fillStyle = colours.raised;
  brush.fillRect(0, top, width, OVERVIEW);
  brush.fillStyle = colours.chosen;
  brush.fillRect(all(Math.max(from, 0)), top, Math.max(3, all(Math.min(to, runEnd())) - all(Math.max(from, 0))), OVERVIEW);
  let last = -9;
  for (const row of overviewRows) {
    const pixel = Math.round(all(at[row]));
    if (pixel === last && D.weight[row] === FAULT) continue;
    last = pixel;
    brush.fillStyle = strokeOf(row);
    brush.fillRect(pixel, top + 3, D.weight[row] === BROKEN ? 3 : 1, OVERVIEW - 6);
  }
  brush.strokeStyle = colours.accent;
  brush.lineWidth = 1;
  brush.strokeRect(all(Math.max(from, 0)) + 0.5, top + 0.5, Math.max(3, all(Math.min(to, runEnd())) - all(Math.max(from, 0))) - 1, OVERVIEW - 1);
}

let overviewRows = [], longRows = [], heavyRows = [], calmRows = [];

function drawLanes() {
  brush.clearRect(0, 0, width, height);
  drawAxis();
  drawLinks();
  drawMarks();
  drawLines();
  drawOverview();
}

/** The row nearest to a point of the plot: those in view first. */
function rowAt(px, py) {
  const lane = Math.floor((py - AXIS) / LANE);
  if (lane < 0 || lane >= D.lanes.length) return -1;
  const perPixel = (to - from) / width;
  const ns = from + px * perPixel;
  let best = -1, distance = NEAR;
  for (let row = lowerBound(at, ns - NEAR * perPixel); row < total && at[row] <= ns + NEAR * perPixel; row++) {
    const off = Math.abs(x(at[row]) - px);
    if (D.lane[row] === lane && inView[row] && off < distance) [best, distance] = [row, off];
  }
  return best;
}

// --- belief and truth --------------------------------------------------------------------------

function standingAt(side, subject, row) {
  const held = beliefs[side][subject];
  const after = lowerBound(held, row + 1, (change) => change[0]);
  return after ? held[after - 1][1] : null;
}

const WAITING = ["INITIALIZED", "SUBMITTED", "PENDING_UPDATE", "PENDING_CANCEL", "EMULATED", "RELEASED"];
const NEVER_THERE = ["INITIALIZED", "DENIED", "REJECTED"];
const OVER = ["DENIED", "REJECTED", "CANCELED", "EXPIRED", "FILLED"];

/** How belief and truth of a subject compare: "same", "flight" (an answer is due) or "differs". */
function compare(sort, belief, truth) {
  if (!belief && !truth) return "same";
  if (sort === "position") return (belief?.[0] ?? "0") === (truth?.[0] ?? "0") ? "same" : "differs";
  if (sort === "balance") {
    if (!belief) return "flight"; // not asked for yet
    return truth && belief.every((part, n) => part === truth[n]) ? "same" : "differs";
  }
  if (!truth) return NEVER_THERE.includes(belief[1]) ? "same" : "flight";
  if (!belief) return "differs";
  const [, ours, size, filled, price] = belief;
  const [, theirs, trueSize, trueFilled, truePrice] = truth;
  const cutDown = theirs === "CANCELED" && ours === "FILLED" && trueSize === trueFilled;
  const open = !OVER.includes(ours);
  const same = (ours === theirs || cutDown) && filled === trueFilled
    && (!open || (size === trueSize && price === truePrice));
  if (same) return "same";
  return WAITING.includes(ours) ? "flight" : "differs";
}

const compareAt = (subject, row) =>
  compare(D.subjects[subject][0], standingAt(0, subject, row), standingAt(1, subject, row));

/** Since when belief and truth have been apart without a break. */
function apartSince(subject, row) {
  const turns = [...beliefs[0][subject], ...beliefs[1][subject]].map((change) => change[0]);
  let since = row;
  for (const change of turns.filter((turn) => turn <= row).sort((a, b) => b - a)) {
    if (compareAt(subject, change) === "same") break;
    since = change;
  }
  return since;
}

/** One side in words, the parts that the other does not share set off. */
function told(sort, standing, other) {
  if (!standing) return [element("b", {}, sort === "order" ? "unknown" : sort === "position" ? "0" : "not known")];
  const part = (n, before = "") => {
    if (standing[n] === "") return [];
    const differs = !other || (other[n] !== standing[n] && !(other[n] === undefined));
    return [before, differs ? element("b", {}, standing[n]) : standing[n]];
  };
  if (sort === "position") return part(0);
  if (sort === "balance") return [...part(0), " ", ...part(1, "locked ")];
  return [
    ...part(1), ` ${standing[0]} `, ...part(3), " of ", ...part(2), ...part(4, " @ "), ...part(5, " trigger "),
  ];
}

function subjectsOf(row) {
  const named = D.ids[row].length ? D.ids[row] : story >= 0 ? [story] : [];
  const keys = new Set(named.map((name) => D.names[name].join(" ")));
  return new Set(D.subjects.flatMap((subject, n) => (keys.has(subject.join(" ")) ? [n] : [])));
}

let wantsRest = false; // the fold stays as it was left

function drawStanding() {
  const box = $("standing");
  if (selected < 0) return box.replaceChildren();
  $("standing-title").replaceChildren("Belief and truth ", element("span", {}, `at ${seconds(at[selected], 9)} s`));
  const mine = subjectsOf(selected);
  const own = [], rest = [];
  D.subjects.forEach(([sort], subject) => {
    const belief = standingAt(0, subject, selected), truth = standingAt(1, subject, selected);
    if (!belief && !truth) return;
    const state = compare(sort, belief, truth);
    const over = sort === "order" && state === "same" && OVER.includes(belief?.[1]);
    const rank = ["differs", "flight", "same"].indexOf(state) + (over ? 1 : 0);
    (mine.has(subject) ? own : rest).push({ subject, sort, belief, truth, state, rank });
  });
  rest.sort((a, b) => a.rank - b.rank || a.subject - b.subject);
  const apart = rest.filter((line) => line.state === "differs").length;
  const lines = (all) => element("tbody", {}, ...all.slice(0, 300).map(standingLine));
  const head = element("tr", {}, ...["Subject", "Kernel believes", "Venue holds"].map((text) => element("th", { scope: "col" }, text)));
  const table = element("table", {}, element("thead", {}, head), lines(own));
  box.replaceChildren(own.length ? table : "");
  if (!rest.length) return own.length ? undefined : box.replaceChildren(element("p", { class: "quiet" }, "Nothing is held yet."));
  const title = `${own.length ? "All else held" : "Held"}: ${apart} ${apart === 1 ? "differs" : "differ"}, ${rest.length - apart} do not`;
  const fold = element("details", { open: wantsRest || !own.length }, element("summary", {}, title), element("table", {}, lines(rest)));
  fold.addEventListener("toggle", () => { if (own.length) wantsRest = fold.open; });
  box.append(fold);
}

function standingLine({ subject, sort, belief, truth, state }) {
  let note = "";
  if (state !== "same") {
    const since = at[selected] - at[apartSince(subject, selected)];
    note = `${state === "flight" ? "under way" : "differs"}${since ? ` for ${span(since)}` : ""}`;
  } else if (sort === "order" && !truth && belief) note = "never at the venue";
  const name = element("th", { scope: "row" }, D.subjects[subject][1], note && element("small", {}, note));
  const cells = [[belief, truth], [truth, belief]].map(([one, other]) =>
    element("td", { class: "mono" }, ...(state === "same" && !one ? ["-"] : told(sort, one, state === "same" ? one : other))));
  return element("tr", { class: state }, name, ...cells);
}

// --- the selected record -----------------------------------------------------------------------

function link(row) {
  const cells = [
    element("span", { class: "at" }, seconds(at[row])),
    element("span", { class: "lane" }, laneOf(row)),
    element("span", { class: WEIGHTS[D.weight[row]], title: D.text[row] }, `${kindOf(row)} ${short(D.text[row])}`),
  ];
  const current = row === selected ? "true" : "";
  return element("li", {}, element("button", { type: "button", "aria-current": current, click: () => select(row, { show: true }) }, ...cells));
}

function links(title, rows, extra) {
  if (!rows.length) return "";
  const place = clamp(lowerBound(rows, selected) - 9, 0, Math.max(0, rows.length - 14)); // the run-up
  const shown = rows.length > 14 ? rows.slice(place, place + 14) : rows;
  const more = rows.length > shown.length ? ` (${shown.length} of ${rows.length})` : "";
  const head = element("div", { class: "grouphead" }, element("h3", {}, title + more), extra || "");
  return element("div", {}, head, element("ul", { class: "links" }, ...shown.map(link)));
}

/** A value as the reader gave it: messages by their fields, everything else as it is. */
function shown(value) {
  if (Array.isArray(value)) {
    const fields = typeof value[0] === "string" ? D.types[value[0]] : undefined;
    if (fields && value.length <= fields.length + 1) {
      const facts = fields.map((field, n) => [field, value[n + 1]]).filter(([, item]) => item !== null && item !== undefined);
      return element("div", { class: "inner" }, element("p", {}, value[0]), factsOf(facts));
    }
    if (!value.length) return "none";
    if (!value.some(Array.isArray)) return value.join(", ");
    if (value.every((item) => Array.isArray(item) && !item.some(Array.isArray) && !D.types[item[0]])) {
      return value.map((item) => item.join(" x ")).join(", ");
    }
    return element("div", {}, ...value.map(shown));
  }
  return value === null ? "none" : String(value);
}

function factsOf(entries) {
  return element("dl", { class: "facts" }, ...entries.flatMap(([name, value]) => [
    element("dt", {}, name.replaceAll("_", " ")), element("dd", {}, shown(value)),
  ]));
}

function drawRecord() {
  const box = $("record");
  if (selected < 0) return box.replaceChildren();
  const row = selected;
  const number = D.number[row] ? `record ${D.number[row]}` : "beside the trace";
  $("record-title").replaceChildren(`${kindOf(row)} `, element("span", {}, `${laneOf(row)}, ${number}`));
  const groups = D.ids[row].slice(0, 12).map((name) => {
    const toggle = element("button", { type: "button", click: () => onlyName(name) }, "only these");
    return mentions[name].length > 1 ? links(D.names[name].join(" "), mentions[name], toggle) : "";
  });
  box.replaceChildren(
    element("p", {}, D.text[row]),
    ...[
      links("Caused by", [...D.causes[row]].sort((a, b) => a - b)),
      links("Led to", effects[row]),
      ...groups,
      element("h3", {}, "Everything in it"),
      factsOf(Object.entries(JSON.parse(D.body[row]))),
    ].filter(Boolean),
  );
}

function onlyName(name) {
  only.name = only.name === name ? -1 : name;
  story = name;
  filter();
}

// --- drawing when something changed ------------------------------------------------------------

let frame = 0, listFrame = 0, panelIsDue = false, panelTimer = 0;

/** Scrolling moves nothing in the lanes, whose drawing is the dearer half of a frame. */
function drawListSoon() {
  listFrame ||= requestAnimationFrame(() => {
    listFrame = 0;
    if (!frame) drawList(); // a whole drawing is due in this very frame
  });
}

function refresh() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    drawLanes();
    drawList();
    if (panelIsDue) {
      panelIsDue = false;
      clearTimeout(panelTimer); // while a key is held down only the list has to keep up
      panelTimer = setTimeout(() => { drawStanding(); drawRecord(); }, 30);
    }
  });
}

// --- opening -----------------------------------------------------------------------------------

function fillHeader() {
  const run = D.run;
  const broken = run.verdict !== "PASS";
  $("verdict").textContent = `${run.verdict} ${run.property}`.trim();
  $("verdict").classList.toggle("bad", broken);
  $("run").textContent = run.run;
  const when = total ? `${seconds(runEnd(), 3)} s into the run, turn ${run.turn || run.counts.turns}, ` : "";
  $("when").textContent = `${when}${run.records} trace records, digest ${run.digest.slice(0, 12)}`;
  const subject = run.subject ? `${run.subject}: ` : "";
  $("headline").textContent = broken ? `${subject}${run.detail}` : "Every property held.";
  $("law").textContent = run.sentence ? `What should hold: ${run.sentence}` : "";
  $("law").hidden = !run.sentence;
  $("command").textContent = `seatrial replay '${run.token}'`;
  if (run.traceback) {
    $("traceback").hidden = false;
    $("traceback").querySelector("pre").textContent = run.traceback;
  }
}

function fillControls() {
  const counts = D.kinds.map(() => 0);
  for (const kind of D.kind) counts[kind]++;
  const kinds = D.kinds.map((name, n) => [name, n]).sort(([a], [b]) => (a < b ? -1 : 1));
  $("kind").append(
    element("option", { value: "-1" }, "All kinds"),
    ...kinds.map(([name, n]) => element("option", { value: String(n) }, `${name} (${counts[n]})`)),
  );
  $("labels").append(...D.lanes.map((name, lane) => element("button", {
    type: "button",
    "aria-pressed": "true",
    title: `Show or hide ${name}; with Alt only this`,
    click: (event) => {
      if (event.altKey) D.lanes.forEach((_, other) => (other === lane ? hidden.delete(other) : hidden.add(other)));
      else if (!hidden.delete(lane)) hidden.add(lane);
      [...$("labels").children].forEach((label, n) => label.setAttribute("aria-pressed", !hidden.has(n)));
      filter();
    },
  }, name)));
}

/** The verdict, with what its subject went through in the window. */
function openOnVerdict() {
  if (!total) return filter();
  const row = verdictRow();
  const name = D.ids[row][0];
  story = name === undefined ? -1 : name;
  const told = story >= 0 ? mentions[story] : [];
  const first = told.length > 1 ? told[Math.max(0, told.length - 16)] : Math.max(0, row - 60);
  const size = clamp(at[row] - at[first], 5e7, 2e10);
  if (D.weight[row] === BROKEN) lookAt(at[row] - size * 1.12, at[row] + size * 0.12);
  else lookAt(-runEnd(), 2 * runEnd());
  selected = row;
  filter();
  select(row, { move: true });
}

const KEYS = {
  ArrowUp: () => move(-1), ArrowDown: () => move(1), k: () => move(-1), j: () => move(1),
  PageUp: () => move(-page()), PageDown: () => move(page()), Home: () => move(-total), End: () => move(total),
  "[": () => seek(-1, (row) => isOf(row, story)),
  "]": () => seek(1, (row) => isOf(row, story)),
  c: () => D.causes[selected]?.length && select(Math.max(...D.causes[selected]), { show: true }),
  f: () => seek(1, (row) => D.weight[row] === FAULT), F: () => seek(-1, (row) => D.weight[row] === FAULT),
  v: () => select(verdictRow(), { show: true }),
  s: () => story >= 0 && onlyName(only.name >= 0 ? only.name : story),
  ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15),
  "+": () => zoom(0.7), "=": () => zoom(0.7), "-": () => zoom(1 / 0.7), 0: () => lookAt(-runEnd(), 2 * runEnd()),
  "/": () => { $("search").focus(); $("search").select(); },
  "?": () => $("keys").click(),
  Escape: clearFilters,
};
const page = () => Math.max(1, Math.floor($("list").clientHeight / ROW) - 2);

function listen() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target;
    if (target === $("search")) {
      if (event.key === "Escape") clearFilters();
      else if (event.key === "Enter") $("list").focus();
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") KEYS[event.key]();
      else return;
    } else if (target.tagName === "SELECT" || !KEYS[event.key]) return;
    else if ($("panel").contains(target) && /^(Arrow|Page|Home|End)/.test(event.key)) return; // it scrolls
    else KEYS[event.key]();
    event.preventDefault();
  });
  let typing = 0;
  $("search").addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      terms = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
      filter();
    }, total > 5000 ? 120 : 0);
  });
  $("kind").addEventListener("change", () => { only.kind = Number($("kind").value); filter(); });
  $("story").addEventListener("click", () => onlyName(only.name >= 0 ? only.name : story));
  $("clear").addEventListener("click", clearFilters);
  $("list").addEventListener("scroll", drawListSoon, { passive: true });
  $("rows").addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (row) select(Number(row.dataset.row), { move: true });
  });
  $("theme").addEventListener("click", () => {
    document.documentElement.style.colorScheme = isDark() ? "light" : "dark";
    themed();
  });
  $("keys").addEventListener("click", () => {
    const help = $("help");
    help.hidden = !help.hidden;
    $("keys").setAttribute("aria-expanded", !help.hidden);
    refresh();
  });
  $("copy").addEventListener("click", copyCommand);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed);
  new ResizeObserver(() => { measure(); refresh(); }).observe($("plot"));
  new ResizeObserver(drawListSoon).observe($("list"));
  listenToPlot();
}

function listenToPlot() {
  let grabbed = null;
  const inOverview = (event) => event.offsetY > height - OVERVIEW;
  const jump = (event) => {
    const middle = (event.offsetX / width) * runEnd(), half = (to - from) / 2;
    lookAt(middle - half, middle + half);
  };
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const ns = from + (event.offsetX / width) * (to - from);
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      pan((event.deltaX || event.deltaY) / width);
    } else zoom(1.0015 ** event.deltaY, ns);
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    grabbed = { x: event.offsetX, from, to, moved: false, overview: inOverview(event) };
    if (grabbed.overview) jump(event);
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!grabbed) return hint(event);
    const by = event.offsetX - grabbed.x;
    grabbed.moved ||= Math.abs(by) > 3;
    if (grabbed.overview) jump(event);
    else if (grabbed.moved) {
      const ns = (by / width) * (grabbed.to - grabbed.from);
      lookAt(grabbed.from - ns, grabbed.to - ns);
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    const row = grabbed && !grabbed.moved && !grabbed.overview ? rowAt(event.offsetX, event.offsetY) : -1;
    grabbed = null;
    if (row >= 0) select(row, { move: true });
  });
  canvas.addEventListener("pointerleave", () => { $("hint").hidden = true; });
}

function hint(event) {
  const row = rowAt(event.offsetX, event.offsetY), box = $("hint");
  box.hidden = row < 0;
  if (row < 0) return;
  box.textContent = `${seconds(at[row])} ${kindOf(row)} ${D.text[row]}`;
  box.style.left = `${clamp(event.offsetX + 12, 0, Math.max(0, width - box.offsetWidth - 4))}px`;
  box.style.top = `${event.offsetY + 16}px`;
}

function copyCommand() {
  const done = () => { $("copy").textContent = "Copied"; };
  const byHand = () => getSelection().selectAllChildren($("command")); // a file may not write
  if (navigator.clipboard) navigator.clipboard.writeText($("command").textContent).then(done, byHand);
  else byHand();
}

const isDark = () => {
  const chosen = document.documentElement.style.colorScheme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

function themed() {
  $("theme").textContent = isDark() ? "Light" : "Dark";
  takeColours();
  refresh();
}

unpack().then((data) => {
  index(data);
  sortOut();
  fillHeader();
  fillControls();
  measure();
  themed();
  listen();
  openOnVerdict();
  $("list").focus({ preventScroll: true });
  document.body.dataset.ready = "true";
});
