// Who is next in turn, why others wait, and who was told no: two parts of the first page.

import { by, fill, make, nameOf, put } from "./elements.js";
import { channelWord, toldNoWords } from "./words.js";

const NEXT = 5;
const CAUSES = 3; // one less where the screen is wide and low
const NOTICES = 3;
const AWAY = 4; // one less under a sentence

const waiterRow = ([at, customer, link, kind, note]) =>
  make("li", note ? "passed" : "", make("time", "", at), nameOf(customer, link), make("span", "kind", note ? make("bdi", "", note) : kind));

/** A share in words: never 0 % for what there is. */
export const shareWords = (share) => (share < 0.01 ? "under 1\u00a0%" : `${Math.round(share * 100)}\u00a0%`);

/** The causes of several teams as one: they add up to all waiting of all of them. */
export function causesOf(turns) {
  const found = new Map();
  for (const cause of turns.flatMap((each) => each.causes)) {
    const before = found.get(cause.cause) || { ...cause, seconds: 0 };
    found.set(cause.cause, { ...before, seconds: before.seconds + cause.seconds });
  }
  const all = [...found.values()].reduce((total, cause) => total + cause.seconds, 0);
  return [...found.values()].sort((one, other) => other.seconds - one.seconds).map((cause) => ({ ...cause, share: cause.seconds / all }));
}

/** A bar whose parts add up to all waiting, and a line for each of the largest. */
export function drawCauses(bar, list, causes, places) {
  fill(bar, JSON.stringify(causes.map(({ cause, share }) => [cause, share.toFixed(3)])), () => causes.map(({ cause, share }) => {
    const part = make("span", `part ${cause}`);
    part.style.flexGrow = String(share);
    return part;
  }));
  const rest = causes.slice(places);
  const lines = [
    ...causes.slice(0, places).map(({ cause, share, words }) => [cause, shareWords(share), words]),
    ...(rest.length ? [["rest", shareWords(rest.reduce((total, { share }) => total + share, 0)), "other reasons"]] : []),
  ];
  fill(list, JSON.stringify(lines), () => lines.map(([cause, share, words]) => make("li", "", make("i", `part ${cause}`), make("b", "", share), ` ${words}`)));
}

/** Everybody's first before anybody's second, then the longest waiting. */
function nextOf(turns) {
  const waiters = turns.flatMap((each) => each.take_next.map((waiter, place) => ({ ...waiter, place, team: each.team })));
  return waiters.sort((one, other) => one.place - other.place || new Date(one.since) - new Date(other.since));
}

const noticesOf = (turns) => turns.flatMap((each) => [
  ...(each.free ? [[each.team, each.free, "strong"]] : []),
  ...each.like_important.map((said) => [each.team, said, ""]),
  ...each.agreed.map((said) => [each.team, said, ""]),
]);

export function drawTurns(board, team, wide) {
  const turns = board.turns;
  const waiters = nextOf(turns);
  const notices = noticesOf(turns);
  const past = turns.reduce((total, each) => total + each.past, 0);
  const lasting = turns.some((each) => each.served_first.length);
  by("why").hidden = board.closed || !(waiters.length || notices.length || past || lasting);
  if (by("why").hidden) return;
  const link = team ? `served-first?team=${encodeURIComponent(team)}` : "served-first";
  if (by("why-link").getAttribute("href") !== link) by("why-link").href = link;
  const several = !team && turns.length > 1;
  const rows = waiters.slice(0, NEXT).map((waiter) => [
    waiter.at, waiter.customer, waiter.link, `${channelWord(waiter.channel)}${several ? `, ${board.named(waiter.team)}` : ""}`,
    waiter.taken_first ? `${waiter.taken_first} went first` : "",
  ]);
  fill(by("next"), JSON.stringify(rows), () => (rows.length ? rows.map(waiterRow) : [make("li", "soft", "Nobody waits for a turn.")]));
  const said = notices.slice(0, NOTICES).map(([where, words, strong]) => [several ? `${board.named(where)}: ${words}` : words, strong]);
  fill(by("notices"), JSON.stringify(said), () => said.map(([words, strong]) => make("li", strong, make("bdi", "", words))));
  const causes = causesOf(turns);
  by("causes-title").hidden = by("causes-bar").hidden = !causes.length;
  drawCauses(by("causes-bar"), by("causes"), causes, wide ? CAUSES - 1 : CAUSES);
}

/** Those told no, beside the sentence; where they are the sentence, only who they are. */
export function drawAway(board, said) {
  by("away").hidden = !board.toldNo.length;
  if (by("away").hidden) return;
  put(by("away-title"), said.toldNo ? "Call them back, the oldest first" : toldNoWords(board));
  by("away").classList.toggle("loud", board.toldNo.some((each) => each.waiting) && !said.toldNo);
  const waiting = board.toldNo.flatMap((each) => each.named).sort((one, other) => new Date(one.since) - new Date(other.since));
  const rows = waiting.slice(0, said.toldNo ? AWAY : AWAY - 1).map((each) => [each.at, each.customer, each.link, channelWord(each.channel), ""]);
  fill(by("away-rows"), JSON.stringify(rows), () => rows.map(waiterRow));
}
