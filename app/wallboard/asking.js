// Asking the service: anybody may look; whoever changes something shows a token, asked for once a tab.

import { by, put } from "./elements.js";

const KEPT_AS = "evenhand token";

export class Refused extends Error {}

let mayNotRead = false;

const hasToken = () => Boolean(sessionStorage.getItem(KEPT_AS));
/** Whether there is a token with which more is to be seen than without. */
export const seesMore = () => hasToken() && !mayNotRead;

/** The token of whoever sits here; null if they leave it. */
function askForToken(why = "") {
  const box = by("ask");
  const input = by("token");
  input.value = "";
  put(by("ask-why"), why);
  return new Promise((resolve) => {
    const done = (token) => {
      by("ask-yes").onclick = by("ask-no").onclick = box.onclose = input.onkeydown = null;
      if (box.open) box.close();
      if (token) sessionStorage.setItem(KEPT_AS, token);
      mayNotRead = false;
      resolve(token || null);
    };
    by("ask-yes").onclick = () => done(input.value.trim());
    by("ask-no").onclick = box.onclose = () => done(null);
    input.onkeydown = (event) => { if (event.key === "Enter") done(input.value.trim()); };
    box.showModal();
    input.focus();
  });
}

async function send(path, method, told) {
  const headers = { authorization: `Bearer ${sessionStorage.getItem(KEPT_AS)}` };
  if (told !== undefined) headers["content-type"] = "application/json";
  return fetch(path, { method, headers, cache: "no-store", body: told === undefined ? undefined : JSON.stringify(told) });
}

/** The answer to what only some may ask; raises Refused with the reason in words. */
export async function asAdmin(path, method = "GET", told = undefined) {
  if (!hasToken() && !(await askForToken())) throw new Refused("Nothing was changed.");
  let answer = await send(path, method, told);
  if (answer.status === 401 && method === "GET") {
    mayNotRead = true;
    throw new Refused("The token is not known here, or lacks the scope read.");
  }
  if (answer.status === 401) {
    sessionStorage.removeItem(KEPT_AS);
    if (!(await askForToken("This token is not known here, or lacks the scope admin."))) throw new Refused("The token is not known here, or lacks the scope admin. Nothing was changed.");
    answer = await send(path, method, told);
  }
  if (answer.ok) return answer.json();
  if (answer.status === 401) sessionStorage.removeItem(KEPT_AS);
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(`Nothing was changed: ${problem.detail || `the service answered ${answer.status}`}.`);
}

/** What anybody may look at; null where there is no such thing. */
export async function look(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}
