"""Converts facts and their values to plain data for JSON, facts back, and checks texts and numbers in such data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cxrules.errors import MISSING, SHOWN, Diagnostic, InvalidOrganisation, Location, show_value
from cxrules.language.facts import Fact, Kind, Only, Use, Value, Vocabulary, join_words

__all__ = [
    "locate_in_file",
    "make_plain",
    "read_fact",
    "read_integer",
    "read_number",
    "read_text",
    "read_texts",
    "unite_given",
    "unite_pairs",
    "write_fact",
]


def make_plain(value: object) -> Any:
    """Return a value, of a fact or of a part of an answer, as JSON holds it: a list for a tuple."""
    return list(value) if isinstance(value, tuple) else value


def unite_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the keys and values of a JSON object: Python's own reader would keep the last of several equal keys.

    Raises:
        ValueError: If keys are given twice: with all of this object.
    """
    united = dict(pairs)
    if len(united) < len(pairs):
        counted = Counter(name for name, _ in pairs)
        twice = [show_value(name) for name, count in counted.items() if count > 1]
        raise ValueError(f"{join_words(twice[:SHOWN])} {'is' if len(twice) == 1 else 'are'} given twice")
    return united


def read_integer(digits: str) -> int:
    """Return a whole number of a JSON text; Python's own reader explains its limit to programmers.

    Raises:
        ValueError: If it is longer than Python's limit.
    """
    try:
        return int(digits)
    except ValueError:
        raise ValueError(f"a number of {len(digits):,} digits is too long: {digits[:20]}…") from None


def unite_given(given: Mapping[str, Any], keywords: Mapping[str, Any], vocabulary: Vocabulary) -> Mapping[str, Any]:
    """Return facts that are given in a mapping and as keywords together.

    Raises:
        InvalidOrganisation: If a fact is given twice: with everything that is wrong with the facts.
    """
    message = "given twice, in the mapping and as a keyword"
    mistakes = [Diagnostic("given-twice", Location(path=(name,)), message) for name in keywords if name in given]
    if not mistakes:
        return {**given, **keywords}
    for facts in (given, keywords):
        try:
            vocabulary.validate(facts, doubt=False)
        except InvalidOrganisation as error:
            mistakes += error.diagnostics
    raise InvalidOrganisation(dict.fromkeys(mistakes))


def locate_in_file(
    mistakes: Iterable[Diagnostic], given: Mapping[str, Any], vocabulary: Vocabulary
) -> Iterator[tuple[Diagnostic, tuple[str | int, ...]]]:
    """Yield mistakes in facts that stand in a file, each with the path to it: those in a set with the wrong element."""
    wrong: dict[str, Iterator[int]] = {}
    for mistake in mistakes:
        path: tuple[str | int, ...] = mistake.location.path
        name, held = mistake.location.path[0], given.get(mistake.location.path[0])
        if mistake.code == "unknown-value" and isinstance(held, list):  # in the order of its elements
            known = vocabulary[name].names
            wrong.setdefault(name, (index for index, each in enumerate(held) if each not in known))
            path = (name, next(wrong[name]))
        hint = "leave the fact out" if mistake.hint == MISSING else mistake.hint
        yield Diagnostic(mistake.code, mistake.location, mistake.message, hint), path


def write_fact(fact: Fact) -> dict[str, Any]:
    """Return a fact as plain data."""
    plain: dict[str, Any] = {
        "kind": fact.kind.value,
        "use": fact.use.value,
        "question": fact.question,
        "topic": fact.topic,
    }
    if fact.values:
        plain["values"] = {value.name: {"label": value.label, "says": value.says} for value in fact.values}
    plain |= {key: text for key, text in (("says", fact.says), ("says_empty", fact.says_empty)) if text}
    told = (("section", fact.section), ("label", fact.label), ("help", fact.help))
    plain |= {key: text for key, text in told if text}
    if fact.asked_if:
        plain["asked_if"] = {premise: list(values) for premise, values in fact.asked_if}
    plain["change"] = {"immutable": True} if fact.immutable else {"effort": fact.effort}
    if fact.only:
        plain["change"]["only"] = fact.only.value
    return plain


def read_fact(name: str, plain: Mapping[str, Any]) -> Fact:
    """Return the fact that plain data describes."""
    change = plain["change"]
    values = plain.get("values", {}).items()
    return Fact(
        name=name,
        kind=Kind(plain["kind"]),
        use=Use(plain["use"]),
        question=read_text(plain["question"]),
        topic=read_text(plain["topic"]),
        values=tuple(Value(value, read_text(item["label"]), read_text(item["says"])) for value, item in values),
        says=read_text(plain.get("says", "")),
        says_empty=read_text(plain.get("says_empty", "")),
        effort=0 if change.get("immutable") else read_number(change["effort"]),
        only=Only(change["only"]) if "only" in change else None,
        section=read_text(plain.get("section", "")),
        label=read_text(plain.get("label", "")),
        help=read_text(plain.get("help", "")),
        asked_if=tuple((premise, read_texts(names)) for premise, names in plain.get("asked_if", {}).items()),
    )


def read_text(value: object) -> str:
    """Return a text; raise TypeError if it is not one."""
    if not isinstance(value, str):
        raise TypeError(f"text is expected, not {show_value(value)}")
    return value


def read_texts(values: Iterable[object]) -> tuple[str, ...]:
    """Return texts; raise TypeError if one is not a text."""
    return tuple(map(read_text, values))


def read_number(value: object) -> int:
    """Return a whole number; raise TypeError if it is not one."""
    if type(value) is not int:
        raise TypeError(f"a whole number is expected, not {show_value(value)}")
    return value
