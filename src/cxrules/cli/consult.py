"""`cxrules consult`: a dialogue that asks the best next question until the recommendation is settled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxrules.cli.shared import OnTop, Rules, fail, hang, in_digits, mistakes_end_it, open_rulebase
from cxrules.cli.terminal.signals import accept_interrupt
from cxrules.errors import show_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cxrules.consultation.dialogue import Consultation
    from cxrules.language.facts import FactValue
    from cxrules.policy.judge import Judge

__all__ = ["register"]

_PROMPT = "> "


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(consult)


def consult(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Where the answers are saved; if it exists, the dialogue resumes from it."),
    ] = Path("consultation.yaml"),
    rules: Rules = None,
    on_top: OnTop = False,
) -> None:
    """Ask what matters most next, until the recommendation is settled.

    Instead of an answer you may type why, skip, back or quit. Every answer is saved at once, so nothing is lost however
    the dialogue ends. `cxrules recommend FILE` reads the file.
    """
    from cxrules.advisor import Advisor
    from cxrules.consultation.dialogue import Consultation
    from cxrules.files.organisation_file import read_organisation

    with mistakes_end_it():
        rulebase = open_rulebase(rules, on_top)
        resumed = file.exists()
        known, skipped = {}, []
        if resumed:
            content = read_organisation(str(file), rulebase.vocabulary)
            known, skipped = content.facts, list(content.skipped)
    judge = Advisor(rulebase).judge
    consultation = Consultation(judge, known, skipped)
    if resumed:
        _show(f"Resumed from {file}: {in_digits(len(known), 'fact')} known, {len(consultation.skipped)} skipped.\n")
    _show(consultation.begin())
    saved = _talk(consultation, judge, file)
    typer.echo()
    if saved:
        _show(f"Saved. `cxrules recommend {file}` shows the result, `cxrules consult {file}` continues.")
    else:
        _show("There were no new answers, so nothing was saved.")


def _talk(consultation: Consultation, judge: Judge, file: Path) -> bool:
    """Take lines until the dialogue ends and save after each change; return whether there was any."""
    saved = False
    before = _content(consultation)
    facts = dict(consultation.known)
    try:
        while not consultation.ended:
            typed = _ask()
            try:
                reply = consultation.take(typed)
            finally:
                # An interrupt while the next question is being found must not lose the answer.
                if _content(consultation) != before:
                    _save(consultation, judge, file, facts)
                    saved, before, facts = True, _content(consultation), dict(consultation.known)
            if reply:
                _show(f"\n{reply}")
    except (EOFError, KeyboardInterrupt):
        accept_interrupt()
    return saved


def _ask() -> str:
    """Return the next line that is typed.

    Raises:
        EOFError: If there is none, or nowhere to type it.
    """
    try:
        return input(_PROMPT)
    except (OSError, RuntimeError, UnicodeError) as error:  # RuntimeError: standard input is closed
        raise EOFError from error


def _content(consultation: Consultation) -> tuple[object, ...]:
    return tuple(sorted(consultation.known.items())), tuple(consultation.skipped)


def _save(consultation: Consultation, judge: Judge, file: Path, before: Mapping[str, FactValue]) -> None:
    """Save the changes; everything else in the file, even if added meanwhile, stays."""
    from cxrules.consultation.dialogue import write_file
    from cxrules.errors import InvalidOrganisation
    from cxrules.files.answer_file import change_text, write_safely
    from cxrules.files.organisation_file import interpret
    from cxrules.knowledge.reader import read_bytes, tell_error

    known = consultation.known
    changed = {name: known.get(name) for name in {**before, **known} if before.get(name) != known.get(name)}
    try:
        text = read_bytes(file).decode() if file.exists() else ""
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        text = text.removeprefix(mark)
        if text.strip():
            held = interpret(text, str(file), judge.rulebase.vocabulary)
            facts = {name: value for name, value in {**held.facts, **changed}.items() if value is not None}
            if text == write_file(held.facts, held.skipped, judge):  # as a consultation wrote it
                text = write_file(facts, consultation.skipped, judge)
            else:
                text = change_text(text, judge.rulebase.vocabulary, changed, consultation.skipped)
        else:
            text = write_file(known, consultation.skipped, judge)
        write_safely(file, mark + text)
    except InvalidOrganisation as error:
        fail(f"{file} was changed meanwhile and can no longer be read, so the last answer is not saved: {error}")
    except OSError as error:
        fail(f"{file} cannot be written: {tell_error(error)}")
    except ValueError as error:
        fail(f"{file} cannot be changed, so the last answer is not saved: {error}")


def _show(text: str) -> None:
    """Write text at the width of the terminal; numbered lines keep their indentation."""
    for line in text.split("\n"):
        words = show_text(line.lstrip(" "))
        lead = line[: len(line) - len(words)]
        typer.echo(hang(lead, words, indent=len(lead) + 3 if lead else 0) if words else "")
