// How instants, spans and counts are said, and the sentence that comes before the numbers.
// Names come from outside: a sentence is a list of parts, and whoever shows it sets text only.

const CHANNELS = { phone: "phone", chat: "chat", email: "e-mail" };
const ANSWERS = { phone: "calls", chat: "chats", email: "e-mails" };
const ONE = { phone: "call", chat: "chat", email: "e-mail" };
const WORK = { resolution: "not finished in time", callback: "not called back in time", update: "not kept up to date", ownership: "without an owner for too long" };
const LONGEST_NAME = 34;

export const channelWord = (channel) => CHANNELS[channel] || channel;
/** "1 call", "6 e-mails", "2 contacts by fax". */
export const contactsBy = (channel, count) => (ONE[channel] ? many(count, ONE[channel], ANSWERS[channel]) : `${many(count, "contact", "contacts")} by ${channel}`);
export const workWords = (clock) => WORK[clock] || `late: ${clock}`;
export const many = (count, one, several) => `${count} ${count === 1 ? one : several}`;

/** A length of time, cut off rather than rounded: "59 s" is never called a minute. */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(Math.abs(seconds)));
  if (whole < 120) return `${whole}\u00a0s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}\u00a0min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)}\u00a0h${rest && minutes < 600 ? `\u00a0${rest}\u00a0min` : ""}`;
}

/** "4 min late", "40 s left"; a promise broken this very second is one second late. */
export const standing = (left) => (left < 0 ? `${span(Math.max(1, -left))} late` : `${span(left)} left`);

const pad = (number) => String(number).padStart(2, "0");

export const clockTime = (at) => `${pad(at.getHours())}:${pad(at.getMinutes())}`;

/** The time of day, with the day where it is another one than that of `now`. */
export function dayTime(at, now) {
  if (at.toDateString() === now.toDateString()) return clockTime(at);
  const days = Math.abs(at - now) / 86_400_000;
  const day = days < 6.5 ? at.toLocaleDateString("en", { weekday: "long" }) : at.toLocaleDateString("en", { day: "numeric", month: "long" });
  return `${day} ${clockTime(at)}`;
}

