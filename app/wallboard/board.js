// What the board shows at an instant: a pure function of the newest view and the server's clock.

import { contactsBy } from "./words.js";

export const STALE_SECONDS = 5;
export const OFFLINE_SECONDS = 120;

const sum = (list, count) => list.reduce((total, each) => total + count(each), 0);

/** `now` is the server's; after two minutes without news everything stands as it was last known. */
export function boardAt(view, now, { team, reachable }) {
  if (!view) return { view: null, now, rows: [], lines: [], sources: [], silent: [], turns: [], toldNo: [] };
  const takenAt = new Date(view.taken_at);
  const age = Math.max(0, (now - takenAt) / 1000);
  const offline = age >= OFFLINE_SECONDS;
  const passed = offline ? 0 : age;
  const ours = (each) => !team || each.team === team;
  const rows = view.rows.filter(ours).map((row) => standingRow(row, passed)).sort(byDeadline);
  const open = rows.filter((row) => row.is_open);
  const lines = view.lines.filter(ours).map((line) => lineAt(line, open, offline ? takenAt : now));
  const lateRows = open.filter((row) => row.left < 0);
  const named = (id) => (Object.hasOwn(view.names, id) ? view.names[id] : id);
  const sources = view.sources.map((source) => sourceAt(source, named, offline ? takenAt : now));
  return {
    view, now, age, offline, takenAt, reachable, team, named, rows, lines, lateRows, sources,
    at: offline ? takenAt : now,
    stale: age >= STALE_SECONDS,
    unknownTeam: Boolean(team) && ![...view.lines, ...view.teams].some(ours),
    dueRows: open.filter((row) => row.left >= 0),
    paused: rows.filter((row) => !row.is_open),
    late: Math.max(sum(lines, (line) => line.late), lateRows.length),
    waiting: Math.max(sum(lines, (line) => line.waiting), open.length),
    silent: sources.filter((source) => source.silent),
    turns: view.turns.filter(ours),
    toldNo: view.told_no.filter(ours),
    notMeasurable: doubts(view.not_measurable.filter(ours)),
    lostTrack: doubts(view.lost_track.filter(ours)),
    ...promisesAt(view, ours, offline ? takenAt : now),
    ...hours(view.teams.filter(ours), lines),
  };
}

const byDeadline = (one, other) =>
  Number(other.is_open) - Number(one.is_open) || one.left - other.left || (one.contact < other.contact ? -1 : 1);

/** Time stands still while a team is closed. `share` is the time used up, as a share of the target. */
function standingRow(row, passed) {
  const left = row.open_seconds_left - (row.is_open ? passed : 0);
  return { ...row, left, share: Math.max(0, 1 - left / row.target_seconds) };
}

/** A line with those that became late since it was counted, and the seconds until the next one does. */
function lineAt(line, open, now) {
  const rows = open.filter((row) => row.team === line.team && row.channel === line.channel);
  const crossed = rows.filter((row) => row.left < 0 && row.open_seconds_left >= 0).length;
  const next = rows.find((row) => row.left >= 0);
  const told = line.next_late_at ? (new Date(line.next_late_at) - now) / 1000 : -1;
  return { ...line, late: line.late + crossed, nextLeft: next ? next.left : told >= 0 ? told : null };
}

function sourceAt(source, named, now) {
  const last = source.last_event_at ? new Date(source.last_event_at) : null;
  return { name: named(source.source), channel: source.channel, last, silent: Boolean(source.silent_after) && now > new Date(source.silent_after) };
}

function promisesAt(view, ours, now) {
  const promises = view.promises.filter(ours).map((promise) => ({ ...promise, due: new Date(promise.due_at) }))
    .map((promise) => ({ ...promise, late: promise.overdue || promise.due < now }));
  const counts = view.promise_counts.filter(ours);
  const late = promises.filter((promise) => promise.late).length;
  return {
    promises,
    promisesLate: Math.max(sum(counts, (count) => count.overdue), late),
    promisesOpen: Math.max(sum(counts, (count) => count.open), promises.length),
  };
}

function hours(teams, lines) {
  const opens = teams.filter((each) => each.opens_at).map((each) => new Date(each.opens_at)).sort((one, other) => one - other);
  return {
    teams,
    opensAt: opens[0] || null,
    closed: teams.length > 0 && teams.every((each) => !each.is_open) && sum(lines, (line) => line.waiting) === 0,
    settled: sum(teams, (each) => each.settled),
    settledLate: sum(teams, (each) => each.late),
  };
}

function doubts(list) {
  const channels = new Map();
  for (const doubt of list) channels.set(doubt.channel, (channels.get(doubt.channel) || 0) + doubt.contacts);
  return [...channels].map(([channel, count]) => contactsBy(channel, count));
}

/** Which rows get a place: the latest of every channel first, then by deadline; late ones leave a third to those due next. */
export function chosen(board, places) {
  const due = board.dueRows.length;
  const forLate = Math.min(board.lateRows.length, Math.max(places - due, Math.ceil((places * 2) / 3)));
  const seen = new Set();
  const first = board.lateRows.filter((row) => !seen.has(row.channel) && seen.add(row.channel));
  const lateRows = [...new Set([...first, ...board.lateRows])].slice(0, forLate);
  return [...lateRows, ...board.dueRows, ...board.paused].slice(0, places).sort(byDeadline);
}
