// The standing answer: outcome, reasons, actions, what would change it, voices, other models, the map.
import { bar, byId, complain, drawing, fill, h, showDialog, tell } from "./dom.js";
import { adopt, state } from "./state.js";

const percent = (share) => `${Math.round(share * 100)} %`;

export function drawAnswer(advice) {
  const incoherences = advice.incoherences.map((each) => h("p", { class: "incoherent" }, h("strong", {}, "These answers contradict each other. "), each.reason));
  byId("outcome").hidden = false;
  fill(
    byId("outcome"),
    h("h2", { id: "outcome-title" }, "As it stands"),
    incoherences,
    h("p", { class: "model", "data-model": advice.model ?? "" }, advice.name ?? "No recommendation yet"),
    h("p", {}, advice.outcome),
    advice.model ? h("div", {}, bar(advice.certainty, `Certainty ${percent(advice.certainty)}`),
      h("p", { class: "note" }, `Certainty of the evidence: ${percent(advice.certainty)}${advice.status === "contested" ? ", with a close second" : ""}.`)) : null,
    advice.patterns.map((pattern) => h("p", { class: "note" }, h("strong", {}, `Recognised: ${pattern.name}. `), `${pattern.says[0].toUpperCase()}${pattern.says.slice(1)}.`)),
  );
  drawReasons(advice);
  drawActions(advice);
  drawVoices(advice);
  drawRanking(advice);
  section("changes");
  drawMap(advice);
}

function section(id, title, ...children) {
  const filled = children.flat().some(Boolean);
  byId(id).hidden = !filled;
  fill(byId(id), filled ? h("h2", { id: `${id}-title` }, title) : null, ...children);
}

function drawReasons(advice) {
  section("reasons", "Why",
    advice.reasons.length ? h("ul", { class: "plain" }, advice.reasons.map((reason) =>
      h("li", {}, reason.text, " ", h("button", { type: "button", class: "link", onclick: () => showRule(reason.rule) },
        "Rule and article", h("span", { class: "quiet" }, ` behind: ${reason.text}`))))) : null,
    advice.contrast ? h("p", {}, advice.contrast) : null);
}

function drawActions(advice) {
  section("actions", "What to do",
    advice.actions.length ? h("ul", { class: "plain checklist" }, advice.actions.map((action) =>
      h("li", {}, h("label", {}, h("input", { type: "checkbox" }), h("span", {}, action.text))))) : null,
    advice.warnings.length ? h("h3", {}, "What to beware of") : null,
    advice.warnings.length ? h("ul", {}, advice.warnings.map((warning) => h("li", {}, warning.text))) : null);
}

function drawVoices(advice) {
  section("voices", "What each article says",
    advice.known ? h("div", { class: "voices" }, advice.voices.map((voice) =>
      h("article", { class: voice.stance }, h("h3", {}, voice.title), h("p", {}, voice.text)))) : null);
}

function drawRanking(advice) {
  if (!advice.known) {
    section("ranking");
    return;
  }
  section("ranking", "Every model",
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Models and points" },
      h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Model"), h("th", { scope: "col", class: "number" }, "Points"), h("th", { scope: "col" }, "Place"), h("th", { scope: "col" }, h("span", { class: "quiet" }, "Question")))),
        h("tbody", {}, advice.ranking.map((row) =>
          h("tr", { class: row.model === advice.model ? "won" : null },
            h("th", { scope: "row" }, row.name), h("td", { class: "number" }, String(row.points)), h("td", {}, row.place),
            h("td", {}, row.model === advice.model ? null : h("button", { type: "button", class: "link", onclick: () => showWhyNot(row) }, "Why not", h("span", { class: "quiet" }, ` ${row.name}`), "?"))))))));
}

async function drawMap(advice) {
  if (!advice.known) {
    section("map");
    return;
  }
  section("map", "The argument",
    h("div", { class: "tools" },
      h("button", { type: "button", onclick: () => openMap(false) }, "Show the map"),
      h("button", { type: "button", onclick: () => openMap(true) }, "Show everything")));
}

async function openMap(complete) {
  try {
    const { svg } = await state.back.call("map", { facts: state.facts, complete });
    const picture = drawing(svg);
    const width = Number(picture.getAttribute("width")) || 900;
    const canvas = h("div", { class: "canvas", tabindex: "0", role: "region", "aria-label": "Argument map" }, picture);
    let zoom = 1;
    const resize = (factor) => {
      zoom = Math.min(3, Math.max(0.25, zoom * factor));
      picture.setAttribute("width", String(width * zoom));
      picture.removeAttribute("height");
    };
    showDialog("The argument", h("div", { class: "tools" },
      h("button", { type: "button", onclick: () => resize(1.25) }, "Larger"),
      h("button", { type: "button", onclick: () => resize(0.8) }, "Smaller")), canvas);
    if (width > canvas.clientWidth) resize(Math.max(0.4, canvas.clientWidth / width));
  } catch (error) {
    complain(error);
  }
}

async function showRule(id) {
  let rule;
  try {
    rule = await state.back.call("rule", { id });
  } catch (error) {
    complain(error);
    return;
  }
  showDialog(rule.rationale,
    rule.when.length ? h("p", {}, "It holds where ", rule.when.join("; "), ".") : h("p", {}, "It holds for any organisation."),
    h("ul", {}, rule.then.map((each) => h("li", {}, each))),
    rule.claims.map((claim) => h("div", { class: "claim" },
      h("p", {}, claim.says), h("p", { class: "note" }, `“${claim.title}”${claim.author ? ` (${claim.author})` : ""}, ${claim.paragraphs}; claim ${claim.id}`))),
    rule.engineer.map((text) => h("p", { class: "note" }, `The engineer’s addition: ${text}`)));
}

async function showWhyNot(row) {
  try {
    const { paragraphs } = await state.back.call("why-not", { facts: state.facts, name: row.model });
    showDialog(`Why not ${row.name}?`, tell(paragraphs));
  } catch (error) {
    complain(error);
  }
}

export function drawLater(later) {
  if (!state.advice.known) return;
  section("changes", "What would change it",
    later.sets.length ? h("div", { class: "cards" }, later.sets.map((set) =>
      h("article", {}, h("p", {}, set.text),
        h("button", { type: "button", onclick: () => adopt({ facts: { ...state.facts, ...set.changes }, skipped: state.skipped, name: state.name }) }, "Try this", h("span", { class: "quiet" }, `: ${set.text}`))))) : null,
    h("p", { class: "note" }, later.text));
}