const name = (text) => ({ name: text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME - 1).trimEnd()}…` : text });
const over = (row) => [name(row.customer), `, ${span(Math.max(1, -row.left))} over, ${channelWord(row.channel)}`];

/** What the screen says first: {lead, then, meaning}; `meaning` changes when a listener should hear it again. */
export function sentence(board) {
  if (!board.view) return say(["No figures yet."], ["Evenhand has started and reads what has come in."], "none");
  if (board.offline) return blind(board);
  if (board.unknownTeam) return strangers(board);
  const doubts = silentWords(board);
  const desk = board.late ? late(board) : nobody(board);
  const said = board.closed ? closed(board) : servedFirst(board, desk) || manyToldNo(board, desk) || desk;
  return { ...said, then: [...said.then, ...(said.then.length && doubts.length ? [" "] : []), ...doubts], meaning: `${said.meaning}|${board.silent.length}` };
}

const MANY_TOLD_NO = 5;

/** The worst of what is served first, in the words of the service; then how late the others are. */
function servedFirst(board, desk) {
  const teams = board.turns.filter((each) => each.served_first.length);
  if (!teams.length) return null;
  const worst = teams.reduce((one, other) => (other.served_first[0].waiting > one.served_first[0].waiting ? other : one));
  const [{ sentences: [first, ...rest], waiting }] = worst.served_first;
  const others = sum(teams, (each) => each.served_first.length) - 1;
  const where = !board.team && board.turns.length > 1 ? [name(board.named(worst.team)), ": "] : [];
  const also = others ? [` ${many(others, "other is", "others are")} taken first too.`] : [];
  const then = [rest.join(" "), ...also, ...(board.late ? [" ", ...desk.lead] : [])];
  return { ...say([...where, first], then.filter(Boolean), `first|${first}|${waiting > 0}|${others}`), full: true };
}

/** "24 callers were told no today; 24 wait to be called back." */
export function toldNoWords(board) {
  const today = sum(board.toldNo, (each) => each.today);
  const waiting = sum(board.toldNo, (each) => each.waiting);
  const channels = new Set(board.toldNo.flatMap((each) => each.channels));
  const [one, several] = channels.size === 1 && channels.has("phone") ? ["caller", "callers"] : ["customer", "customers"];
  const no = board.toldNo.some((each) => each.inferred) ? "told no or not helped" : "told no";
  if (!today) return `${many(waiting, `${one} who was ${no} waits`, `${several} who were ${no} wait`)} to be called back.`;
  return `${many(today, `${one} was ${no}`, `${several} were ${no}`)} today; ${waiting ? `${waiting} ${waiting === 1 ? "waits" : "wait"} to be called back` : "all were called back"}.`;
}

function manyToldNo(board, desk) {
  const waiting = sum(board.toldNo, (each) => each.waiting);
  if (waiting < MANY_TOLD_NO) return null;
  const oldest = board.toldNo.flatMap((each) => each.named).reduce((one, other) => (new Date(other.since) < new Date(one.since) ? other : one));
  const then = [`Oldest: ${oldest.at}, `, name(oldest.customer), ".", " ", ...desk.lead];
  return { ...say([toldNoWords(board)], then, `told no|${waiting}`), full: true, toldNo: true };
}

const sum = (list, count) => list.reduce((total, each) => total + count(each), 0);
const say = (lead, then, meaning) => ({ lead, then, meaning });

function blind(board) {
  const since = dayTime(board.takenAt, board.now);
  const why = board.reachable ? "Evenhand answers, but works out nothing new." : "This screen does not reach Evenhand.";
  return say([`No news since ${since}.`], [`${why} Below is how it stood then. Ask the phone, chat and mail systems.`], "blind");
}

/** A misspelt team must not read as a team whose customers are all served. */
function strangers(board) {
  const teams = [...new Set(board.view.teams.map((each) => each.team))];
  const then = teams.length ? ["There are: ", ...teams.flatMap((team, index) => [index ? ", " : "", name(team)]), "."] : [];
  return say(["No team is called ", name(board.team), "."], then, "no team");
}

function closed(board) {
  const lead = [board.opensAt ? `Closed until ${dayTime(board.opensAt, board.now)}.` : "Closed."];
  const first = board.paused[0];
  if (!first) return say(lead, ["Nobody is left waiting."], "closed|0");
  const are = many(board.paused.length, "customer", "customers");
  const then = first.left < 0
    ? [`${are} not answered yet. Late already: `, name(first.customer), `, ${span(-first.left)} over.`]
    : [`${are} not answered yet. First to be late: `, name(first.customer), `, ${span(first.left)} after opening.`];
  return say(lead, then, `closed|${board.paused.length}`);
}

function late(board) {
  const longest = board.lateRows[0];
  const next = nextWords(board);
  const meaning = `late|${board.late}|${longest ? longest.contact : ""}`;
  if (!longest) return say([`${many(board.late, "answer is", "answers are")} later than promised.`], next, meaning);
  if (board.late === 1) return say(["1 customer waits longer than promised."], [...over(longest), ".", ...gap(next)], meaning);
  return say([lateWords(board)], ["Longest: ", ...over(longest), ".", ...gap(next)], meaning);
}

const gap = (parts) => (parts.length ? [" ", ...parts] : []);

/** Customers where all late ones are known by name; else the answers that are owed. */
function lateWords(board) {
  if (board.lateRows.length !== board.late) {
    const channels = [...new Set(board.lines.filter((line) => line.late).map((line) => line.channel))];
    const what = channels.length === 1 && ANSWERS[channels[0]] ? ANSWERS[channels[0]] : "answers";
    return `${board.late} ${what} ${what === "answers" ? "are later" : "wait longer"} than promised.`;
  }
  const customers = new Set(board.lateRows.map((row) => row.customer)).size;
  const wait = `${many(customers, "customer waits", "customers wait")} longer than promised`;
  return customers === board.late ? `${wait}.` : `${wait}, for ${board.late} answers.`;
}

function nobody(board) {
  const sure = board.silent.length ? "Nobody is known to wait" : "Nobody waits";
  const promises = board.promisesLate ? [`${many(board.promisesLate, "promise is", "promises are")} late.`] : [];
  const kept = board.settled ? [`Kept in time today: ${board.settled - board.settledLate} of ${board.settled}.`] : [];
  if (!board.waiting && !board.view.last_event_at) return say(["Nothing has come in yet."], ["No tool has told us of any customer."], "nothing yet");
  if (!board.waiting) return say([`${sure}.`], [...kept, ...gap(promises)], `nobody|${board.promisesLate}`);
  const then = [waitWords(board), " ", ...nextWords(board), ...gap(promises)];
  return say([`${sure} longer than promised.`], then, `in time|${board.promisesLate}`);
}

function waitWords(board) {
  const all = [...board.lateRows, ...board.dueRows];
  const customers = new Set(all.map((row) => row.customer)).size;
  return all.length === board.waiting && customers === board.waiting
    ? `${many(customers, "customer waits", "customers wait")}.`
    : `${many(board.waiting, "answer is", "answers are")} due.`;
}

function nextWords(board) {
  const next = board.dueRows[0];
  if (!next) return [];
  return [board.late ? "Next: " : "Next to be late: ", { ...name(next.customer), next: true }, next.left < 1 ? ", now." : `, in ${span(next.left)}.`];
}

function silentWords(board) {
  const [first] = board.silent;
  if (!first) return [];
  if (board.silent.length > 1) return [`${board.silent.length} sources are silent: somebody may wait unseen.`];
  return [{ name: first.name }, first.last ? ` has been silent since ${dayTime(first.last, board.now)}.` : " has never been heard.", " Somebody may wait unseen."];
}

/** What the figures leave out, most doubtful first: {text, strong}. */
export function trustWords(board) {
  const said = [];
  const add = (text, strong = false) => said.push({ text, strong });
  if (board.offline) add(board.reachable ? "Evenhand answers, but has no new figures" : "This screen cannot reach Evenhand", true);
  if (board.view.invariants_broken) add("The figures contradict each other: tell who runs Evenhand", true);
  for (const source of board.silent) add(`${source.name} (${channelWord(source.channel)}) ${source.last ? `silent since ${dayTime(source.last, board.now)}` : "never heard"}`, true);
  const heard = board.sources.filter((source) => source.last && !source.silent);
  const when = (at) => (board.offline ? clockTime(at) : `${span((board.at - at) / 1000)} ago`);
  if (heard.length && heard.length <= 4) add(`${board.offline ? "Last heard" : "Heard"}: ${heard.map((source) => `${source.name} ${when(source.last)}`).join(", ")}`);
  else if (heard.length) add(`All ${board.silent.length ? "other " : ""}${heard.length} sources heard in time`);
  if (!board.sources.length) add(board.view.last_event_at ? `Last news from a tool ${when(new Date(board.view.last_event_at))}` : "Nothing has come in yet");
  if (board.notMeasurable.length) add(`Cannot be judged: ${board.notMeasurable.join(", ")}`);
  const doubts = board.turns.flatMap((each) => each.doubts.map((doubt) => (board.turns.length > 1 ? `${board.named(each.team)}: ${doubt}` : doubt)));
  const everywhere = board.turns.length > 1 && board.turns.every((each) => each.doubts.length === 1) && new Set(board.turns.map((each) => each.doubts[0])).size === 1;
  for (const doubt of everywhere ? board.turns[0].doubts : doubts) add(doubt.replace(/\.$/, ""));
  if (board.lostTrack.length) add(`Lost track of: ${board.lostTrack.join(", ")}`);
  if (board.view.not_understood) add(`${many(board.view.not_understood, "message", "messages")} not understood`);
  if (board.view.set_aside) add(`${many(board.view.set_aside, "contact", "contacts")} could not be worked out`);
  return said;
}
