"""`cxrules claims`: the claims of the articles, and what rests on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxrules.cli.shared import (
    AsJson,
    OnTop,
    Rules,
    demand_known,
    fail,
    hang,
    in_digits,
    mistakes_end_it,
    open_rulebase,
    write_parts,
)

if TYPE_CHECKING:
    from cxrules.language.rules import Claim
    from cxrules.rulebase import RuleBase

__all__ = ["describe_claim", "register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(claims)


def claims(
    source: Annotated[str | None, typer.Option(metavar="ID", help="Only what this article says, such as A3.")] = None,
    rules: Rules = None,
    on_top: OnTop = False,
    fingerprint: Annotated[
        bool,
        typer.Option("--fingerprint", help="Write the fingerprints of claims whose article's text is available."),
    ] = False,
    json: AsJson = False,
) -> None:
    """List the claims of the articles, each with what rests on it."""
    if fingerprint and json:
        fail("--fingerprint writes lines of text, so it cannot be combined with --json")
    with mistakes_end_it():
        rulebase = open_rulebase(rules, on_top)
    demand_known(("source", source, rulebase.sources))
    chosen = [claim for claim in rulebase.claims.values() if source in (None, claim.source)]
    if fingerprint:
        _write_fingerprints(rulebase, chosen, rules or [Path()])
        return
    if json:
        write_parts(rulebase, "claims", (claim.id for claim in chosen))
        return
    for article in rulebase.sources.values():
        if source in (None, article.id):
            found = [claim for claim in rulebase.claims.values() if claim.source == article.id]
            typer.echo(
                hang("", f"{article.id}  {article.title} ({article.author}), {in_digits(len(found), 'claim')}") + "\n"
            )
            for claim in found:
                typer.echo(describe_claim(claim))
                typer.echo(hang("    ", _use(rulebase, claim)) + "\n")


def _write_fingerprints(rulebase: RuleBase, claims: Iterable[Claim], paths: Sequence[Path]) -> None:
    """Write the fingerprint of each claim, as computed from today's text of the article."""
    from cxrules.knowledge.fingerprints import compute_fingerprint, find_text, read_lines

    texts = {name: find_text(source, paths) for name, source in rulebase.sources.items()}
    lines = {name: read_lines(file) for name, file in texts.items() if file is not None}
    found = 0
    for claim in claims:
        if claim.source in lines:
            computed = compute_fingerprint(claim, rulebase.sources[claim.source], lines[claim.source])
            typer.echo(f"{claim.id}  {computed or 'the text has no such paragraphs'}")
            found += 1
    if not found:
        files = ", ".join(sorted({rulebase.sources[claim.source].file for claim in claims}))
        fail(f"no text found: put {files} next to the rule base, and name its folder with --rules")


def describe_claim(claim: Claim) -> str:
    """Return a claim: its paragraphs, its tone and its text."""
    where = f"{'paragraphs' if len(claim.paragraphs) > 1 else 'paragraph'} {', '.join(map(str, claim.paragraphs))}"
    head = f"  {claim.id}  {where}, {claim.tone.name.lower()}, {claim.kind.replace('_', ' ')}"
    return f"{head}\n{hang('    ', claim.says)}"


def _use(rulebase: RuleBase, claim: Claim) -> str:
    if claim.set_aside:
        return f"Set aside: {claim.set_aside}"
    found = {"rules": [rule.id for rule in rulebase.rules.values() if claim.id in rule.because]}
    found["models"] = [name for name, model in rulebase.models.items() if claim.id in model.claims]
    found["accompaniments"] = [name for name, named in rulebase.accompaniments.items() if claim.id in named.claims]
    found["patterns"] = [name for name, named in rulebase.patterns.items() if claim.id in named.claims]
    told = [f"{kind} {', '.join(names)}" for kind, names in found.items() if names]
    return f"Behind {'; '.join(told)}." if told else "Nothing rests on it."
