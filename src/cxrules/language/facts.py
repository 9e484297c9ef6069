"""The facts that can be known about an organisation, their kinds and values, and the validation of input."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias

from cxrules.document import Block, Paragraph, Table, Told, mark_name
from cxrules.doubts import doubt_fact, forward_doubts, hear_doubts
from cxrules.errors import (
    MISSING,
    SHOWN,
    Diagnostic,
    InvalidOrganisation,
    Location,
    is_missing,
    is_real,
    show_value,
    suggest,
    suggest_list,
    unwrap,
)
from cxrules.late import dataclass, field

__all__ = ["FLAG_WORDS", "Fact", "FactValue", "Facts", "Kind", "Only", "Use", "Value", "Vocabulary", "as_percentage"]

FactValue: TypeAlias = str | bool | int | float | tuple[str, ...]
"""A valid value: a name, a flag, a percentage, or for a set its elements in the order of the vocabulary."""

Facts: TypeAlias = Mapping[str, FactValue]
"""Validated facts: only known ones, in the order of the vocabulary."""

_FULL = 100
_KEPT = 1024
"""The most sets of one fact that are kept."""
FLAG_WORDS = dict(zip(("true", "false", "yes", "no", "on", "off", "y", "n", "1", "0"), (True, False) * 5, strict=True))
"""The words that people write for true and false."""


class Kind(StrEnum):
    """The kinds of fact."""

    ORDERED = "ordered"
    CHOICE = "choice"
    FLAG = "flag"
    PERCENT = "percent"
    SET = "set"


class Use(StrEnum):
    """The effect that a fact may have: on the choice of a model, on its certainty, or only on actions or warnings."""

    DECIDES = "decides"
    COLOURS = "colours"
    ADVISES = "advises"
    WARNS = "warns"


class Only(StrEnum):
    """The one direction in which a fact can change."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a fact.

    Attributes:
        name: The name callers use; `true` and `false` for a flag.
        label: A short answer to the fact's question.
        says: A clause that states it, such as "marketing is already stretched"; for an element of a set a noun phrase.
    """

    name: str
    label: str
    says: str


@dataclass(frozen=True, repr=False)
class Fact(Told):
    """Something that can be known about an organisation.

    Attributes:
        name: The name callers use.
        kind: Which values it takes.
        use: What it may do.
        question: A question that a person can answer.
        topic: A noun phrase for it.
        values: Its values; from least to most when ordered; empty for a percentage.
        says: For percentages and sets the clause with `{value}` or `{values}` in it.
        says_empty: For sets the clause that states the empty set.
        effort: How hard it is to change: 1 a decision, 2 a project, 3 a programme of years; 0 when immutable.
        only: The one direction in which it can change, if any.
        section: The heading under which a form asks it.
        label: A short name for people.
        help: What helps to answer, if the question needs explaining.
        asked_if: Its premises: it is asked only if each of these facts is known to have one of the values.
    """

    name: str
    kind: Kind
    use: Use
    question: str
    topic: str
    values: tuple[Value, ...] = ()
    says: str = ""
    says_empty: str = ""
    effort: int = 1
    only: Only | None = None
    section: str = ""
    label: str = ""
    help: str = ""
    asked_if: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __repr__(self) -> str:
        """Return its name, kind, use and values."""
        values = f", {'|'.join(self.names)}" if self.values else ""
        return f"Fact({self.name!r}, {self.kind}, {self.use}{values})"

    def tell(self) -> tuple[Block, ...]:
        """Return its question and the possible answers."""
        asked = Paragraph(f"{mark_name(self.name)} ({self.kind}): {self.question}")
        answers = Table(("value", "answer"), tuple((value.name, value.label) for value in self.values))
        return (asked, answers if self.values else Paragraph("From 0 to 100 per cent."))

    @property
    def immutable(self) -> bool:
        """Whether nobody in the organisation can change it."""
        return self.effort == 0

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of its values, in order."""
        return tuple(value.name for value in self.values)

    def rank(self, value: str) -> int:
        """Return the position of a value, from 0."""
        return self.names.index(value)

    def state(self, value: FactValue) -> str:
        """State a valid value as a clause.

        Returns:
            A clause without a capital or a full stop, such as "marketing is already stretched".
        """
        if self.kind is Kind.PERCENT:
            assert isinstance(value, int | float)
            return self.says.replace("{value}", write_number(value))
        if self.kind is Kind.SET:
            assert isinstance(value, tuple)
            if not value:
                return self.says_empty
            clauses = {known.name: known.says for known in self.values}
            return self.says.replace("{values}", join_words([clauses[element] for element in value]))
        name = ("true" if value else "false") if self.kind is Kind.FLAG else value
        return next(known.says for known in self.values if known.name == name)

    def examine(self, value: object, *, hints: bool = True, doubt: bool = True) -> FactValue:
        """Validate one value. Without `hints`, a mistake is described in a tenth of the time, and nothing is suggested.

        Without `doubt` there is no warning about a percentage below 1: it was given before, and recorded.

        Returns:
            The value in its normal form: a whole percentage is an int, a set a tuple in the order of the vocabulary.

        Raises:
            InvalidOrganisation: With every mistake in the value.
        """
        given, value = value, unwrap(value)
        if is_missing(value):
            code = "out-of-range" if self.kind is Kind.PERCENT and isinstance(value, float) else "wrong-type"
            shown = show_value(given if value is None else value)
            raise self._wrong(code, f"{shown} marks a missing cell and is not a value", hint=MISSING)
        if self.kind is Kind.FLAG:
            if value is True or value is False:
                return value
            meant = FLAG_WORDS.get(value.lower() if isinstance(value, str) else show_value(value).removesuffix(".0"))
            hint = "" if meant is None else f"write {str(meant).lower()}"
            raise self._wrong("wrong-type", f"true or false is expected, not {show_value(value)}", hint=hint)
        if self.kind is Kind.PERCENT:
            return self._examine_percent(value, doubt)
        if self.kind is Kind.SET:
            return self._examine_set(value, hints)
        guessed = value if hints else None
        if not isinstance(value, str):
            raise self._wrong("wrong-type", f"one of its values is expected, not {show_value(value)}", guessed)
        if value in self.names:
            return self.names[self.names.index(value)]
        raise self._wrong("unknown-value", f"no such value: {show_value(value)}", guessed)

    def _examine_percent(self, value: object, doubt: bool) -> int | float:
        if isinstance(value, bool) or not is_real(value):
            message = f"a number from 0 to 100 is expected, not {show_value(value)}"
            raise self._wrong("wrong-type", message, hint=guess_number(value))
        try:
            number = float(value)  # type: ignore[arg-type] # see is_real
        except Exception:  # noqa: BLE001 - too large, a signalling NaN, or a stranger's __float__
            number = float("nan")
        if not 0 <= number <= _FULL:  # true of a NaN
            raise self._wrong("out-of-range", f"a number from 0 to 100 is expected, not {show_value(value)}")
        if doubt and 0 < number < 1:
            meant = write_number(as_percentage(round(100 * number, 9) or 100 * number))
            doubt_fact(self.name, f"is {write_number(number)} %; write {meant} if {meant} % was meant")
        return as_percentage(number)

    def _examine_set(self, value: object, hints: bool) -> tuple[str, ...]:
        if not isinstance(value, list | tuple | set | frozenset):
            hint = suggest_list(value, self.names) if hints and isinstance(value, str) else ""
            raise self._wrong("wrong-type", f"a list of its values is expected, not {show_value(value)}", hint=hint)
        unknown = [element for element in value if not isinstance(element, str) or element not in self.names]
        if unknown:
            if isinstance(value, set | frozenset):
                unknown.sort(key=show_value)
            raise InvalidOrganisation(
                Diagnostic(
                    "unknown-value",
                    self._here,
                    f"no such value: {show_value(element)}",
                    suggest(element, self.names) if hints and index < SHOWN else "",
                )
                for index, element in enumerate(unknown)
            )
        return tuple(name for name in self.names if name in value)

    @property
    def _here(self) -> Location:
        return Location(path=(self.name,))

    def _wrong(self, code: str, message: str, value: object = None, hint: str = "") -> InvalidOrganisation:
        hint = suggest(value, self.names) if value is not None else hint
        return InvalidOrganisation([Diagnostic(code, self._here, message, hint)])


