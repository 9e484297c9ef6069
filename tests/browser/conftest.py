"""A real browser, and the page with both of its back ends. What the machine lacks is skipped, with the reason."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if not os.environ.get("CXRULES_TEST_WEB"):  # Playwright's event loop stays in the way of other tests
        pytest.skip("the browser is driven by `make test-web`")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The page over HTTP, as `cxrules serve` serves it."""
    command = [sys.executable, "-m", "cxrules", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line
        yield line.split()[4]
        process.terminate()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        pass


@pytest.fixture(scope="session")
def static_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page as a static site, the library in WebAssembly."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm on this machine to fetch Pyodide with")
    target: Path = tmp_path_factory.mktemp("site") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "tools.site", str(target)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"the static site cannot be built here: {done.stderr}")
    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(target)))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}/"
    served.shutdown()
    served.server_close()


@pytest.fixture(params=["server", "static_site"])
def address(request: pytest.FixtureRequest) -> str:
    """Either back."""
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of axe-core."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm on this machine to fetch axe-core with")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        [shutil.which("npm") or "npm", "pack", "--silent", "axe-core@4.10"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"axe-core cannot be fetched: {done.stderr}")
    shutil.unpack_archive(folder / done.stdout.strip().splitlines()[-1], folder)
    return (folder / "package" / "axe.min.js").read_text("utf-8")
