"""`cxrules consult`: a dialogue that asks the best next question until the recommendation is settled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxrules.cli.shared import OnTop, Rules, count, fail, hang, mistakes_end_it, open_rulebase

if TYPE_CHECKING:
    from cxrules.consultation.dialogue import Consultation
    from cxrules.language.facts import Vocabulary
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

    Instead of an answer you may type why, skip, back or quit. Every answer is saved at once, so that nothing is lost
    however the dialogue ends; `cxrules recommend FILE` takes the file.
    """
    from cxrules.advisor import Advisor
    from cxrules.cli.organisation_file import read_facts
    from cxrules.consultation.dialogue import Consultation

    with mistakes_end_it():
        rulebase = open_rulebase(rules, on_top)
        resumed = file.exists()
        known = read_facts(str(file), rulebase.vocabulary) if resumed else {}
        skipped = _read_skipped(file, rulebase.vocabulary) if resumed else []
    judge = Advisor(rulebase).judge
    consultation = Consultation(judge, known, skipped)
    if resumed:
        _show(f"Resumed from {file}: {count(len(known), 'fact')} known, {len(consultation.skipped)} skipped.\n")
    _show(consultation.begin())
    saved = _talk(consultation, judge, file)
    typer.echo()
    if saved:
        _show(f"Saved. `cxrules recommend {file}` tells what follows, `cxrules consult {file}` goes on from here.")
    else:
        _show("Nothing new was answered, so that nothing was saved.")


def _talk(consultation: Consultation, judge: Judge, file: Path) -> bool:
    """Take lines until the dialogue ends and save after each change; return whether there was any."""
    saved = False
    before = _content(consultation)
    try:
        while not consultation.ended:
            typed = input(_PROMPT)
            try:
                reply = consultation.take(typed)
            finally:
                # An interrupt while the next question is sought must not lose the answer.
                if _content(consultation) != before:
                    _save(consultation, judge, file)
                    saved, before = True, _content(consultation)
            if reply:
                _show(f"\n{reply}")
    except (EOFError, KeyboardInterrupt):
        pass
    return saved


def _content(consultation: Consultation) -> tuple[object, ...]:
    return tuple(sorted(consultation.known.items())), tuple(consultation.skipped)


def _save(consultation: Consultation, judge: Judge, file: Path) -> None:
    from cxrules.consultation.dialogue import write_file

    beside = file.with_name(f".{file.name}.part")
    try:
        beside.write_text(write_file(consultation, judge), encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        fail(f"{file} cannot be written: {error.strerror}")


def _read_skipped(file: Path, vocabulary: Vocabulary) -> list[str]:
    """Return the facts that the file says were skipped; names that are no facts of this rule base are ignored."""
    import yaml

    content = yaml.safe_load(file.read_text("utf-8-sig"))
    skipped = content.get("skipped") if isinstance(content, dict) and isinstance(content.get("facts"), dict) else None
    return [name for name in skipped if name in vocabulary.facts] if isinstance(skipped, list) else []


def _show(text: str) -> None:
    """Write text at the width of the terminal; numbered lines keep their indentation."""
    for line in text.split("\n"):
        words = line.lstrip(" ")
        lead = line[: len(line) - len(words)]
        typer.echo(hang(lead, words, indent=len(lead) + 3 if lead else 0) if words else "")
