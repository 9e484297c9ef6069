"""`cxrules serve`, the page and its API on this machine, and `cxrules mcp`, the tools of an agent."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxrules.cli.shared import OnTop, Rules, fail, mistakes_end_it, open_rulebase
from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.errors import show_text

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

__all__ = ["register"]

_WAITING = 2048  # the most clients that wait to be accepted
_LONGEST = 80


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(mcp)


def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="NUMBER", min=0, max=65535, help="The port; 0 for a free one.")] = 8000,
    rules: Rules = None,
    on_top: OnTop = False,
) -> None:
    """Serve the page: an interview, the answer with its reasons, what would change it, tables.

    Nobody else can reach it unless you allow that with --host. Facts are not stored, and not written to any log.
    """
    try:
        import uvicorn

        from cxrules.web.app import create_app
        from cxrules.web.connection import make_protocol
        from cxrules.web.limits import Limits
    except ImportError as error:
        fail(f"the page needs the extra web: pip install 'cxrules[web]' ({error})", ExitCode.MISSING_EXTRA)
    from cxrules.advisor import Advisor

    with mistakes_end_it():
        rulebase = open_rulebase(rules, on_top)
    limits = Limits()
    listening = _listen(host, port)
    config = uvicorn.Config(
        create_app(Advisor(rulebase), limits=limits),
        http=make_protocol(limits),
        access_log=False,
        log_level="warning",
        log_config=_logging(),
        server_header=False,
        timeout_keep_alive=30,
        limit_concurrency=limits.connections,
    )
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"The page is at http://{shown}:{listening.getsockname()[1]}/ (stop with Ctrl-C).")
    uvicorn.Server(config).run(sockets=[listening])


def mcp(
    http: Annotated[bool, typer.Option("--http", help="Serve streamable HTTP instead of standard input.")] = False,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The address to serve HTTP on; 127.0.0.1 when left out.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", min=1, max=65535, help="The port to serve HTTP on; 8000 when left out."),
    ] = None,
    rules: Rules = None,
    on_top: OnTop = False,
) -> None:
    """Serve agents by the Model Context Protocol."""
    if not http and not (host is None and port is None):
        fail("--host and --port need --http")
    if find_spec("mcp") is None:
        fail("this needs the Model Context Protocol's SDK: pip install 'cxrules[mcp]'", ExitCode.MISSING_EXTRA)
    from cxrules.mcp import create_server

    with mistakes_end_it():
        server = create_server(open_rulebase(rules, on_top))
    if http:
        _serve_http(server, "127.0.0.1" if host is None else host, port or 8000)
    else:
        _serve_streams(server)


def _serve_http(server: MCPServer, host: str, port: int) -> None:
    import uvicorn

    listening = _listen(host, port)
    app = server.streamable_http_app(host=host)
    level = server.settings.log_level.lower()
    config = uvicorn.Config(app, access_log=False, log_level=level, log_config=_logging())
    uvicorn.Server(config).run(sockets=[listening])


def _serve_streams(server: MCPServer) -> None:
    if not all(hasattr(stream, "buffer") for stream in (sys.stdin, sys.stdout)):  # closed, or replaced by a host
        fail("an agent talks through standard input and output, and one of them is closed; --http needs neither")
    try:
        server.run()
    except BaseExceptionGroup as several:
        error: BaseException = several
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None  # mostly an OSError: the agent has gone, or the output cannot be written


def _listen(host: str, port: int) -> socket:
    """Listen before the address is printed, so that a client that connects at once waits until the server is up."""
    if not host.strip():
        fail("--host is an address such as 127.0.0.1, or 0.0.0.0 for every address of this machine; it is empty")
    listening = socket(AF_INET6 if ":" in host else AF_INET)
    listening.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, UnicodeError, TypeError) as error:  # TypeError: the name cannot be encoded
        listening.close()
        told = error.strerror if isinstance(error, OSError) else None
        fail(f"{show_text(host, _LONGEST)}, port {port}: {told or 'there can be no such address'}")
    listening.listen(_WAITING)
    return listening


def _logging() -> dict[str, Any] | None:
    """Return uvicorn's own configuration of logging; None where a stream that it writes to is closed."""
    from uvicorn.config import LOGGING_CONFIG

    return None if None in (sys.stdout, sys.stderr) else LOGGING_CONFIG
