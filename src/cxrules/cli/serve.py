"""`cxrules serve`, the page and its API on this machine, and `cxrules mcp`, the tools of an agent."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from cxrules.cli.shared import OnTop, Rules, fail, mistakes_end_it, open_rulebase
from cxrules.cli.terminal.exit_codes import ExitCode

__all__ = ["register"]


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
    config = uvicorn.Config(
        create_app(Advisor(rulebase), limits=limits),
        http=make_protocol(limits),
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=30,
        limit_concurrency=limits.connections,
    )
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    # Before the address is printed, so that a client that connects at once waits until the server is up.
    listening.listen(config.backlog)
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"The page is at http://{shown}:{listening.getsockname()[1]}/ (stop with Ctrl-C).")
    server.run(sockets=[listening])


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
        fail("--host and --port are those of HTTP: they need --http")
    if find_spec("mcp") is None:
        fail("this needs the Model Context Protocol's SDK: pip install 'cxrules[mcp]'", ExitCode.MISSING_EXTRA)
    from cxrules.mcp import create_server

    with mistakes_end_it():
        server = create_server(open_rulebase(rules, on_top))
    if http:
        server.run(transport="streamable-http", host=host or "127.0.0.1", port=port or 8000)
    else:
        server.run()
