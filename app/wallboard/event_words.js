// What our types of events mean, in the words of whoever looks after the tools.

const WORDS = {
  "contact.received": "customer reached out",
  "contact.queued": "customer waits in a queue",
  "contact.offered": "offered to somebody",
  "contact.declined": "offer not taken",
  "contact.answered": "answered",
  "agent.replied": "somebody of ours wrote",
  "customer.replied": "customer wrote again",
  "contact.held": "put on hold",
  "contact.resumed": "taken off hold",
  "contact.transferred": "handed on",
  "contact.abandoned": "customer gave up",
  "contact.missed": "nobody answered",
  "contact.resolved": "done",
  "contact.reopened": "opened again",
  "contact.merged": "joined with another contact",
  "contact.discarded": "never counts",
  "work.started": "work began",
  "work.ended": "work ended",
  "agent.available": "somebody is there",
  "agent.unavailable": "somebody is away",
  "followup.promised": "promised to come back",
  "followup.moved": "promise moved",
  "followup.done": "promise kept",
  "followup.cancelled": "promise called off",
  "customer.rated": "customer rated us",
  "customer.updated": "customer described",
  "customer.merged": "two customers are one",
};

export const eventWords = (type) => (Object.hasOwn(WORDS, type) ? WORDS[type] : type);

/** Why a delivery was not taken, with what to do where the page knows more than the reason says. */
export function reasonWords(reason, at) {
  const found = /is dated more than (\d+):(\d+):\d+ ahead/.exec(reason);
  if (!found) return reason;
  return `The tool's clock is more than ${60 * found[1] + Number(found[2])} minutes ahead of ours (${at}): set one of them, then press Read all anew.`;
}
