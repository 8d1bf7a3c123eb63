// Draws the board, keeps its rows from jumping, and keeps listening.

import { boardAt, chosen } from "./wallboard/board.js";
import { by, fill, make, nameOf, percent, plain, put, say, shape } from "./wallboard/elements.js";
import { drawAway, drawTurns } from "./wallboard/turns.js";
import { channelWord, clockTime, dayTime, many, sentence, span, standing, trustWords, workWords } from "./wallboard/words.js";

const ORDER_HOLDS_MS = 10_000;
const ANNOUNCE_EVERY_MS = 20_000;
const SILENT_STREAM_MS = 40_000; // more than two heartbeats
const ASK_AGAIN_MS = 8_000;
const LINES = 8;
const PROMISES = 5;
const PROMISED_AT = 46; // per cent of the axis; beyond it every further step is twice as long
const DOUBLINGS = 4;

const asked = new URLSearchParams(location.search);
const team = asked.get("team");
const root = document.documentElement;
const wide = matchMedia("(min-width: 1100px) and (min-aspect-ratio: 14/10)");
const still = matchMedia("(prefers-reduced-motion: reduce)");
if (["dark", "light"].includes(asked.get("theme"))) root.dataset.theme = asked.get("theme");

// The axis: up to the promise in proportion, then 2, 4, 8, 16 times the promised time.
const place = (share) => (share <= 1 ? share * PROMISED_AT : Math.min(100, PROMISED_AT + (Math.log2(share) / DOUBLINGS) * (100 - PROMISED_AT)));
const STEPS = [[0.5, "half"], [1, "promised"], [2, ""], [4, "4×"], [8, ""], [16, "16×", " as long"]];

function drawAxis() {
  for (const [share, label, more] of STEPS) {
    const step = make("span", share === 1 ? "promise" : "", label, make("i", "wall", more || ""));
    step.style.left = percent(place(share));
    by("axis").append(step);
    by("grid").append(...(share === 1 ? [] : [stepLine(share)]));
  }
  by("grid").append(promiseLine());
}
const upright = (className, share) => shape("line", { class: className, x1: percent(place(share)), x2: percent(place(share)), y1: "0", y2: "100%" });
const stepLine = (share) => upright("step", share);
const promiseLine = () => upright("line", 1);

function bar() {
  const drawing = shape("svg", { "aria-hidden": "true" });
  for (const [share] of STEPS) if (share !== 1) drawing.append(stepLine(share));
  const track = shape("rect", { class: "track", x: "0", y: "24%", width: percent(PROMISED_AT), height: "52%" });
  const used = shape("rect", { class: "used", x: "0", y: "24%", height: "52%" });
  const over = shape("rect", { class: "over", x: percent(PROMISED_AT), y: "14%", height: "72%" });
  drawing.append(track, used, over, promiseLine());
  return { drawing: make("div", "bar", drawing), used, over };
}

const rowsShown = new Map(); // contact -> the elements of its row
let order = [];
let orderedAt = -Infinity;

function newRow(row) {
  const name = nameOf(row.customer, row.link);
  const { drawing, used, over } = bar();
  const kind = make("span");
  const aim = make("span", "aim");
  const value = make("span", "value");
  const item = make("li", "row", make("span", "who", name, make("span", "kind", kind, aim)), drawing, value);
  return { item, used, over, kind, aim, value };
}

/** Rows keep their places for ten seconds; whoever is answered meanwhile leaves a note in theirs. */
function placeRows(board, moment) {
  const places = wide.matches ? (by("why").hidden ? 12 : 8) : 10;
  const rows = new Map(board.rows.map((row) => [row.contact, row]));
  const wanted = chosen(board, places).map((row) => row.contact);
  const before = order;
  if (moment - orderedAt >= ORDER_HOLDS_MS || order.every((contact) => !rows.has(contact)) || order.length > places) {
    order = wanted;
    orderedAt = moment;
  } else {
    order = [...order, ...wanted.filter((contact) => !order.includes(contact))].slice(0, Math.max(places, order.length));
  }
  const tops = still.matches ? null : new Map(order.filter((contact) => rowsShown.has(contact)).map((contact) => [contact, rowsShown.get(contact).item.offsetTop]));
  for (const contact of [...rowsShown.keys()]) if (!order.includes(contact)) { rowsShown.get(contact).item.remove(); rowsShown.delete(contact); }
  for (const contact of order) if (!rowsShown.has(contact)) rowsShown.set(contact, newRow(rows.get(contact)));
  if (order.join("\n") !== before.join("\n")) by("rows").append(...order.map((contact) => rowsShown.get(contact).item));
  for (const contact of order) drawRow(rowsShown.get(contact), rows.get(contact), board);
  if (tops) slide(tops);
  return order.filter((contact) => rows.has(contact)).map((contact) => rows.get(contact));
}

