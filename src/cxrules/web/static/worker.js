// The library in WebAssembly: nothing that is answered here leaves the browser.
import { loadPyodide } from "./pyodide/pyodide.mjs";

let answer;

try {
  const [python, archive] = await Promise.all([
    loadPyodide({ indexURL: new URL("./pyodide/", import.meta.url).href }),
    fetch("cxrules.zip").then((response) => response.arrayBuffer()),
  ]);
  python.unpackArchive(archive, "zip", { extractDir: "/lib/cxrules" });
  answer = python.runPython(`
import sys
sys.path.insert(0, "/lib/cxrules")
from cxrules.web.service import Service
Service().respond
`);
  postMessage({ ready: true });
} catch (error) {
  postMessage({ failed: `The library could not be started: ${error.message}` });
}

onmessage = ({ data }) => {
  try {
    const [ok, text] = answer(data.operation, JSON.stringify(data.request)).toJs();
    postMessage({ id: data.id, ok, answer: text });
  } catch (error) {
    postMessage({ id: data.id, ok: false, answer: JSON.stringify({ message: `An error of the library: ${error.message}` }) });
  }
};