@dataclass(frozen=True)
class Vocabulary:
    """The facts a rule base knows, in order.

    Attributes:
        facts: The facts by name, in order.
        plain: For each fact the strings that are its values; none for flags, percentages and sets.
        readers: For each fact a function that puts a value other than a string into normal form. Like a look-up in
            `plain` it raises KeyError or TypeError if there is a mistake or an unusual type, which needs a closer look.
    """

    facts: Mapping[str, Fact]
    plain: Mapping[str, Mapping[str, str]] = field(init=False, repr=False, compare=False)
    readers: Mapping[str, Callable[[Any], FactValue]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))
        plain = {
            name: {value: value for value in fact.names} if fact.kind in (Kind.ORDERED, Kind.CHOICE) else {}
            for name, fact in self.facts.items()
        }
        object.__setattr__(self, "plain", plain)
        object.__setattr__(
            self, "readers", {name: make_reader(fact.kind, fact.names) for name, fact in self.facts.items()}
        )

    def __getitem__(self, name: str) -> Fact:
        return self.facts[name]

    def __reduce__(self) -> tuple[Any, ...]:
        return (Vocabulary, (dict(self.facts),))

    def validate(self, given: Mapping[str, object], *, doubt: bool = True) -> dict[str, FactValue]:
        """Check facts and put them into normal form; for `doubt` see `Fact.examine`.

        Returns:
            The known facts. Their order is the caller's.

        Raises:
            InvalidOrganisation: With every mistake, in the order of the input.
        """
        known: dict[str, FactValue] = {}
        plain, readers = self.plain, self.readers
        try:
            for name, value in given.items():
                if type(value) is str:
                    known[name] = plain[name][value]
                elif value is not None:
                    known[name] = readers[name](value)
                elif name not in plain:
                    return self._validate_slowly(given, doubt)
        except (KeyError, TypeError):
            return self._validate_slowly(given, doubt)
        return known

    def _validate_slowly(self, given: Mapping[Any, object], doubt: bool) -> dict[str, FactValue]:
        known: dict[str, FactValue] = {}
        mistakes: list[Diagnostic] = []
        names = tuple(self.facts)
        with hear_doubts() as doubts:
            for name, value in given.items():
                fact = self.facts.get(name)
                if fact is None:
                    hint = suggest(name, names) if len(mistakes) < SHOWN else ""
                    path = (name if isinstance(name, str) else show_value(name),)
                    mistakes.append(Diagnostic("unknown-fact", Location(path=path), "no such fact", hint))
                elif value is not None:
                    try:
                        known[fact.name] = fact.examine(value, doubt=doubt)
                    except InvalidOrganisation as error:
                        mistakes += error.diagnostics
        if mistakes:
            raise InvalidOrganisation(mistakes)
        forward_doubts(doubts)
        return known


