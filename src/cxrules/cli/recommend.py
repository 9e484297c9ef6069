"""`cxrules recommend`: what is known about an organisation in, a recommendation out."""

from __future__ import annotations

from typing import Annotated

import typer

from cxrules.cli.exit_codes import ExitCode
from cxrules.cli.shared import OnTop, Rules, fail, mistakes_end_it, open_rulebase, width

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(recommend)


def recommend(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-", show_default=False, help="A YAML or JSON file of facts; - for standard input."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Give everything in the answer as JSON.")] = False,
    detail: Annotated[str, typer.Option(metavar="brief|full", help="How much of the reasoning to show.")] = "brief",
    engine: Annotated[str, typer.Option(metavar="NAME", help="The engine that matches the rules.")] = "bitmap",
    rules: Rules = None,
    on_top: OnTop = False,
) -> None:
    """Recommend who should own CX, given a file of facts.

    FILE maps facts to values, such as `maturity: early`, at its top or under the key `facts`. A fact that is left out
    or empty is unknown. `cxrules facts` lists the facts.
    """
    from cxrules.advisor import Advisor
    from cxrules.cli.files.organisation_file import read_facts

    if detail not in ("brief", "full"):
        fail(f"--detail is brief or full, not {detail!r}")
    with mistakes_end_it():
        rulebase = open_rulebase(rules, on_top)
        known = read_facts(file, rulebase.vocabulary)
    try:
        advisor = Advisor(rulebase, engine)
    except ImportError as error:
        fail(str(error), ExitCode.MISSING_EXTRA)
    except ValueError as error:
        fail(str(error))
    advice = advisor.recommend(known)
    if as_json:
        typer.echo(advice.model_dump_json(indent=2))
    else:
        typer.echo(advice.explain("full" if detail == "full" else "brief", width=width()).rstrip())
