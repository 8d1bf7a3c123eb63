// One source: what to paste where, what came and how it was understood, what is missing, what to say of it.

import { asAdmin, Refused } from "./asking.js";
import { by, fill, make, put } from "./elements.js";
import { eventWords, reasonWords } from "./event_words.js";
import { clockTime, dayTime, many, span } from "./words.js";

const VERDICTS = { taken: "understood", repeated: "known already", nothing: "means nothing to us", kept: "could not be read", refused: "refused", test: "our own test" };
const WEIGHTS = { broken: "To mend", doubtful: "Doubtful", "good to know": "Good to know" };
const SECRETS = { certificate: "It is signed with the vendor's own certificate: no secret is needed.", nobody: "Whoever knows the address may send: keep it to yourself." };
const TOKEN_AS_PASSWORD = new Set(["amazon-ses", "postmark", "sendgrid", "twilio-eventstreams"]); // as their docs say
const ACTED_MS = 4_000;
const MASK = "•";

let shown = null;
let redraw = () => {};
const changing = new Set(); // whose meaning somebody wants to say anew
const picked = new Map(); // what was chosen in a list and not sent yet
let keptRows = { id: null, count: -1, rows: [] };

const seconds = (at) => String(at.getSeconds()).padStart(2, "0");
const when = (text) => { const at = new Date(text); return `${dayTime(at, new Date())}:${seconds(at)}`; };
const path = (id, rest) => `v1/sources/${encodeURIComponent(id)}${rest}`;
const isOurs = (team) => Object.hasOwn(shown.our_teams, team);
const ours = (team) => (isOurs(team) ? shown.our_teams[team] : team);
/** Where contacts count whose team is none of ours. */
const otherwise = () => (shown.goes_to && isOurs(shown.goes_to) ? ours(shown.goes_to) : null);

/** Redraws unless somebody is just choosing or typing there. */
function renew(element, key, children) {
  if (element.contains(document.activeElement) && document.activeElement.matches("select, input")) return;
  fill(element, JSON.stringify(key), children);
}

function button(text, act, className = "") {
  const made = make("button", className, text);
  made.type = "button";
  made.addEventListener("click", () => act(made));
  return made;
}

/** Does what an admin asked for and says below what came of it. */
async function act(said, asked, words) {
  put(said, "One moment.");
  try {
    put(said, words(await asked()));
  } catch (error) {
    put(said, error instanceof Refused ? error.message : "This page does not reach Evenhand. Nothing is known of it.");
  }
  keptRows.count = -1;
  redraw();
}

/** A button for what cannot be undone: the first press asks, the second does. */
function sure(text, question, then) {
  return button(text, (made) => {
    if (made.dataset.asked) return then();
    made.dataset.asked = "1";
    put(made, question);
    setTimeout(() => { delete made.dataset.asked; put(made, text); }, ACTED_MS);
    return undefined;
  }, "grave");
}

function address() {
  const base = shown.public_url || new URL(shown.path.slice(1), new URL(".", location.href)).href;
  if (!shown.has_token) return base;
  return TOKEN_AS_PASSWORD.has(shown.line.kind) ? base.replace("://", "://evenhand:YOUR-TOKEN@") : `${base}?token=YOUR-TOKEN`;
}

function copyable(text) {
  const box = make("code", "address", text);
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(text);
      put(copy, "Copied");
    } catch {
      getSelection().selectAllChildren(box);
      put(copy, "Press Ctrl+C");
    }
    setTimeout(() => put(copy, "Copy"), ACTED_MS);
  });
  return make("span", "copyable", box, copy);
}

