// The views and what the buttons do.
import { openBack } from "./backend.js";
import { announce, byId, complain, h, fill, offerFile } from "./dom.js";
import { drawInterview, drawNext, syncInterview } from "./interview.js";
import { drawAnswer, drawLater, drawOutlook, drawPaper } from "./answer.js";
import { drawCompare } from "./compare.js";
import { adopt, listen, refresh, state } from "./state.js";
import { drawTable } from "./table.js";

// The organisation is in the fragment of the address, which browsers do not send to servers.
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
    complain(new Error(`This link does not contain a valid organisation. ${error.message}`));
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
    // When opened from another view, the browser's "back" returns there.
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
      announce("Link copied. It contains the answers themselves; no server stores them.");
    } catch {
      announce("The address of this page now contains your answers. Copy it from the address bar.");
    }
  });
  const print = guarded(async () => printReport(await report()));
  byId("print").addEventListener("click", print);
  // The shortcut prints the report too. Printing from the browser's menu prints what the page shows.
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
    ? "Everything is computed in your browser. Your answers are not sent anywhere."
    : "Your answers are sent to the server of this page, which does not store them.";
  byId("privacy").textContent = privacy;
  fill(
    byId("about"),
    h("h2", {}, "About"),
    h("p", {}, `This page asks what is known about an organisation and recommends who should own customer experience (CX) there. It runs the answers through ${words.rules} rules derived from ${Object.keys(words.sources).length} articles with different views, and says which articles disagree with the recommendation.`),
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
