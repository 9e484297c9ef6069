// Two organisations, or two states of one, side by side.
import { byId, complain, fill, h, tell } from "./dom.js";
import { state } from "./state.js";

export async function drawCompare() {
  const view = byId("compare");
  const file = h("input", { type: "file", accept: ".yaml,.yml,.json", id: "other-file" });
  file.addEventListener("change", async () => {
    try {
      complain(null);
      if (file.files[0]) state.pinned = await state.back.call("read-file", { text: await file.files[0].text() });
      await drawCompare();
    } catch (error) {
      complain(error);
    }
  });
  const head = [
    h("h2", {}, "Compare"),
    h("p", {}, "The current answers next to those that you kept (“Keep for comparison”) or those in a file."),
    h("p", {}, h("label", { for: "other-file" }, "Compare with a file: "), file),
  ];
  if (!state.pinned) {
    fill(view, head, h("p", { class: "hint" }, "Nothing has been kept yet."));
    return;
  }
  try {
    const found = await state.back.call("compare", { one: state.pinned.facts, other: state.facts });
    fill(view, head,
      h("div", { class: "two" }, column("Kept", state.pinned, found.one), column("Now", state, found.other)),
      h("h3", {}, "Differences"),
      found.differences.length ? h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Differences" }, h("table", {},
        h("thead", {}, h("tr", {}, ["Question", "Kept", "Now"].map((text) => h("th", { scope: "col" }, text)))),
        h("tbody", {}, found.differences.map((row) => h("tr", {}, h("th", { scope: "row" }, row.question), h("td", {}, row.one), h("td", { class: "changed" }, row.other))))))
        : h("p", {}, "The answers are the same."),
      found.paragraphs.length ? h("h3", {}, "Effect on the recommendation") : null,
      tell(found.paragraphs));
  } catch (error) {
    complain(error);
  }
}

function column(title, { name }, advice) {
  return h("section", { class: "card outcome", "aria-label": title },
    h("h3", {}, name ? `${title}: ${name}` : title), h("p", { class: "model" }, advice.name ?? "No recommendation yet"), h("p", {}, advice.outcome),
    h("ol", {}, advice.ranking.slice(0, 5).map((row) => h("li", {}, `${row.name}: ${row.points} ${Math.abs(row.points) === 1 ? "point" : "points"}, ${row.place.toLowerCase()}`))));
}