function steps(docs) {
  if (shown.signed_by === "connection") return [make("li", "", "We fetch it ourselves: nothing is pasted into the tool. Check ", make("code", "", "connection"), " in sources.yaml.")];
  const switched = shown.line.kind === "rfc5322" ? [] : shown.wanted.filter((each) => each.types.length).map((each) => each.name);
  const events = switched.filter((name) => !name.startsWith("trigger "));
  const besides = events.length < switched.length ? "What only a trigger of yours can send stands in the list as well. " : "";
  const file = `docs/sources/${shown.line.kind}.md`;
  const guide = docs ? make("a", "doc", file) : make("code", "", file);
  if (docs) Object.assign(guide, { href: `${docs.replace(/\/$/, "")}/sources/${shown.line.kind}.md`, target: "_blank", rel: "noopener noreferrer" });
  const secret = shown.has_token ? "Put your token in its place." : SECRETS[shown.signed_by] || "Its secret is the one that sources.yaml refers to.";
  return [
    make("li", "", "Copy this address: ", copyable(address()), ...(shown.public_url ? [] : [` Reached from outside as https://YOUR-HOST${shown.path}: write that into sources.yaml as public_url.`])),
    make("li", "", ...(shown.menu ? [`In ${shown.tool}, open `, make("b", "", shown.menu), ` and paste it there. `] : [shown.line.kind === "rfc5322" ? `Let ${shown.tool} post each mail there. ` : `Paste it into ${shown.tool} where it asks for a webhook's URL. `]), `${secret} Every field, word by word: `, guide, "."),
    make("li", "", events.length ? `Switch on ${events.length > 6 ? `all ${events.length} events of the list below` : events.join(", ")}. ${besides}` : "", "Then let something happen in the tool: it stands here within two seconds."),
  ];
}

/** Whose a contact is; a masked mailbox that may be one of several is only named. */
function placed(name) {
  const exact = shown.teams.filter((each) => each.name === name);
  const meanings = new Set((exact.length ? exact : shown.teams.filter((each) => each.shown === name)).map((each) => each.team));
  if (meanings.size > 1) return name;
  const [means] = meanings.size ? meanings : [isOurs(name) ? name : null];
  if (means && isOurs(means)) return ours(means);
  if (means) return `${name}: ${means}, which the policy does not have`;
  return otherwise() ? `${name}, none of ours: counts for ${otherwise()}` : `${name}, none of our teams`;
}

/** One of our types in plain words; the type itself is there for who points at it. */
function typed(tag, type) {
  const made = make(tag, "", eventWords(type));
  made.title = type;
  return made;
}

function meant(told) {
  const place = told.team === null ? null : placed(told.team);
  const parts = [told.contact && `contact ${told.contact}`, told.customer, place, told.has_time ? when(told.at) : "dated by its arrival", told.inferred && "concluded, not told"];
  return make("li", "", typed("b", told.type), " ", make("span", "soft", parts.filter(Boolean).join(" · ")));
}

function delivery(each) {
  const left = each.events - each.told.length;
  const more = left > 0 && each.events > each.told.length && each.told.length ? [make("li", "soft", `${left} more`)] : [];
  return make("li", each.verdict,
    make("time", "", when(each.received_at)), make("bdi", "event", each.event || (each.verdict === "refused" ? "refused unread" : each.verdict === "test" ? "test contact" : "no event name")), make("span", "verdict", VERDICTS[each.verdict]),
    make("div", "meant", ...(each.reason ? [make("p", "", make("bdi", "", reasonWords(each.reason, clockTime(new Date(each.received_at)))))] : []), make("ul", "", ...each.told.map(meant), ...more)));
}

function gap(each) {
  return make("li", each.weight.replaceAll(" ", "-"), make("b", "", WEIGHTS[each.weight]), " ", make("bdi", "", each.sentence));
}

function event(each) {
  const row = make("tr", each.n ? "" : "unseen-event", make("th", "", make("bdi", "", each.name)), make("td", "", each.n ? each.n.toLocaleString("en") : "never"), make("td", "", each.last_at ? when(each.last_at) : ""), make("td", "soft", ...(each.types.length ? each.types.flatMap((type, index) => [index ? ", " : "", typed("span", type)]) : ["nothing to us"])));
  row.firstChild.scope = "row";
  return row;
}

