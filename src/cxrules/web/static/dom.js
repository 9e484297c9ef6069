// Elements are made without innerHTML, so that no text becomes markup.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name in element && typeof value === "boolean") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// The paragraphs of an explanation, each with its list.
export function tell(paragraphs) {
  return paragraphs.flatMap(({ text, items }) =>
    [h("p", {}, text), items.length ? h("ul", {}, items.map((item) => h("li", {}, item))) : null]);
}

export const byId = (id) => document.getElementById(id);

export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter(Boolean));
  return element;
}

// The SVG of a drawing, without scripts, styles and foreign content.
export function drawing(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (parsed.nodeName !== "svg") return h("p", {}, "There is nothing to draw yet.");
  for (const element of [...parsed.querySelectorAll("script, foreignObject, style")]) element.remove();
  return document.importNode(parsed, true);
}

const NS = "http://www.w3.org/2000/svg";

// A bar for a share from 0 to 1, as SVG, because the security policy allows no inline styles.
export function bar(share, label) {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("class", "bar");
  svg.setAttribute("viewBox", "0 0 100 4");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("width", "100%");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const on = document.createElementNS(NS, "rect");
  on.setAttribute("class", "on");
  on.setAttribute("width", String(Math.max(0, Math.min(1, share)) * 100));
  on.setAttribute("height", "4");
  svg.append(on);
  return svg;
}

// Quiet messages are for screen readers only: the page shows the same anyway.
export function announce(text, quiet = false) {
  byId("status").classList.toggle("quiet", quiet || !text);
  byId("status").textContent = text;
}

export function complain(error) {
  const box = byId("problem");
  box.hidden = !error;
  box.textContent = error ? String(error.message || error) : "";
}

export function showDialog(title, ...children) {
  const dialog = byId("dialog");
  dialog.classList.toggle("wide", children.some((child) => child.classList?.contains("canvas")));
  fill(byId("dialog-body"), h("h2", { id: "dialog-title", tabindex: "-1" }, title), ...children);
  dialog.scrollTop = 0;
  if (!dialog.open) dialog.showModal();
  byId("dialog-title").focus();
}

export function offerFile(name, text, type) {
  const address = URL.createObjectURL(text instanceof Blob ? text : new Blob([text], { type }));
  const link = h("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
