// Many organisations: a table in, the distribution and the answer to each row out.
import { announce, bar, byId, complain, fill, h, offerFile } from "./dom.js";
import { adopt, state } from "./state.js";

const SHOWN = 200;
let result = null;

export function drawTable() {
  const file = h("input", { type: "file", accept: state.words.tables.join(), id: "table-file" });
  file.addEventListener("change", () => file.files[0] && decide(file.files[0]));
  const drop = h("div", { class: "drop" },
    h("p", {}, h("label", { for: "table-file" }, "A table with a row for each organisation and a column for each fact: "), file),
    h("p", { class: "hint" }, `${state.words.tables.join(", ")}.${state.back.kind === "wasm" ? " It stays in your browser." : ""}`));
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files[0]) decide(event.dataTransfer.files[0]);
  });
  fill(byId("table"), h("h2", {}, "Many organisations"), drop, h("div", { id: "table-result" }));
  if (result) drawResult();
}

function explain(row) {
  scrollTo(0, 0);
  return adopt({ facts: row.facts, name: row.label });
}

async function decide(file) {
  try {
    complain(null);
    announce("Deciding …");
    const bytes = new Uint8Array(await file.arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    result = await state.back.call("table", { name: file.name, base64: btoa(text) });
    drawResult();
    announce(`${result.count} organisations decided.`);
  } catch (error) {
    announce("");
    complain(error);
  }
}

const share = (row) => `${Math.round((100 * row.count) / result.count)}%`;

function drawResult() {
  fill(
    byId("table-result"),
    h("h3", {}, `${result.count} organisations`),
    result.doubts.map((doubt) => h("p", { class: "doubt" }, doubt)),
    h("table", { class: "bars" }, h("caption", {}, "Recommended models"),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Model"), h("th", { scope: "col", class: "number" }, "Organisations"), h("th", { scope: "col", class: "number" }, "Share"), h("td", { class: "wide" }))),
      h("tbody", {}, result.distribution.map((row) => h("tr", {},
        h("th", { scope: "row" }, row.name), h("td", { class: "number" }, String(row.count)),
        h("td", { class: "number" }, share(row)), h("td", { class: "wide" }, bar(row.count / result.count, share(row))))))),
    h("div", { class: "tools" }, h("button", { type: "button", onclick: () => offerFile("recommendations.csv", result.csv, "text/csv") }, "Download the result")),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rows" }, h("table", {},
      h("caption", {}, result.count > SHOWN ? `The first ${SHOWN} rows; the download has all.` : "All rows"),
      h("thead", {}, h("tr", {}, ["Row", "Model", "Status", "Certainty", "Runner-up", ""].map((text) => h("th", { scope: "col" }, text || h("span", { class: "quiet" }, "Open"))))),
      h("tbody", {}, result.rows.slice(0, SHOWN).map((row, index) => h("tr", { class: "opens", onclick: () => explain(row) },
        h("th", { scope: "row" }, row.label), h("td", {}, row.name ?? "None yet"), h("td", {}, row.status), h("td", { class: "number" }, row.certainty.toFixed(2)), h("td", {}, row.runner_up ?? ""),
        h("td", {}, h("button", { type: "button", class: "link", onclick: (event) => { event.stopPropagation(); explain(row); } }, "Explain", h("span", { class: "quiet" }, ` row ${index + 1}`)))))))));
}