function team(each) {
  const fixed = each.said_by === "file" || each.said_by === "policy";
  const used = make("span", "soft", `named by ${many(each.n, "delivery", "deliveries")}${each.last_at ? `, last ${when(each.last_at)}` : ""}`);
  const name = make("bdi", "name", each.name);
  if (fixed) return make("li", "", name, used, make("span", "means", `${ours(each.team)} (${each.said_by === "file" ? "sources.yaml" : "policy"}${isOurs(each.team) ? "" : "; the policy does not have it"})`));
  if (each.name === each.shown && each.name.includes(MASK)) return make("li", "unmapped", name, used, make("span", "means", button("Say what it is", () => act(by("teams-said"), () => asAdmin(path(shown.line.id, "")), () => "Its name is shown now: choose a team."))));
  const choose = make("select", "");
  choose.setAttribute("aria-label", `Our team for ${each.name}`);
  for (const [id, name] of [["", "none of ours"], ...Object.entries(shown.our_teams)]) choose.append(new Option(name, id));
  const key = `${shown.line.id} ${each.name}`;
  if (each.said_by === "click" && !changing.has(key)) {
    const change = button("Change", () => { changing.add(key); redraw(); });
    return make("li", "", name, used, make("span", "means", `${each.team ? ours(each.team) : "none of ours"} (said here)`, change));
  }
  choose.value = picked.get(key) ?? each.team ?? "";
  choose.addEventListener("change", () => picked.set(key, choose.value));
  const id = shown.line.id;
  const say = button("Say so", () => act(by("teams-said"), () => asAdmin(path(id, "/teams"), "POST", { name: each.name, team: choose.value || null }), (done) => {
    picked.delete(key);
    changing.delete(key);
    return `${each.name} is ${choose.value ? ours(choose.value) : "none of ours"} now. ${many(done.judged_anew, "contact is", "contacts are")} worked out again.`;
  }));
  return make("li", each.team ? "" : "unmapped", name, used, make("span", "means", choose, say));
}

function agent(each) {
  const id = shown.line.id;
  const mark = each.said_by === "file" ? make("span", "means", "a machine (sources.yaml)")
    : make("span", "means", each.is_machine ? "a machine " : "", button(each.is_machine ? "No, a human" : "It is a machine", () => act(by("agents-said"), () => asAdmin(path(id, "/machines"), "POST", { agent: each.name, is_machine: !each.is_machine }), () => `${each.name} is ${each.is_machine ? "a human" : "a machine"} from now on.`)));
  return make("li", "", make("bdi", "name", each.name), mark);
}

const retried = (done) => `${done.understood ? `${many(done.understood, "delivery is", "deliveries are")} understood now. ` : ""}${done.still_not ? `${many(done.still_not, "delivery still is", "deliveries still are")} not understood: ${reasonWords(done.reason, clockTime(new Date()))}` : ""}` || "Nothing was kept.";
const dropped = (done) => `${many(done.dropped, "delivery is", "deliveries are")} deleted.`;

