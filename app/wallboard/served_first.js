// Who was served first in each team, who waited for it, and why anybody waits: asked anew every few seconds.

import { by, fill, make, nameOf, put } from "./elements.js";
import { drawCauses } from "./turns.js";
import { channelWord, clockTime, many, span } from "./words.js";

const ASK_EVERY_MS = 5_000;
const OLD_SECONDS = 30;
const ALL_CAUSES = 20;

const asked = new URLSearchParams(location.search);
const team = asked.get("team");
if (["dark", "light"].includes(asked.get("theme"))) document.documentElement.dataset.theme = asked.get("theme");
const percent = (share) => `${Math.round(share * 100)}\u00a0%`;
const opened = new Set(); // what the reader has opened stays open when the figures change

function waited(harm, leftOut) {
  const rows = harm.map(({ customer, seconds }) => make("li", "", make("span", ""), make("bdi", "name", customer), make("span", "kind", `${span(seconds)} longer`)));
  if (leftOut) rows.push(make("li", "soft", `${leftOut} more`));
  return make("ol", "next", ...rows);
}

/** "Acme went first", with the contact that did, as its tool calls it. */
function wentFirst(each) {
  if (!each.taken_first) return channelWord(each.channel);
  return make("span", "", make("bdi", "", `${each.taken_first} went first`), " ", nameOf(each.taken_first_contact, each.taken_first_link, "which"));
}

function waiters(contacts, leftOut) {
  const rows = contacts.map((each) => make("li", each.taken_first ? "passed" : "", make("time", "", each.at), nameOf(each.customer, each.link), make("span", "kind", wentFirst(each))));
  if (leftOut) rows.push(make("li", "soft", `${leftOut} more`));
  return make("ol", "next", ...rows);
}

function episode(told, key) {
  const box = make("details", `episode ${told.is_open ? "open" : "past"}`, make("summary", "", make("bdi", "", told.sentence)));
  box.open = opened.has(key) || (told.is_open && !opened.has(`${key}|shut`));
  box.addEventListener("toggle", () => {
    if (box.open) { opened.add(key); opened.delete(`${key}|shut`); } else { opened.delete(key); opened.add(`${key}|shut`); }
  });
  box.append(make("p", "facts", `${told.out_of_turn} of ${many(told.starts, "contact", "contacts")} taken before their turn. ${percent(told.share_of_work)} of the team's time; in turn it would have been ${percent(told.share_in_turn)}. That cost the others ${span(told.extra_wait_seconds)} of waiting.`));
  if (told.harmed.length) box.append(make("h3", "", "Who waited longer because of it"), waited(told.harmed, told.harmed_left_out));
  if (told.delayed.length) box.append(make("h3", "", "Which contacts waited, since when, and what went first"), waiters(told.delayed, told.delayed_left_out));
  return box;
}

function episodes(page, isOpen, title, nobody) {
  const found = page.episodes.filter((each) => each.is_open === isOpen);
  if (!found.length) return [make("h3", "", title), make("p", "soft", nobody)];
  const rest = !isOpen && page.episodes_left_out ? [make("p", "soft", `${page.episodes_left_out} more`)] : [];
  return [make("h3", "", title), ...found.map((each) => episode(each, `${page.turns.team}|${each.started_at}|${each.sentence.split(" because ").pop()}`)), ...rest];
}

function section(page, names) {
  const { turns } = page;
  const bar = make("div", "parts");
  const list = make("ol", "causes");
  drawCauses(bar, list, turns.causes, ALL_CAUSES);
  const notices = [...(turns.free ? [turns.free] : []), ...turns.like_important, ...turns.agreed, ...turns.doubts];
  return make("section", "panel",
    make("h2", "", make("bdi", "", Object.hasOwn(names, turns.team) ? names[turns.team] : turns.team)),
    make("ul", "notices", ...notices.map((said) => make("li", "", make("bdi", "", said)))),
    ...episodes(page, true, "Served first now", "Nobody is served first right now."),
    make("h3", "", "Take next"), turns.take_next.length ? waiters(turns.take_next, 0) : make("p", "soft", "Nobody waits for a turn."),
    ...(turns.causes.length ? [make("h3", "", "Why they waited, last 24 hours"), bar, list] : []),
    ...episodes(page, false, "Served first earlier", "Nobody was served first earlier."));
}

function draw({ now, view }) {
  if (!view) return put(by("nothing"), "No figures yet.");
  const taken = new Date(view.taken_at);
  const age = (new Date(now) - taken) / 1000;
  put(by("age"), age < OLD_SECONDS ? `As of ${clockTime(taken)}` : `No news since ${clockTime(taken)}`);
  by("age").classList.toggle("old", age >= OLD_SECONDS);
  const pages = view.teams.filter((page) => !team || page.turns.team === team);
  put(by("nothing"), pages.length ? "" : team ? `No turns are known of a team called ${team}.` : "No team's turns are known yet.");
  by("nothing").hidden = Boolean(pages.length);
  fill(by("teams"), JSON.stringify(pages), () => pages.map((page) => section(page, view.names)));
}

async function ask() {
  try {
    const answer = await fetch("wallboard/served-first", { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    draw(await answer.json());
  } catch {
    put(by("age"), "This page does not reach Evenhand");
    by("age").classList.add("old");
  }
}

if (team) by("back").href = `./?team=${encodeURIComponent(team)}`;
ask();
setInterval(ask, ASK_EVERY_MS);
