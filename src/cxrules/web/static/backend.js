// The back end: `call(operation, request)` works alike over HTTP and with the library in WebAssembly.

export async function openBack() {
  const kind = document.querySelector('meta[name="back"]').content;
  return kind === "wasm" ? openWorker() : openHttp();
}

async function openHttp() {
  return {
    kind: "http",
    async call(operation, request = {}) {
      let response;
      try {
        response = await fetch(`page/${operation}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(request),
        });
      } catch {
        throw new Error("The server cannot be reached. Is `cxrules serve` still running?");
      }
      const answer = await response.json().catch(() => ({}));
      if (!response.ok) throw new Error(answer.message || `The server answered ${response.status}.`);
      return answer;
    },
  };
}

function openWorker() {
  const worker = new Worker("worker.js", { type: "module" });
  const waiting = new Map();
  let last = 0;
  return new Promise((resolve, reject) => {
    worker.onerror = () => reject(new Error("The library could not be started in this browser."));
    worker.onmessage = ({ data }) => {
      if (data.ready) {
        document.documentElement.dataset.library = data.restored ? "restored" : "started";
        resolve({
          kind: "wasm",
          call: (operation, request = {}) =>
            new Promise((done, failed) => {
              waiting.set(++last, { done, failed });
              worker.postMessage({ id: last, operation, request });
            }),
        });
        return;
      }
      if (data.failed) {
        reject(new Error(data.failed));
        return;
      }
      const { done, failed } = waiting.get(data.id);
      waiting.delete(data.id);
      const answer = JSON.parse(data.answer);
      if (data.ok) done(answer);
      else failed(new Error(answer.message));
    };
  });
}
