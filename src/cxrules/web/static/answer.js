// The current answer: outcome, reasons, actions, risks, what would change it, articles, models, the map.
import { bar, byId, complain, drawing, fill, h, showDialog, tell } from "./dom.js";
import { adopt, state } from "./state.js";

// With fewer known facts, articles and points say little and are folded.
const ENOUGH_TO_UNFOLD = 4;
const folds = {}; // sections that the user opened or closed

export function drawAnswer(advice) {
  const incoherences = advice.incoherences.map((each) => h("p", { class: "incoherent" }, h("strong", {}, "These answers contradict each other. "), each.reason));
  const doubts = advice.doubts.map((doubt) => h("p", { class: "doubt" }, doubt));
  byId("outcome").hidden = false;
  fill(
    byId("outcome"),
    h("h2", { id: "outcome-title" }, "As it stands"),
    incoherences,
    doubts,
    h("p", { class: "model", "data-model": advice.model ?? "" }, advice.name ?? "No recommendation yet"),
    h("p", {}, advice.outcome),
    advice.model ? bar(advice.certainty, "Certainty of the evidence") : null,
    advice.certain ? h("p", { class: "note" }, advice.certain) : null,
    h("p", { id: "enough", class: "note" }),
  );
  for (const name of ["print", "download", "pin"]) byId(name).disabled = !advice.known;
  byId("nothing").hidden = advice.known > 0;
  drawReasons(advice);
  section("actions", "What to do",
    advice.actions.length ? h("ul", { class: "plain checklist" }, advice.actions.map((action) =>
      h("li", {}, h("label", {}, h("input", { type: "checkbox" }), h("span", {}, action.text))))) : null);
  section("beware", "Risks to watch", list(advice.beware));
  drawVoices(advice);
  drawRanking(advice);
  section("changes");
  drawMap(advice);
  drawPaper(advice);
}

// Whether enough is known, which comes with the next question.
export function drawOutlook({ text }) {
  byId("enough").textContent = text;
}

const list = (texts) => (texts.length ? h("ul", {}, texts.map((text) => h("li", {}, text))) : null);

function section(id, title, ...children) {
  const filled = children.flat().some(Boolean);
  byId(id).hidden = !filled;
  fill(byId(id), filled ? h("h2", { id: `${id}-title` }, title) : null, ...children);
}

function foldedSection(id, title, ...children) {
  const filled = state.advice.known > 0;
  byId(id).hidden = !filled;
  if (!filled) {
    fill(byId(id));
    return;
  }
  const details = h("details", { class: "fold", open: folds[id] ?? (state.advice.model !== null && state.advice.known >= ENOUGH_TO_UNFOLD) },
    h("summary", { onclick: () => { folds[id] = !details.open; } }, h("h2", { id: `${id}-title` }, title)), ...children);
  fill(byId(id), details);
}

function drawReasons(advice) {
  section("reasons", advice.heading,
    advice.reasons.length ? h("ul", { class: "plain" }, advice.reasons.map((reason) =>
      h("li", {}, reason.text, " ", h("button", { type: "button", class: "link", onclick: () => showRule(reason.rule) },
        "Rule and article", h("span", { class: "quiet" }, ` behind: ${reason.text}`))))) : null,
    advice.contrast ? h("p", {}, advice.contrast) : null);
}

function drawVoices(advice) {
  foldedSection("voices", "What each article says",
    h("p", { class: "note" }, "What each article alone would recommend for the known facts. The recommendation weighs all articles together."),
    h("div", { class: "voices" }, advice.voices.map((voice) =>
      h("article", { class: voice.stance }, h("h3", {}, voice.title), voice.author ? h("p", { class: "note" }, voice.author) : null, h("p", {}, voice.text)))));
}

function drawRanking(advice) {
  foldedSection("ranking", "All models",
    h("p", { class: "note" }, state.words.points),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Models and points" },
      h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Model"), h("th", { scope: "col", class: "number" }, "Points"), h("th", { scope: "col" }, "Place"), h("th", { scope: "col" }, h("span", { class: "quiet" }, "Question")))),
        h("tbody", {}, advice.ranking.map((row) =>
          h("tr", { class: row.model === advice.model ? "won" : null },
            h("th", { scope: "row" }, h("span", { class: "name" }, row.name), h("span", { class: "says" }, state.words.models[row.model].says)), h("td", { class: "number" }, String(row.points)), h("td", {}, row.place),
            h("td", {}, row.model === advice.model ? null : h("button", { type: "button", class: "link", onclick: () => showWhyNot(row) }, "Why not", h("span", { class: "quiet" }, ` ${row.name}`), "?"))))))));
}

// The parts that only the printed page shows: the heading, and what is known.
export function drawPaper(advice = state.advice) {
  if (!advice) return;
  const day = new Date().toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
  fill(byId("paper"), h("h2", {}, `Who should own customer experience${state.name ? `: ${state.name}` : "?"}`), h("p", { class: "note" }, day));
  fill(byId("annex"),
    advice.answers.length ? h("h2", {}, "What is known") : null,
    h("table", {}, h("tbody", {}, advice.answers.map((each) => h("tr", {}, h("th", { scope: "row" }, each.question), h("td", {}, each.answer))))),
    h("h2", {}, "The articles"),
    list(Object.values(state.words.sources).map((source) => `“${source.title}”${source.author ? `, ${source.author}` : ""}`)));
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

// In a narrow window the map is drawn from top to bottom, as wide as the window; otherwise from left to right.
const NARROW = 760;

async function openMap(complete) {
  try {
    const room = document.documentElement.clientWidth;
    const { svg } = await state.back.call("map", { facts: state.facts, complete, width: room < NARROW ? Math.max(240, room - 48) : 0 });
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
    if (width > canvas.clientWidth) resize(Math.max(0.85, canvas.clientWidth / width)); // smaller would be illegible
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
    rule.when.length ? h("p", {}, "It applies if ", rule.when.join("; "), ".") : h("p", {}, "It applies to every organisation."),
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
  const attempt = (set) => adopt({ facts: { ...state.facts, ...set.changes }, skipped: state.skipped, name: state.name, last: Object.keys(set.changes)[0] });
  section("changes", "What would change it",
    later.sets.length ? h("div", { class: "cards" }, later.sets.map((set) =>
      h("article", {}, h("p", {}, set.text),
        h("button", { type: "button", onclick: () => attempt(set) }, "Try this", h("span", { class: "quiet" }, `: ${set.text}`))))) : null,
    later.text ? h("p", { class: "note" }, later.text) : null);
}
