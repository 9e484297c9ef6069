"""Reads typed answers as values of a fact: a number from the list, a value's name, or the beginning of its label."""

from __future__ import annotations

import re

from cxrules.errors import InvalidOrganisation, show_text
from cxrules.language.facts import Fact, FactValue, Kind, Value

__all__ = ["UnclearAnswerError", "read_answer"]

_NONE = frozenset({"none", "nothing", "0"})
_LONGEST = 60  # the most characters of an answer that are repeated


class UnclearAnswerError(ValueError):
    """An answer that is not one of the values, or could be several."""


def read_answer(fact: Fact, text: str) -> FactValue:
    """Read an answer to the question of a fact.

    A value may be given by its number as `fact.values` counts them from 1, by its name or by the beginning of its
    label; several elements of a set are separated by commas or spaces, and `none` is the empty set; a percentage is a
    number from 0 to 100.

    Returns:
        A valid value.

    Raises:
        UnclearAnswerError: If it is not one of the values, or could be several; the message is one sentence.
    """
    text = " ".join(text.split())
    if fact.kind is Kind.PERCENT:
        return _read_percentage(fact, text)
    if fact.kind is Kind.SET:
        return _read_set(fact, text)
    value = _find(fact, text)
    return value.name == "true" if fact.kind is Kind.FLAG else value.name


def _read_percentage(fact: Fact, text: str) -> FactValue:
    found = re.fullmatch(r"(\d+(?:[.,]\d+)?) ?%?", text)
    try:
        if found:
            return fact.examine(float(found[1].replace(",", ".")))
    except InvalidOrganisation:
        pass
    raise UnclearAnswerError(f"A number from 0 to 100 is expected, not {_repeat(text)}.")


def _read_set(fact: Fact, text: str) -> FactValue:
    if text.casefold() in _NONE and not any(value.name == text.casefold() for value in fact.values):
        return ()
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) == 1 and len(fact.values) and not _matches(fact, parts[0]):
        parts = parts[0].split(" ")
    parts = [part for part in parts if part.casefold() != "and"]
    if not parts:
        raise UnclearAnswerError("Give one or several of them, or none.")
    return fact.examine([_find(fact, part).name for part in parts])


def _find(fact: Fact, text: str) -> Value:
    if re.fullmatch(r"\d+", text):
        number = int(text) if len(text) <= _LONGEST else 0  # Python refuses numbers with thousands of digits
        if 1 <= number <= len(fact.values):
            return fact.values[number - 1]
        raise UnclearAnswerError(f"A number from 1 to {len(fact.values)} is expected, not {show_text(text, _LONGEST)}.")
    found = _matches(fact, text)
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnclearAnswerError(f"{_repeat(text)} is not one of the answers.")
    raise UnclearAnswerError(f"{_repeat(text)} could be any of {', '.join(f'“{value.label}”' for value in found)}.")


def _repeat(text: str) -> str:
    return f"“{show_text(text, _LONGEST)}”"


def _matches(fact: Fact, text: str) -> list[Value]:
    """Return the values that a text names: exactly or, failing that, by the beginning of the label or the name."""
    folded = text.casefold()
    named = folded.replace(" ", "_").replace("-", "_")
    for value in fact.values:
        if folded == value.label.casefold() or named == value.name:
            return [value]
    if not folded:
        return []
    return [value for value in fact.values if value.label.casefold().startswith(folded) or value.name.startswith(named)]
