// The memory of Pyodide with the library loaded, so that a browser need not start Python: node snapshot.mjs SITE
//
// A snapshot can be restored only if the memory has not grown beyond its initial size (30 MB). So the library is loaded
// step by step, and the last snapshot that fits is written; the rest loads when first needed.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

const STEPS = [
  "service.respond('vocabulary', '{}')",
  "service.respond('recommend', example)",
  "import cxrules.explanation.drawing.svg, cxrules.explanation.drawing.tree, cxrules.explanation.what_if",
  "service.respond('changes', example)",
  "service.respond('next-questions', example)",
  "service.respond('report', example)",
  "service.respond('why-asked', '{\"facts\": {}, \"fact\": \"%s\"}' % next(iter(facts)))",
];

const site = resolve(process.argv[2]);
const { loadPyodide } = await import(pathToFileURL(join(site, "pyodide", "pyodide.mjs")));
const python = await loadPyodide({ indexURL: join(site, "pyodide"), _makeSnapshot: true });
const size = () => python._module.HEAP8.length;
const start = size();
python.unpackArchive(new Uint8Array(readFileSync(join(site, "cxrules.zip"))), "zip", { extractDir: "/lib/cxrules" });
python.runPython(`
import gc, json, sys
sys.path.insert(0, "/lib/cxrules")
from cxrules.web.service import Service
service = Service()
answer = service.respond
facts = service.vocabulary()["example"]["facts"]
example = json.dumps({"facts": facts})
`);
let memory = null;
let taken = 0;
for (const step of ["pass", ...STEPS]) {
  python.runPython(`${step}\ngc.collect()`);
  if (size() > start) break;
  memory = python.makeMemorySnapshot();
  taken += 1;
}
if (memory === null) throw new Error(`with the library the memory is ${size()} bytes, more than ${start}`);
writeFileSync(join(site, "library.snapshot"), gzipSync(memory, { level: 9 }));
console.log(`${taken} of ${STEPS.length + 1} steps are in the snapshot.`);
