// The interview: the best next question in a card, and all questions by section.
import { byId, complain, fill, h } from "./dom.js";
import { listen, setFact, skip, state } from "./state.js";

let words;
let serial = 0;

// The card of the best next question moves on when an answer is clicked. While somebody picks several choices, types a number
// or uses the arrow keys, it is held until "Next question" is clicked.
const card = { held: false, upcoming: null };

export function drawInterview(vocabulary) {
  words = vocabulary;
  listen("adopted", () => { card.held = false; });
  listen("changing", () => { card.upcoming = null; });
  fill(
    byId("sections"),
    words.sections.map((section, index) =>
      h("details", { open: index === 0, "data-section": section.id },
        h("summary", {}, section.name, " ", h("span", { class: "count" })),
        section.facts.map((name) => drawQuestion(words.facts[name], false)))),
  );
}

function why(fact) {
  const details = h("details", { class: "small" }, h("summary", {}, "Why is this asked?"), h("p", { class: "note" }, "…"));
  details.addEventListener("toggle", () => tellWhy(details, fact.name));
  return details;
}

async function tellWhy(details, fact) {
  if (!details.open) return;
  try {
    const { text } = await state.back.call("why-asked", { facts: state.facts, skipped: state.skipped, fact });
    details.querySelector("p").textContent = text;
  } catch (error) {
    complain(error);
  }
}

function drawQuestion(fact, next) {
  const group = `${fact.name}-${++serial}`;
  const options = drawOptions(fact, group, next);
  const help = fact.help ? h("p", { class: "note", id: `${group}-help` }, fact.help) : null;
  const moved = next ? null : () => { card.held = false; };
  return h("fieldset", { "data-fact": fact.name, "data-next": next, onkeydown: next ? onKey : null, oninput: moved, "aria-describedby": help ? `${group}-help` : null },
    h("legend", {}, fact.question), help, options,
    next ? h("p", {}, h("button", { type: "button", id: "go-on", onclick: () => goOn(fact) }, "Next question")) : null, why(fact));
}

const isOpen = (name) => state.facts[name] === undefined && !state.skipped.includes(name);

function onKey(event) {
  if (event.key.startsWith("Arrow") && event.target.type === "radio") hold();
  if (event.key === "Enter" && event.target.matches("input")) byId("go-on").click();
}

function hold() {
  card.held = true;
}

// Move on to the latest next question; one that is still being searched for is drawn when found.
function goOn(fact) {
  const box = byId("next").querySelector('input[type="number"]');
  if (box && !box.reportValidity()) return;
  card.held = false;
  if (isOpen(fact.name)) skip(fact.name);
  else if (card.upcoming) drawNext(card.upcoming);
}

function drawOptions(fact, group, next) {
  if (fact.kind === "percent") return drawPercent(fact, group, next);
  if (fact.kind === "set") return drawSet(fact, group, next);
  const value = (text) => (fact.kind === "flag" ? text === "true" : text);
  const options = fact.values.map((each) =>
    h("label", {},
      h("input", { type: "radio", name: group, value: each.name, onchange: () => setFact(fact.name, value(each.name)) }),
      each.label));
  return h("div", { class: "options" }, options, unknown(fact, group, next));
}

// In the card nothing is selected at first, so that "Don't know" can be clicked.
function unknown(fact, group, next) {
  return h("label", { class: "unknown" },
    h("input", { type: "radio", name: group, value: "", checked: !next, onchange: () => skip(fact.name) }), "Don’t know");
}

function drawPercent(fact, group, next) {
  const box = h("input", { type: "number", min: "0", max: "100", step: "any", inputmode: "decimal", "aria-label": "Percent", "data-percent": "" });
  const read = () => {
    if (box.value === "") skip(fact.name);
    else if (box.checkValidity()) setFact(fact.name, Number(box.value), 250);
    else {
      setFact(fact.name, undefined, 250); // incomplete input is not an answer
      box.reportValidity();
    }
  };
  box.addEventListener("input", () => {
    if (next) hold();
    read();
  });
  return h("div", { class: "options" }, h("span", {}, box, "%"), unknown(fact, group, next));
}

function drawSet(fact, group, next) {
  const boxes = () => [...fieldset.querySelectorAll('input[type="checkbox"]')];
  const read = (changed) => {
    if (next) hold();
    if (changed.value === "" && changed.checked) for (const box of boxes()) if (box.value) box.checked = false;
    if (changed.value !== "" && changed.checked) boxes().find((box) => !box.value).checked = false;
    const chosen = boxes().filter((box) => box.checked && box.value).map((box) => box.value);
    const none = boxes().find((box) => !box.value).checked;
    if (chosen.length || none) setFact(fact.name, chosen);
    else skip(fact.name);
  };
  const option = (value, label) =>
    h("label", {}, h("input", { type: "checkbox", value, onchange: (event) => read(event.target) }), label);
  const fieldset = h("div", { class: "options" },
    fact.values.map((each) => option(each.name, each.label)), option("", "None of these"), unknown(fact, group, next));
  return fieldset;
}

// Show the known facts in every question about them.
export function syncInterview(advice) {
  for (const fieldset of document.querySelectorAll("fieldset[data-fact]")) {
    const name = fieldset.dataset.fact;
    const value = state.facts[name];
    const known = value !== undefined;
    for (const input of fieldset.querySelectorAll("input")) {
      if (input.type === "number") {
        if (document.activeElement !== input) input.value = known ? String(value) : "";
      } else if (input.type === "checkbox") {
        input.checked = known && (input.value ? value.includes(input.value) : value.length === 0);
      } else {
        const open = fieldset.dataset.next !== undefined && !state.skipped.includes(name);
        input.checked = known ? input.value === String(value) && input.value !== "" : input.value === "" && !open;
      }
    }
    if (fieldset.dataset.next === undefined) fieldset.hidden = !known && advice.not_asked.includes(name);
  }
  for (const details of document.querySelectorAll("details[data-section]")) {
    const names = words.sections.find((section) => section.id === details.dataset.section).facts;
    const known = names.filter((name) => state.facts[name] !== undefined).length;
    details.querySelector(".count").textContent = known ? `${known} of ${names.length} answered` : `${names.length} questions`;
  }
}

export function drawNext(found) {
  card.upcoming = found;
  const place = byId("next");
  const shown = place.querySelector("fieldset");
  const inside = place.contains(document.activeElement);
  const typing = inside && document.activeElement.type === "number" && isOpen(shown.dataset.fact);
  if (card.held || typing) return;
  place.hidden = false;
  if (found.fact && shown?.dataset.fact === found.fact) {
    tellWhy(shown.querySelector("details"), found.fact);
    return;
  }
  const title = h("h2", { id: "next-title" }, found.fact ? "The best next question" : "Nothing left to ask");
  if (found.fact) {
    const question = drawQuestion(words.facts[found.fact], true);
    fill(place, title, question);
    if (inside) question.querySelector("input").focus();
  } else {
    fill(place, title, h("p", {}, "No remaining question can change the recommendation. Further answers may still affect its certainty, the actions and the risks."));
    if (inside) byId("outcome").focus();
  }
}