def as_percentage(number: float) -> int | float:
    """Return a percentage in its normal form, without the warning about small ones that a caller gets."""
    return int(number) if number == int(number) else number


def write_number(number: float) -> str:
    """Write a percentage without an exponent and with all its digits, since a rule may tell it from a rounder one.

    Examples:
        >>> write_number(20), write_number(19.99999), write_number(1e-9)
        ('20', '19.99999', '0.000000001')
    """
    text = repr(number)
    if "e" in text:
        from decimal import Decimal

        text = format(Decimal(text), "f")
    return text


def join_words(words: Sequence[str], conjunction: str = "and") -> str:
    """Join words as prose does.

    Examples:
        >>> join_words(["retention", "loyalty", "advocacy"])
        'retention, loyalty and advocacy'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"


_WRITTEN_NUMBER = r"\+?([0-9]{0,3})(?:(?!,[0-9]{3}(?![0-9]))[.,]([0-9]{0,20}))?(?:[eE]\+?([0-2]))?\s*%?"


def guess_number(value: object) -> str:
    """Return what was probably meant by a percentage that is text, such as "15", "15 %" or "15,5"."""
    match = re.fullmatch(_WRITTEN_NUMBER, value.strip()) if isinstance(value, str) else None
    if not match or not (match[1] or match[2]):
        return "write a decimal number" if isinstance(value, str) else ""
    number = float(f"{match[1] or 0}.{match[2] or 0}e{match[3] or 0}")
    return f"write {write_number(int(number) if number.is_integer() else number)}" if number <= _FULL else ""


def make_reader(kind: Kind, names: Sequence[str]) -> Callable[[Any], FactValue]:
    """Return what brings values of such a fact into their normal form: see `Vocabulary`."""
    if kind is Kind.FLAG:
        return _read_flag
    if kind is Kind.PERCENT:
        return _read_percent
    if kind is Kind.SET:
        sets = _NormalSets(names)
        return lambda value: sets[tuple(value) if type(value) is list else value]
    return {name: name for name in names}.__getitem__


class _NormalSets(dict[Any, tuple[str, ...]]):
    """A cache from the elements of a set, as they were given, to the normal form."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, given: Any) -> tuple[str, ...]:
        if type(given) is not tuple or not all(type(element) is str and element in self._names for element in given):
            raise KeyError(given)
        normal = tuple([name for name in self._names if name in given])
        if len(self) < _KEPT and len(given) <= len(self._names):  # a longer one repeats elements, and may be huge
            self[given] = normal
        return normal


def _read_flag(value: object) -> bool:
    if value is True or value is False:
        return value
    raise KeyError(value)


def _read_percent(value: object) -> int | float:
    if type(value) is int and 0 <= value <= _FULL:
        return value
    if type(value) is float and 1 <= value <= _FULL:  # one below 1 gets a warning
        return int(value) if value.is_integer() else value
    raise KeyError(value)
