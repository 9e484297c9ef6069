// The views and what the buttons do.
import { openBack } from "./backend.js";
import { announce, byId, complain, h, fill, offerFile } from "./dom.js";
import { drawInterview, drawNext, syncInterview } from "./interview.js";
import { drawAnswer, drawLater, drawOutlook, drawPaper } from "./answer.js";
import { drawCompare } from "./compare.js";
import { adopt, listen, refresh, state } from "./state.js";
import { drawTable } from "./table.js";

// The fragment carries the organisation; it is never sent to a server.
function toFragment() {
  const text = JSON.stringify(organisation());
  const bytes = new TextEncoder().encode(text);
  return "#o=" + btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromFragment() {
  const found = /^#o=([\w-]+)$/.exec(location.hash);
  if (!found) return null;
  const bytes = Uint8Array.from(atob(found[1].replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(bytes);
}

const VIEWS = ["organisation", "compare", "table", "about"];

function show(view) {
  for (const each of VIEWS) byId(each).hidden = each !== view;
  for (const link of document.querySelectorAll("nav [data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view === "compare") drawCompare();
  if (view === "table") drawTable();
}

async function route() {
  const view = location.hash.slice(1);
  if (VIEWS.includes(view)) {
    show(view);
    byId("main").focus();
    return;
  }
  show("organisation");
  try {
    const text = fromFragment();
    if (text !== null) await adopt(await state.back.call("read-file", { text }));
  } catch (error) {
    complain(new Error(`This link does not hold an organisation that can be read. ${error.message}`));
  }
}

async function report() {
  const today = new Date();
  const date = [today.getFullYear(), today.getMonth() + 1, today.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  const { html } = await state.back.call("report", { facts: state.facts, title: state.name, date, last: state.last, skipped: state.skipped });
  return html;
}

function printReport(html) {
  const frame = h("iframe", { title: "Report", class: "quiet" });
  document.body.append(frame);
  frame.contentDocument.open();
  frame.contentDocument.write(html);
  frame.contentDocument.close();
  frame.contentWindow.focus();
  frame.contentWindow.print();
  setTimeout(() => frame.remove(), 60_000);
}

function guarded(action) {
  return async () => {
    try {
      complain(null);
      await action();
    } catch (error) {
      complain(error);
    }
  };
}

function wire() {
  listen("adopted", () => {
    // From another view: its link in the navigation and the browser's "back" lead to it again.
    if (VIEWS.includes(location.hash.slice(1))) history.pushState(null, "", "#organisation");
    show("organisation");
    byId("name").value = state.name;
  });
  byId("name").addEventListener("input", () => {
    state.name = byId("name").value.trim();
    drawPaper();
  });
  listen("answered", drawAnswer);
  listen("answered", syncInterview);
  listen("asked", drawNext);
  listen("asked", drawOutlook);
  listen("foreseen", drawLater);
  const on = (id, action) => byId(id).addEventListener("click", guarded(action));
  on("save", async () => offerFile("organisation.yaml", (await state.back.call("write-file", organisation())).text, "application/yaml"));
  on("load", async () => byId("file").click());
  on("example", async () => adopt(state.words.example));
  on("clear", async () => adopt({ facts: {} }));
  on("share", async () => {
    history.replaceState(null, "", toFragment());
    try {
      await navigator.clipboard.writeText(location.href);
      announce("The link was copied. It holds the organisation itself; no server keeps it.");
    } catch {
      announce("The address of this page now holds the organisation: copy it from the address bar.");
    }
  });
  const print = guarded(async () => printReport(await report()));
  byId("print").addEventListener("click", print);
  // The browser's own command prints the report, too; where it comes from a menu, the page prints what it shows.
  window.addEventListener("keydown", (event) => {
    const asked = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "p";
    if (!asked || byId("organisation").hidden || byId("print").disabled) return;
    event.preventDefault();
    print();
  });
  on("download", async () => offerFile("cx-ownership-report.html", await report(), "text/html"));
  on("pin", async () => {
    state.pinned = structuredClone(organisation());
    announce("Kept. Change some answers, then open Compare.");
  });
  byId("file").addEventListener("change", guarded(async () => {
    const [file] = byId("file").files;
    byId("file").value = "";
    if (file) await adopt(await state.back.call("read-file", { text: await file.text() }));
  }));
  window.addEventListener("hashchange", route);
}

function organisation() {
  return { name: state.name, facts: state.facts, skipped: state.skipped };
}

function drawAbout() {
  const { words, back } = state;
  const privacy = back.kind === "wasm"
    ? "Everything is worked out in your browser. Nothing you answer is sent anywhere."
    : "Your answers go to the server that sent this page, which keeps none of them.";
  byId("privacy").textContent = privacy;
  fill(
    byId("about"),
    h("h2", {}, "About"),
    h("p", {}, `This page asks what is known about an organisation and recommends who should own customer experience (CX) there. It runs the answers through ${words.rules} rules derived from ${Object.keys(words.sources).length} articles that do not agree with each other, and it says who disagrees.`),
    h("p", {}, privacy),
    h("h3", {}, "The articles"),
    h("ul", {}, Object.values(words.sources).map((source) => h("li", {}, `“${source.title}”`, source.author ? `, ${source.author}` : ""))),
    h("h3", {}, "The models"),
    h("ul", {}, Object.values(words.models).map((model) => h("li", {}, h("strong", {}, model.name), `: ${model.says}.`))),
    h("p", { class: "note" }, `cxrules ${words.version}, rule base ${words.revision.slice(0, 12)}.`),
  );
}

try {
  state.back = await openBack();
  state.words = await state.back.call("vocabulary");
  drawInterview(state.words);
  drawAbout();
  wire();
  announce("");
  await route();
  if (!state.advice) await refresh();
  document.documentElement.dataset.ready = "yes";
} catch (error) {
  announce("");
  complain(error);
}
