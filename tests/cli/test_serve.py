"""`cxrules serve` and `cxrules mcp`: an address or a stream that cannot be used is one error."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from socket import socket
from typing import Any

import pytest

pytest.importorskip("typer", reason="the extra `cli` is not installed")
pytest.importorskip("uvicorn", reason="the extra `web` is not installed")
pytest.importorskip("mcp", reason="the extra `mcp` is not installed")

from typer.testing import CliRunner, Result

from cxrules.cli import main
from cxrules.cli.app import make_app
from cxrules.cli.terminal.exit_codes import ExitCode

APP = make_app()


@pytest.fixture(autouse=True)
def _nothing_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uvicorn.Server.run", lambda *_args, **_named: pytest.fail("it serves"))


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    with socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(APP, arguments)


@pytest.mark.parametrize("command", [["serve"], ["mcp", "--http"]], ids=" ".join)
@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", "127.0.0.1, port {port}: Address already in use"),
        ("192.0.2.1", "192.0.2.1, port {port}: Can"),
        ("", "--host is an address"),
        (" ", "--host is an address"),
        ("\udcff", r"\udcff, port {port}: there can be no such address"),
        ("a\0b", r"a\x00b, port {port}: "),
        ("\x1b[2J" + "x" * 300, r"\x1b[2Jxx"),
        ("a..b", "a..b, port {port}: "),
    ],
)
def test_an_unusable_address_is_one_error(command: list[str], host: str, told: str, taken: int) -> None:
    result = run(*command, "--host", host, "--port", str(taken))
    assert (result.exit_code, result.stdout) == (ExitCode.WRONG_INPUT, "")
    assert result.stderr.startswith(f"cxrules: {told.format(port=taken)}")
    assert result.stderr.count("\n") == 1
    assert result.stderr.removesuffix("\n").isprintable()


@pytest.mark.parametrize(("given", "out"), [(None, io.StringIO()), (io.StringIO(), None)])
def test_an_agent_needs_both_streams(given: Any, out: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    for name, stream in (("stdin", given), ("stdout", out), ("stderr", shown), ("argv", ["cxrules", "mcp"])):
        monkeypatch.setattr(sys, name, stream)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ExitCode.WRONG_INPUT
    assert "one of them is closed" in shown.getvalue()


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (BrokenPipeError(32, "Broken pipe"), 5, ""),
        (OSError(28, "No space left on device"), 5, "cxrules: the output cannot be written: No space left on device\n"),
    ],
)
def test_a_disconnected_agent_causes_no_traceback(
    error: OSError, code: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_server: object) -> None:
        raise BaseExceptionGroup("a task", [ExceptionGroup("a task", [error])])

    monkeypatch.setattr("mcp.server.mcpserver.MCPServer.run", run)
    monkeypatch.setattr(sys, "argv", ["cxrules", "mcp"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setattr(sys, "stderr", shown := io.StringIO())
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, shown.getvalue()) == (code, told)
