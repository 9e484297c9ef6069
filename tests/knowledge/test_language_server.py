"""The real YAML language server with the line that `cxrules schema` prints; `make test-editors` installs it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = os.environ.get("YAML_LANGUAGE_SERVER", "")
if not SERVER:
    pytest.skip("the language server is installed by `make test-editors`", allow_module_level=True)
pytest.importorskip("typer", reason="the extra `cli` is not installed")

RULES = """rules:
  - id: one
    because: [A0-12]
    rationale: So it is.
    when: {ceo_involvement: champoin, marketing_bandwidth: stretched}
    then:
      - supports: ceo_with_ccco
"""


class Editor:
    """The parts of an editor that a language server needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = 0
        self._process = subprocess.Popen([SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        capabilities = {"textDocument": {"completion": {"completionItem": {"documentationFormat": ["markdown"]}}}}
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": capabilities})
        self._send({"method": "initialized", "params": {}})
        settings = {"yaml": {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}}
        self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": settings}})

    def open(self, name: str, text: str) -> list[str]:
        """Return the messages about a file."""
        uri = (self.folder / name).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while True:
            message = self._receive()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                return [found["message"] for found in message["params"]["diagnostics"]]

    def complete(self, name: str, line: int, character: int) -> set[str]:
        """Return the completions offered at a place."""
        found = self.ask("textDocument/completion", self._place(name, line, character))
        return {item["label"] for item in found["items"]}

    def hover(self, name: str, line: int, character: int) -> str:
        """Return the text shown at a place."""
        return json.dumps(self.ask("textDocument/hover", self._place(name, line, character)))

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _place(self, name: str, line: int, character: int) -> dict[str, Any]:
        uri = (self.folder / name).as_uri()
        return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        length = 0
        while (line := self._process.stdout.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message = json.loads(self._process.stdout.read(length))
        if "id" in message and "method" in message:  # the server asks for the settings
            wanted = message["params"]["items"] if message["method"] == "workspace/configuration" else []
            self._send({"id": message["id"], "result": [{} for _ in wanted] or None})
        return message


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    folder = tmp_path_factory.mktemp("own")
    opened = Editor(folder)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def lines(editor: Editor) -> dict[str, str]:
    """The first line of a file of each kind, as `cxrules schema` prints them."""
    from typer.testing import CliRunner

    from cxrules.cli.app import make_app

    (editor.folder / "rules.yaml").write_text("rules: []\n", encoding="utf-8")
    arguments = ["schema", str(editor.folder), "--on-top", "-o", str(editor.folder / "schemas")]
    done = CliRunner().invoke(make_app(), arguments)
    assert done.exit_code == 0, done.output
    rows = [line.split(maxsplit=1) for line in done.stdout.splitlines() if "$schema=" in line]
    return dict(rows)


def test_misspelt_values_are_marked(editor: Editor, lines: dict[str, str]) -> None:
    marked = editor.open("rules.yaml", f"{lines['rules']}\n{RULES}")
    assert any("champion" in message for message in marked), marked
    assert any("ceo_with_cco" in message for message in marked), marked
    assert len(marked) == 2
    right = RULES.replace("champoin", "champion").replace("ccco", "cco")
    assert editor.open("right.yaml", f"{lines['rules']}\n{right}") == []


def test_facts_and_values_are_completed(editor: Editor, lines: dict[str, str]) -> None:
    editor.open("partly.yaml", f"{lines['rules']}\nrules:\n  - id: one\n    when:\n      \n")
    offered = editor.complete("partly.yaml", 4, 6)
    assert {"maturity", "silos", "marketing_overstretched"} <= offered
    editor.open("organisation.yaml", f"{lines['organisation']}\nmaturity: \n")
    assert {"early", "not_started"} <= editor.complete("organisation.yaml", 1, 10)
    assert {"silos", "ceo_involvement"} <= editor.complete("organisation.yaml", 2, 0)


def test_the_question_is_shown(editor: Editor, lines: dict[str, str]) -> None:
    from cxrules import RuleBase

    editor.open("hover.yaml", f"{lines['organisation']}\nmaturity: early\n")
    assert RuleBase.builtin().vocabulary["maturity"].question in editor.hover("hover.yaml", 1, 2)
    marked = editor.open("wrong.yaml", f"{lines['organisation']}\nmaturity: erly\nsilo: severe\n")
    assert len(marked) == 2
