"""How soon the page is ready in a real browser: the first paint over HTTP, and the library in WebAssembly.

python -m bench.page

Reported: milliseconds from the start of the load to the first paint of `cxrules serve`, and until the static site has
its first answer. The browser keeps its profile, as that of a person does, with the files and the compiled WebAssembly
of earlier visits. Exits with 1 where a target is missed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from bench.interviews import HOST, start_server
from tools.site import build_site

_FIRST_PAINT = 1000
_READY = 3000
_TIMES = 5
_CACHED = 4000
"""Milliseconds in which the browser writes what it compiled to its cache."""


class _Quiet(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=3600")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        pass


def _load(page: Any, address: str, ready: str) -> tuple[float, float]:
    """Load the page, and return the milliseconds to the first paint and until it is ready."""
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector(ready, state="attached")
    found = page.evaluate("[performance.getEntriesByName('first-contentful-paint')[0].startTime, performance.now()]")
    return found[0], found[1]


def measure(browser: Any, address: str, ready: str) -> tuple[list[float], list[float]]:
    """Load the page once, and then several times from the caches of the browser."""
    page = browser.new_page()
    page.set_default_timeout(120_000)
    times = []
    for _ in range(1 + _TIMES):
        times.append(_load(page, address, ready))
        page.wait_for_timeout(_CACHED)
    page.close()
    del times[0]
    return [paint for paint, _ in times], [done for _, done in times]


def main() -> int:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("There is no Chromium on this machine: make test-web installs it.", file=sys.stderr)
        return 1
    server, port = start_server()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        build_site(Path(folder) / "site")
        static = ThreadingHTTPServer((HOST, 0), partial(_Quiet, directory=str(Path(folder) / "site")))
        threading.Thread(target=static.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch_persistent_context(
            Path(folder) / "profile", executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            paints, _ = measure(browser, f"http://{HOST}:{port}/", "html[data-ready=yes]")
            _, ready = measure(browser, f"http://{HOST}:{static.server_port}/", "html[data-ready=yes]")
        finally:
            browser.close()
            static.shutdown()
            static.server_close()
            server.terminate()
            server.wait()
    for what, times, target in (
        ("first paint", paints, _FIRST_PAINT),
        ("WebAssembly ready, warm cache", ready, _READY),
    ):
        print(f"{what}: median {median(times):.0f} ms, longest {max(times):.0f} ms (target {target})")
    return int(max(paints) > _FIRST_PAINT or median(ready) > _READY)


if __name__ == "__main__":
    sys.exit(main())