function slide(tops) {
  for (const [contact, top] of tops) {
    const { item } = rowsShown.get(contact);
    const moved = top - item.offsetTop;
    if (moved) item.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: 200, easing: "ease-out" });
  }
}

function drawRow(shown, row, board) {
  shown.item.classList.toggle("gone", !row);
  if (!row) return put(shown.value, "waits no more");
  const late = row.left < 0;
  shown.item.classList.toggle("late", late);
  shown.item.classList.toggle("paused", !row.is_open);
  const where = !team && board.view.teams.length > 1 ? `, ${board.named(row.team)}` : "";
  put(shown.kind, `${channelWord(row.channel)}${where}`);
  put(shown.aim, `, ${span(row.target_seconds)}${row.is_open ? "" : ", closed"}`);
  put(shown.value, standing(row.left));
  shown.used.setAttribute("width", percent(place(Math.min(1, row.share))));
  shown.over.setAttribute("width", percent(Math.max(0, place(row.share) - PROMISED_AT)));
}

function drawWaiting(board, moment) {
  const shown = placeRows(board, moment);
  const was = board.offline ? `waited at ${clockTime(board.takenAt)}` : board.waiting === 1 ? "waits" : "wait";
  const figures = board.closed ? [[board.paused.length, "not answered yet"]] : [[board.waiting, was], [board.late, "late"]];
  fill(by("wait-title"), JSON.stringify(figures), () => figures.map(([count, word]) => make("span", word === "late" && count ? "bad" : "", make("b", "", String(count)), ` ${word}`)));
  const more = Math.max(0, board.waiting - shown.filter((row) => row.is_open).length);
  const moreLate = Math.max(0, board.late - shown.filter((row) => row.is_open && row.left < 0).length);
  put(by("rest"), more ? `${more} more ${more === 1 ? "waits" : "wait"}, ${moreLate || "none"} of them late.` : board.waiting ? "Nobody else waits." : board.closed ? "" : "Nobody waits for an answer.");
}

function drawLines(board) {
  const several = !team && new Set(board.lines.map((line) => line.team)).size > 1;
  const urgent = [...board.lines].sort((one, other) => other.late - one.late || other.waiting - one.waiting);
  const kept = new Set(board.lines.length > LINES ? urgent.slice(0, LINES) : board.lines);
  const rest = board.lines.filter((line) => !kept.has(line));
  const cells = [...kept].sort(byPlace(board)).map((line) => ({
    line,
    next: nextLate(line.nextLeft, board),
  }));
  fill(by("lines"), JSON.stringify([several, cells]), () => cells.map(({ line, next }) => {
    const where = make("th", "", several ? teamLink(line.team, board) : "", several ? `, ${channelWord(line.channel)}` : capital(channelWord(line.channel)));
    where.scope = "row";
    return make("tr", "", where, make("td", line.waiting ? "" : "soft", String(line.waiting)), make("td", line.late ? "bad" : "soft", make("b", "", String(line.late))), make("td", next === "none" ? "soft" : "", next));
  }));
  put(by("lines-rest"), rest.length ? `${rest.length} more: ${rest.reduce((total, line) => total + line.waiting, 0)} wait, ${rest.reduce((total, line) => total + line.late, 0)} late` : "");
}

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
const QUICKEST_FIRST = ["phone", "chat", "email"];
const byPlace = (board) => (one, other) => board.named(one.team).localeCompare(board.named(other.team)) || QUICKEST_FIRST.indexOf(one.channel) - QUICKEST_FIRST.indexOf(other.channel);

/** How soon the next promise breaks; the time of day where the screen has lost count. */
function nextLate(seconds, board) {
  if (seconds === null) return "none";
  return board.offline ? dayTime(new Date(board.at.getTime() + seconds * 1000), board.now) : seconds < 1 ? "now" : `in ${span(seconds)}`;
}

function teamLink(id, board) {
  const link = make("a", "", make("bdi", "", board.named(id)));
  const here = new URLSearchParams(asked);
  here.set("team", id);
  link.href = `?${here}`;
  return link;
}

function drawPromises(board) {
  const coming = board.promisesOpen - board.promisesLate;
  const title = ["Promises ", board.promisesOpen ? `${board.promisesLate} late, ${coming} to come` : ""];
  fill(by("promises-title"), title[1], () => [title[0], make("span", "soft", title[1])]);
  const rows = board.promises.slice(0, PROMISES).map((promise) => [
    dayTime(promise.due, board.now), promise.customer, promise.late,
    promiseWords(promise, board),
  ]);
  put(by("promises-rest"), board.promisesOpen ? (board.promisesOpen > rows.length ? `${board.promisesOpen - rows.length} more` : "") : "No follow-up is promised.");
  fill(by("promises"), JSON.stringify(rows), () => rows.map(([due, customer, late, value]) => {
    const who = make("span", "name", make("bdi", "", customer));
    who.title = customer;
    return make("li", late ? "late" : "", make("time", "", due), who, make("span", "value", value));
  }));
}