function kept() {
  const id = shown.line.id;
  const said = by("kept-said");
  const reasons = shown.kept.map((each) => make("li", "", make("b", "", String(each.deliveries)), " ", make("bdi", "", reasonWords(each.reason, clockTime(new Date(each.last_at)))), make("span", "soft", ` last ${when(each.last_at)}`)));
  const all = make("p", "acts",
    button("Read all anew", () => act(said, () => asAdmin(path(id, "/kept/retry"), "POST"), retried)), " ",
    button("Show each", async () => {
      try {
        keptRows = { id, count: shown.line.kept, rows: (await asAdmin(path(id, "/kept"))).deliveries };
      } catch (error) {
        put(said, error instanceof Refused ? error.message : "This page does not reach Evenhand.");
      }
      redraw();
    }), " ",
    sure("Delete all", "Delete all for good?", () => act(said, () => asAdmin(path(id, "/kept"), "DELETE"), dropped)));
  const rows = keptRows.id === id && keptRows.count === shown.line.kept ? keptRows.rows : [];
  const each = rows.map((row) => make("li", "", make("time", "", when(row.received_at)), make("bdi", "", reasonWords(row.reason, clockTime(new Date(row.received_at)))), make("span", "soft", `${row.size_bytes.toLocaleString("en")} bytes`), make("span", "acts",
    button("Read anew", () => act(said, () => asAdmin(path(id, `/kept/${row.id}/retry`), "POST"), retried)), " ",
    sure("Delete", "For good?", () => act(said, () => asAdmin(path(id, `/kept/${row.id}`), "DELETE"), dropped)))));
  return [make("ul", "why-kept", ...reasons), all, make("ol", "each", ...each)];
}

const tested = (done) => {
  if (done.worked_out_ms === null) return `Stored after ${done.stored_ms} ms, but not worked out within 5 s: ask again, then look at the log.`;
  return `Arrived: stored after ${done.stored_ms} ms, worked out after ${done.worked_out_ms} ms, shown below after ${done.shown_ms} ms.`;
};

/** Which of the tool's events came; unfolded where some did not, and there is room. */
function drawEvents(report, isNew) {
  const telling = report.wanted.filter((each) => each.types.length);
  const came = telling.filter((each) => each.n).length;
  put(by("events-came"), `${came} of ${telling.length} came`);
  if (isNew) by("events-box").open = came < telling.length && matchMedia("(min-width: 1000px)").matches;
  renew(by("events"), [report.wanted, report.others], () => [...report.wanted, ...report.others].map(event));
}

export function drawOne(report, docs, again) {
  const isNew = !shown || shown.line.id !== report.line.id;
  if (isNew) for (const id of ["tested", "kept-said", "teams-said", "agents-said"]) put(by(id), id === "tested" ? "It goes the whole way and never counts." : "");
  shown = report;
  redraw = again;
  const { line } = report;
  put(by("name"), line.id);
  put(by("kind"), line.kind);
  put(by("sentence"), line.sentence);
  by("sentence").className = `sentence ${line.state.replaceAll(" ", "-")}`;
  const skew = report.skew_seconds === null ? "" : ` News comes ${span(report.skew_seconds)} ${report.skew_seconds < 0 ? "before" : "after"} it happened.`;
  put(by("came"), `${many(line.last_hour, "delivery", "deliveries")} in the last hour.${skew}`);
  renew(by("gaps"), report.gaps, () => report.gaps.map(gap));
  renew(by("steps"), [line.id, report.wanted.length, docs], () => steps(docs));
  renew(by("deliveries"), [report.deliveries, report.teams], () => (report.deliveries.length ? report.deliveries.map(delivery) : [make("li", "soft", "Nothing yet.")]));
  drawEvents(report, isNew);
  by("kept").hidden = !line.kept && !by("kept-said").textContent;
  renew(by("kept-rows"), [line.id, report.kept, keptRows.id, keptRows.count], () => (line.kept ? kept() : []));
  by("teams").hidden = !report.teams.length;
  put(by("teams-say"), otherwise() ? `What means none of our teams counts for ${otherwise()}.` : report.goes_to ? `What means none of our teams counts for nobody: sources.yaml says ${report.goes_to}, which the policy does not have.` : "What means none of our teams is promised nothing.");
  renew(by("teams-rows"), [line.id, report.teams, [...changing]], () => report.teams.map(team));
  by("agents").hidden = !report.agents.length;
  renew(by("agents-rows"), [line.id, report.agents], () => report.agents.map(agent));
  by("test").onclick = () => act(by("tested"), () => asAdmin(path(line.id, "/test"), "POST"), tested);
}
