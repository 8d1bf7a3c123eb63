// Making and changing what a page shows: names come from outside, so only text is ever set.

const SVG = "http://www.w3.org/2000/svg";

export const by = (id) => document.getElementById(id);
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
export function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
/** Replaces what `element` holds only when `key` differs, so that nothing is redrawn for nothing. */
export function fill(element, key, children) {
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(...children());
}
export const plain = (parts) => parts.map((part) => part.name ?? part).join("");
export function say(element, parts) {
  fill(element, JSON.stringify(parts), () => parts.map((part) => (part.name === undefined ? part : make("bdi", part.next ? "next" : "", part.name))));
}

export const percent = (number) => `${number.toFixed(2)}%`;

/** A name; a link where it leads back to the tool, and to no other kind of address. */
export function nameOf(text, link, className = "name") {
  const name = make(/^https?:\/\//i.test(link || "") ? "a" : "span", className, make("bdi", "", text));
  if (name.tagName === "A") Object.assign(name, { href: link, target: "_blank", rel: "noopener noreferrer" });
  name.title = text;
  return name;
}
