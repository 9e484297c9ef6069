// The library in WebAssembly: answers do not leave the browser.
import { loadPyodide } from "./pyodide/pyodide.mjs";

const indexURL = new URL("./pyodide/", import.meta.url).href;
let answer;

// Restores Python's memory from when the site was built, with the library loaded: much faster than starting it. Pyodide calls
// this experimental; null where a browser cannot do it.
async function restore() {
  try {
    const packed = await fetch("library.snapshot");
    if (!packed.ok) return null;
    const unpacked = new Response(packed.body.pipeThrough(new DecompressionStream("gzip")));
    return await loadPyodide({ indexURL, _loadSnapshot: new Uint8Array(await unpacked.arrayBuffer()) });
  } catch {
    return null;
  }
}

try {
  const fetching = fetch("cxrules.zip").then((response) => response.arrayBuffer());
  const restored = await restore();
  const python = restored ?? (await loadPyodide({ indexURL }));
  python.unpackArchive(await fetching, "zip", { extractDir: "/lib/cxrules" }); // the memory does not include files
  answer = python.runPython(restored ? "answer" : `
import sys
sys.path.insert(0, "/lib/cxrules")
from cxrules.web.service import Service
Service().respond
`);
  postMessage({ ready: true, restored: restored !== null });
} catch (error) {
  postMessage({ failed: `The library could not be started: ${error.message}` });
}

onmessage = ({ data }) => {
  try {
    const [ok, text] = answer(data.operation, JSON.stringify(data.request)).toJs();
    postMessage({ id: data.id, ok, answer: text });
  } catch (error) {
    postMessage({ id: data.id, ok: false, answer: JSON.stringify({ message: `Error in the library: ${error.message}` }) });
  }
};
