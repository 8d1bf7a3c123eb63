// All sources in a list, and the chosen one beside it; looked at anew every two seconds.

import { asAdmin, look, seesMore } from "./asking.js";
import { by, fill, make, put } from "./elements.js";
import { drawOne } from "./one_source.js";
import { clockTime, many } from "./words.js";

const LOOK_EVERY_MS = 2_000;
const NAMED = 4;
const STATES = { works: "✓", "nothing yet": "…", silent: "!", refused: "✕", "not understood": "?" };

const theme = new URLSearchParams(location.search).get("theme");
if (["dark", "light"].includes(theme)) document.documentElement.dataset.theme = theme;

let page = null;
let newest = {}; // by source: when its newest delivery came, to say aloud what comes next

const chosen = () => decodeURIComponent(location.hash.slice(1));

const isFine = (line) => line.state === "works" && !line.broken && !line.doubtful;
const isBroken = (line) => Boolean(line.broken) || ["silent", "refused", "not understood"].includes(line.state);
/** What is broken comes first, then what is doubtful or has sent nothing, then what is fine. */
const worstFirst = (lines) => [...lines].sort((one, other) => isBroken(other) - isBroken(one) || isFine(one) - isFine(other));

/** "4 sources work, 2 of them with a doubt: phone and chat." */
function allWork(lines) {
  const doubts = lines.filter((line) => !isFine(line)).map((line) => line.id);
  const rest = doubts.length > NAMED ? ` and ${doubts.length - NAMED} more` : "";
  const named = `${doubts.slice(0, NAMED).join(", ")}${rest}`;
  if (lines.length === 1) return doubts.length ? "The source works, with a doubt." : "The source works.";
  return doubts.length ? `${lines.length} sources work, ${doubts.length} of them with a doubt: ${named}.` : `All ${lines.length} sources work.`;
}

/** "3 of 4 sources work. phone is refused." */
function lead(lines) {
  if (!lines.length) return "No source is configured yet: list your tools in sources.yaml.";
  const well = lines.filter((line) => line.state === "works");
  if (well.length === lines.length) return allWork(lines);
  const [first] = lines.filter((line) => line.state !== "works");
  const how = { "nothing yet": "has sent nothing yet", silent: "is silent", refused: "is refused", "not understood": "is not understood" }[first.state];
  const rest = lines.length - well.length - 1;
  const also = rest ? ` and ${many(rest, "other needs", "others need")} you` : "";
  return well.length ? `${well.length} of ${lines.length} sources ${well.length === 1 ? "works" : "work"}. ${first.id} ${how}${also}.` : `${first.id} ${how}${also}.`;
}

/** What is the matter with a source, in a few words each. */
function matters(line) {
  const told = [
    [line.refused_last_hour, `${line.refused_last_hour} refused`],
    [line.kept, `${line.kept} could not be read`],
    [line.unmapped, many(line.unmapped, "queue without a team", "queues without a team")],
  ].filter(([count]) => count).map(([, words]) => words);
  const silent = line.state === "silent" ? 1 : 0;
  const rest = line.broken + line.doubtful - told.length - silent;
  return rest > 0 ? [...told, told.length ? `${rest} more to mend` : `${rest} to mend`] : told;
}

function item(line) {
  const doubt = line.state === "works" && !isFine(line);
  const link = make("a", "", make("span", doubt ? "mark doubt" : `mark ${line.state.replaceAll(" ", "-")}`, doubt ? "!" : STATES[line.state]), make("bdi", "name", line.id), make("span", "soft", line.kind), make("span", "say", line.sentence));
  link.href = `#${encodeURIComponent(line.id)}`;
  link.querySelector(".mark").setAttribute("aria-hidden", "true");
  if (line.id === chosen()) link.setAttribute("aria-current", "true");
  const also = matters(line);
  if (also.length) link.append(make("span", "also", also.join(", ")));
  return make("li", "", link);
}

function announce(lines) {
  const came = lines.filter((line) => line.last_delivery_at && newest[line.id] !== undefined && newest[line.id] !== line.last_delivery_at);
  newest = Object.fromEntries(lines.map((line) => [line.id, line.last_delivery_at]));
  if (came.length) put(by("announce"), `Something came from ${came.map((line) => line.id).join(", ")} at ${clockTime(new Date())}.`);
}

async function lookAtOne(lines) {
  const id = chosen();
  if (!lines.some((line) => line.id === id)) return null;
  const path = encodeURIComponent(id);
  if (!seesMore()) return look(`wallboard/sources/${path}`);
  return asAdmin(`v1/sources/${path}`).catch(() => look(`wallboard/sources/${path}`));
}

async function draw() {
  try {
    const told = await look("wallboard/sources");
    if (page && told.page !== page) return location.reload();
    page = told.page;
    const lines = worstFirst(told.sources);
    put(by("lead"), lead(lines));
    fill(by("list"), JSON.stringify([lines, chosen()]), () => lines.map(item));
    announce(lines);
    const report = await lookAtOne(lines);
    by("one").hidden = !report;
    document.body.classList.toggle("chosen", Boolean(report));
    if (report) drawOne(report, told.docs, draw);
    put(by("age"), `As of ${clockTime(new Date())}`);
    by("age").classList.remove("old");
  } catch {
    put(by("age"), "This page does not reach Evenhand");
    by("age").classList.add("old");
  }
  return undefined;
}

async function follow() {
  await draw();
  setTimeout(follow, LOOK_EVERY_MS);
}

addEventListener("hashchange", draw);
if (!chosen() && matchMedia("(min-width: 1000px)").matches) {
  look("wallboard/sources").then((told) => {
    const [first] = worstFirst(told.sources);
    if (first && !chosen()) history.replaceState(null, "", `#${encodeURIComponent(first.id)}`);
  }).catch(() => {}).finally(follow);
} else follow();
