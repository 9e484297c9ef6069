"""What commands share: options, rule bases, the report of mistakes, the width of the text."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeAlias

import typer

from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.errors import show_text

if TYPE_CHECKING:
    from cxrules.errors import Diagnostic, InvalidKnowledge, InvalidOrganisation
    from cxrules.rulebase import RuleBase

__all__ = [
    "AsJson",
    "OnTop",
    "Rules",
    "demand_known",
    "fail",
    "find_unknown",
    "hang",
    "in_digits",
    "list_names",
    "mistakes_are_added",
    "mistakes_end_it",
    "open_rulebase",
    "refuse_same",
    "show_mistakes",
    "width",
    "write_parts",
]

WIDEST = 100


Rules: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option("--rules", metavar="PATH", help="A folder or file of your own rule base; may be given repeatedly."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]
OnTop: TypeAlias = Annotated[
    bool, typer.Option("--on-top", help="Add your files to the built-in rule base instead of using them alone.")
]


def open_rulebase(paths: Sequence[Path] | None, on_top: bool) -> RuleBase:
    """Return the built-in rule base, or load the one that the options name.

    Raises:
        InvalidKnowledge: With every mistake in the files.
    """
    from cxrules.errors import InvalidKnowledge
    from cxrules.rulebase import RuleBase

    if not paths:
        if on_top:
            fail("--on-top needs files of your own to add to the built-in rule base")
        return RuleBase.builtin()
    if on_top:
        return RuleBase.load(*paths, base=RuleBase.builtin())
    try:
        return RuleBase.load(*paths)
    except InvalidKnowledge as error:
        raise InvalidKnowledge(_hint_at_on_top(found) for found in error.diagnostics) from None


def _hint_at_on_top(found: Diagnostic) -> Diagnostic:
    if found.code != "missing-section" or found.hint:
        return found
    return replace(found, hint="if these files extend the built-in rule base, add --on-top")


def write_parts(rulebase: RuleBase, section: str, ids: Iterable[str]) -> None:
    """Write some facts, rules or claims of a rule base as JSON, in the shape of its canonical form."""
    import json

    from cxrules.language import canonical

    plain = json.loads(canonical.write(rulebase))[section]
    wanted = set(ids)
    if isinstance(plain, dict):
        found = {name: part for name, part in plain.items() if name in wanted}
    else:
        found = {part["id"]: part for part in plain if part["id"] in wanted}
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))


@contextmanager
def mistakes_end_it() -> Iterator[None]:
    """Report invalid input, and end the program with its exit code."""
    from cxrules.errors import InvalidKnowledge, InvalidOrganisation

    try:
        yield
    except (InvalidOrganisation, InvalidKnowledge) as error:
        show_mistakes(error, to_stderr=True)
        raise typer.Exit(ExitCode.WRONG_INPUT) from None


def show_mistakes(error: InvalidOrganisation | InvalidKnowledge, *, to_stderr: bool) -> None:
    """Write every mistake on a separate line, and then their number."""
    for diagnostic in error.diagnostics:
        typer.echo(str(diagnostic), err=to_stderr)
    typer.echo(f"{in_digits(len(error.diagnostics), 'mistake')} found.", err=to_stderr)


def fail(message: str, code: ExitCode = ExitCode.WRONG_INPUT) -> NoReturn:
    """Print what is wrong, with control characters escaped, and end the program."""
    lines = [show_text(line) for line in message.split("\n")]
    typer.echo("\n".join([f"cxrules: {lines[0]}", *lines[1:]]), err=True)
    raise typer.Exit(code)


def refuse_same(read: Iterable[Path], *written: Path | None, named: str) -> None:
    """End the program rather than overwrite a file that it reads, or write one file twice.

    Args:
        read: The files that are read.
        written: The files that options name.
        named: What one of the files read is called in the message.
    """
    read = list(read)
    seen = {os.path.realpath(file): named for file in read}
    for path in written:
        if path is not None:
            real = os.path.realpath(path)
            if real in seen or (path.exists() and any(file.exists() and path.samefile(file) for file in read)):
                fail(f"{path}: this is {seen.get(real, named)}; write to another file")
            seen[real] = "the file of another option"


@contextmanager
def mistakes_are_added(mistakes: list[Diagnostic]) -> Iterator[None]:
    """Collect the mistakes in one input, so that those in the next are reported with them."""
    from cxrules.errors import InvalidOrganisation

    try:
        yield
    except InvalidOrganisation as error:
        mistakes += error.diagnostics


def find_unknown(
    option: str, names: Iterable[str], known: Sequence[str], called: Iterable[str] = ()
) -> Iterator[Diagnostic]:
    """Find what an option names and what does not exist, to be told with other mistakes.

    Args:
        option: The option.
        names: What it names.
        known: What exists.
        called: The names for people, which are suggested too.
    """
    from cxrules.errors import SHOWN, Diagnostic, Location, show_value, suggest

    for at, name in enumerate(name for name in dict.fromkeys(names) if name not in known):
        hint = suggest(name, known, called) if at < SHOWN else ""
        yield Diagnostic("unknown-value", Location(), f"{option}: there is no {show_value(name)}", hint)


def list_names(rulebase: RuleBase) -> list[str]:
    """Return the names for people of the models."""
    return [model.name for model in rulebase.models.values()]


def demand_known(*named: tuple[str, str | None, Iterable[str]], called: Iterable[str] = ()) -> None:
    """End the program if names are given but unknown, with a suggestion for each.

    Args:
        named: What is named, by which name (None if by none), and the names that exist.
        called: The names for people of the models, where one of the things named may be a model.
    """
    from cxrules.errors import no_such, refuse_question

    unknown = [(what, name, tuple(known)) for what, name, known in named if name is not None and name not in known]
    if unknown:
        names = tuple(called)
        told = [no_such(*each, called=names if "model" in each[0] else ()) for each in unknown]
        fail(str(refuse_question([str(error) for error in told])))


def in_digits(number: int, singular: str, plural: str = "") -> str:
    """Describe how many.

    Examples:
        >>> in_digits(1, "rule"), in_digits(3, "rule")
        ('1 rule', '3 rules')
    """
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def width() -> int:
    """Return the width of the text: that of the terminal, at most 100 columns."""
    return min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)


def hang(lead: str, text: str, *, indent: int | None = None) -> str:
    """Return a text after a lead, wrapped, with further lines indented.

    Further lines are indented as far as the lead is long, unless `indent` says otherwise.
    """
    rest = " " * (len(lead) if indent is None else indent)
    return textwrap.fill(
        text, width(), initial_indent=lead, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
