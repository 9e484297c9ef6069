"""FACT=VALUE and FACT=COLUMN as they are typed: what is malformed is refused, with what was probably meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cxrules.errors import SHOWN, Diagnostic, InvalidOrganisation, Location, show_text, suggest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from cxrules.language.facts import Fact, FactValue, Vocabulary

__all__ = ["match_columns", "read_columns", "read_supposed"]

_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?) ?%?", re.IGNORECASE)
_LONGEST = 60


def read_supposed(texts: Iterable[str], vocabulary: Vocabulary) -> dict[str, FactValue | None]:
    """Read the facts of `--what-if` and their values; None is one supposed to be unknown.

    Raises:
        InvalidOrganisation: With every mistake.
    """
    pairs, mistakes = _split("--what-if", "VALUE", texts, vocabulary)
    given = {
        name: _read_value(fact, text) if (fact := vocabulary.facts.get(name)) else text for name, text in pairs.items()
    }
    known: dict[str, FactValue] = {}
    try:
        known = vocabulary.validate(given)
    except InvalidOrganisation as error:
        mistakes += error.diagnostics
    if mistakes:
        raise InvalidOrganisation(mistakes)
    return {name: known.get(name) for name in given}


def read_columns(texts: Iterable[str], vocabulary: Vocabulary) -> dict[str, str | Mapping[str, str]]:
    """Read the columns of `--column`: for a fact one, or for a set one for each element, as `fact.element=column`.

    Raises:
        InvalidOrganisation: With every mistake.
    """
    pairs, mistakes = _split("--column", "COLUMN", texts, vocabulary)
    found: dict[str, str | dict[str, str]] = {}
    for name, column in pairs.items():
        fact, dot, element = name.partition(".")
        before = found.get(fact)
        if not column:
            mistakes.append(_wrong(f"--column {name}= names no column", f"write {name}=COLUMN"))
        elif isinstance(before, str) or (before and not dot):
            mistakes.append(_wrong(f"--column: {fact} has a column, and its elements have others", "leave one out"))
        elif dot:
            found.setdefault(fact, {})[element] = column  # type: ignore[index] # a text is refused above
        else:
            found[fact] = column
    if mistakes:
        raise InvalidOrganisation(mistakes)
    return dict(found)


def match_columns(
    placed: Mapping[str, str | Mapping[str, str]], names: Collection[str]
) -> dict[str, str | Mapping[str, str]]:
    """Return the columns of `--column` without the blanks around them, except where a column of the table has them."""

    def match(column: str) -> str:
        return column if column in names else column.strip()

    return {
        fact: match(given) if isinstance(given, str) else {name: match(column) for name, column in given.items()}
        for fact, given in placed.items()
    }


def _split(
    option: str, value: str, texts: Iterable[str], vocabulary: Vocabulary
) -> tuple[dict[str, str], list[Diagnostic]]:
    """Split what is typed at its first `=`, and find what is malformed."""
    found: dict[str, str] = {}
    mistakes: list[Diagnostic] = []
    for text in texts:
        name, equals, typed = text.partition("=")
        name, typed = name.strip(), typed if value == "COLUMN" and typed.strip() else typed.strip()
        if not (equals and name):
            other, colon, after = (part.strip() for part in text.partition(":"))
            if colon and other in vocabulary.facts:
                hint = f"write {other}={after or value}"
            elif not equals and name in vocabulary.facts:
                hint = f"write {name}={value}"
            else:
                hint = "" if equals or len(mistakes) >= SHOWN else suggest(name, tuple(vocabulary.facts))
            mistakes.append(_wrong(f"{option} takes FACT={value}, not {show_text(text, _LONGEST)!r}", hint))
        elif name in found:
            mistakes.append(_wrong(f"{option}: {show_text(name, _LONGEST)} is given twice", "", "given-twice"))
        else:
            found[name] = typed
    return found, mistakes


def _wrong(message: str, hint: str, code: str = "wrong-type") -> Diagnostic:
    return Diagnostic(code, Location(), message, hint)


def _read_value(fact: Fact, text: str) -> object:
    """Return a value as it is meant, or the text where it is none: validation tells what is wrong with it."""
    from cxrules.columns.cell_texts import parse_elements
    from cxrules.language.facts import Kind

    if not text or (text == "unknown" and text not in fact.names):
        return None
    if fact.kind is Kind.FLAG:
        return {"true": True, "false": False}.get(text, text)
    if fact.kind is Kind.SET:
        return [] if text == "[]" else parse_elements(text)
    if fact.kind is Kind.PERCENT:
        number = _NUMBER.fullmatch(text)
        return float(number[1]) if number else text
    return text