function promiseWords(promise, board) {
  if (board.offline) return promise.late ? "was late" : promise.due < board.now ? "not known" : "to come";
  return promise.late ? `${span(Math.max(1, (board.at - promise.due) / 1000))} late` : `in ${span((promise.due - board.at) / 1000)}`;
}

function drawToday(board) {
  const late = new Map();
  for (const work of board.view.late_work) if (!team || work.team === team) late.set(work.clock, (late.get(work.clock) || 0) + work.late);
  const kept = board.settled - board.settledLate;
  const lines = [
    ...(board.settled ? [[`${kept} of ${board.settled}`, "kept in time"], [String(board.settledLate), "late"]] : [["", "Nothing is finished yet."]]),
    ...[...late].map(([clock, count]) => [String(count), `now ${workWords(clock)}`]),
  ];
  fill(by("today"), JSON.stringify(lines), () => lines.map(([figure, words]) => make("li", "", make("b", "", figure), ` ${words}`)));
}

function drawTop(board) {
  const teams = board.view ? board.view.teams : [];
  const title = !board.view ? "Evenhand" : team ? board.named(team) : teams.length === 1 ? board.named(teams[0].team) : teams.length ? "All teams" : "Evenhand";
  put(by("where"), title);
  document.title = `${board.view && board.late && !board.offline ? `${board.late} late · ` : ""}${title} · Evenhand`;
  put(by("now"), clockTime(board.now));
  const open = (board.teams || []).filter((each) => each.is_open).length;
  const all = (board.teams || []).length;
  put(by("hours"), !all ? "" : open === all ? "open" : open ? `${open} of ${all} teams open` : board.opensAt ? `closed until ${dayTime(board.opensAt, board.now)}` : "closed");
  put(by("age"), !board.view ? "" : board.offline ? `No news for ${span(board.age)}` : board.age < 2 ? "News from just now" : `News from ${span(board.age)} ago`);
  by("age").classList.toggle("old", Boolean(board.stale));
  root.classList.toggle("offline", Boolean(board.offline));
}

function drawTrust(board) {
  const said = trustWords(board);
  fill(by("trust"), JSON.stringify(said), () => said.map(({ text, strong }) => make("li", strong ? "strong" : "", text)));
}

let heard = { meaning: "", at: -Infinity };
function announce(said, moment) {
  if (said.meaning === heard.meaning || moment - heard.at < ANNOUNCE_EVERY_MS) return;
  heard = { meaning: said.meaning, at: moment };
  by("announce").textContent = `${plain(said.lead)} ${plain(said.then)}`;
}

let view = null;
let clock = null; // what the server's clock showed, and what ours did
let page = null;

const moment = () => performance.now();
function serverNow() {
  // performance.now may stand still while a computer sleeps, Date.now may be set back: believe the one that moved most.
  return new Date(clock.server + Math.max(0, moment() - clock.moment, Date.now() - clock.wall));
}

function draw() {
  if (!clock) return;
  const now = serverNow();
  const board = boardAt(view, now, { team, reachable: stream.readyState === EventSource.OPEN && moment() - clock.moment < SILENT_STREAM_MS });
  const said = sentence(board);
  drawTop(board);
  say(by("lead"), said.lead);
  say(by("then"), said.then);
  announce(said, moment());
  by("say").classList.toggle("full", Boolean(said.full));
  if (!board.view) return;
  drawAway(board, said);
  drawTurns(board, team, wide.matches);
  drawWaiting(board, moment());
  drawLines(board);
  drawPromises(board);
  drawToday(board);
  drawTrust(board);
}

let stream;
let openedAt = 0;

function hear(message) {
  const told = JSON.parse(message.data);
  clock = { server: Date.parse(told.now), moment: moment(), wall: Date.now() };
  if (told.view) view = told.view;
  if (page && told.page !== page) setTimeout(() => location.reload(), 30_000 + Math.random() * 30_000);
  page = told.page;
  draw();
}

function listen() {
  if (stream) stream.close();
  openedAt = moment();
  stream = new EventSource("wallboard/stream");
  stream.addEventListener("view", hear);
  stream.addEventListener("clock", hear);
}

/** EventSource comes back by itself, but not after a refusal, nor when a dead line was never closed. */
function keepListening() {
  const last = Math.max(openedAt, clock ? clock.moment : 0);
  const patience = stream.readyState === EventSource.CLOSED ? ASK_AGAIN_MS : SILENT_STREAM_MS;
  if (moment() - last > patience && moment() - openedAt > ASK_AGAIN_MS) listen();
}

drawAxis();
listen();
setInterval(() => { keepListening(); draw(); }, 1000);
