"""Which columns of a table hold which facts, and how wrong cells are reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from cxrules.arguments import check_texts
from cxrules.doubts import forward_doubts, hear_doubts
from cxrules.errors import (
    Diagnostic,
    InvalidOrganisation,
    Location,
    find_almost,
    show_value,
    suggest,
)
from cxrules.errors.near_names import few_suggestions
from cxrules.language.facts import Kind, Vocabulary

__all__ = [
    "ALL",
    "PAGE",
    "PROGRAM",
    "ROW",
    "TERMINAL",
    "Columns",
    "Faults",
    "Labels",
    "Layout",
    "Remedies",
    "lay_out",
    "place_of",
    "refuse_twice",
]

Columns: TypeAlias = Mapping[str, "str | Mapping[str, str]"]
"""The column that holds a fact, or for a set, the columns that say whether each element is in it."""

ALL = "all columns"
"""For `keep`: every column, including those that hold facts."""


class Remedies(NamedTuple):
    """How a user fixes what is wrong with the columns: in a program, at a terminal, on the page.

    Attributes:
        alike: For a column with almost the name of a fact; contains `{fact}` and `{name}`.
        nothing: For a table without facts.
        clash: For a column with the name of one of the answer's columns.
        first: The number of the first row.
    """

    alike: str
    nothing: str
    clash: str
    first: int


PROGRAM = Remedies(
    "rename it, or say what it is: columns={{{fact!r}: {name!r}}}; to pass it through: keep=[{name!r}]",
    "rename columns, or say where facts are: columns={'maturity': 'name of the column'}",
    "choose a prefix for the columns of the answer: prefix='cx_'",
    0,
)
ROW = PROGRAM._replace(alike="rename it, drop it, or say what it is: columns={{{fact!r}: {name!r}}}")
TERMINAL = Remedies(
    "rename it, or say what it is: --column '{fact}={name}'",
    "rename columns, or say where facts are: --column 'maturity=name of the column'",
    "rename it, or choose a prefix for the columns of the answer: --prefix cx_",
    1,
)
PAGE = Remedies("rename it", "rename columns", "rename it", 1)

_SHOWN = 10
_FEW = 3
_MOST = 1000
"""The largest number of wrong values that are listed."""
_LOOKED_AT = 20
"""If no column holds a fact, this many columns are compared with the facts' names; each takes a while."""


class Layout(NamedTuple):
    """Where the facts of a table are.

    Attributes:
        facts: The column of each fact, or its columns by element.
        kept: The columns that are passed through.
    """

    facts: Mapping[str, str | Mapping[str, str]]
    kept: tuple[str, ...]

    @property
    def read(self) -> tuple[str, ...]:
        """The columns that are read."""
        found: dict[str, None] = {}
        for place in self.facts.values():
            found.update(dict.fromkeys(place.values() if isinstance(place, Mapping) else [place]))
        return tuple(found)


@few_suggestions()
def lay_out(
    vocabulary: Vocabulary,
    names: Sequence[str],
    columns: Columns | None = None,
    keep: bool | Iterable[str] = False,
    remedies: Remedies = PROGRAM,
) -> Layout:
    """Find the facts among the columns of a table.

    A column with the name of a fact holds it, unless `columns` says otherwise. A column named by a set and an element,
    such as `marketing_journey_coverage.loyalty`, holds whether the element is in the set.

    Args:
        vocabulary: The facts.
        names: The columns of the table.
        columns: The columns of facts that have no column of their name.
        keep: The columns to pass through; True means all that hold no fact, `ALL` every one.
        remedies: How the user can fix mistakes.

    Raises:
        InvalidOrganisation: If a column is missing or has almost the name of a fact, or no column holds a fact.
    """
    named = keep is not True and keep is not False and keep != ALL
    kept = tuple(dict.fromkeys(check_texts("keep", keep))) if named else ()
    mistakes: list[Diagnostic] = []
    facts: dict[str, str | Mapping[str, str]] = {}
    for name, place in (columns or {}).items():
        wrong = list(_examine(vocabulary, names, name, place))
        mistakes += wrong
        facts[name] = place if isinstance(place, str) else {} if wrong else dict(place)
    for name in names:
        if name in vocabulary.facts:
            facts.setdefault(name, name)
    for name, elements in _dotted(vocabulary, names).items():
        if name not in facts:
            mistakes += _examine(vocabulary, names, name, elements)
            facts[name] = elements
        elif facts[name] == name:
            mistakes += _refuse_both(name, [column for column in elements.values() if column not in kept])
    there, passed = frozenset(names), frozenset(kept)
    mistakes += [
        Diagnostic("unknown-column", Location(path=(name,)), "no such column to keep", suggest(name, list(names)))
        for name in kept
        if name not in there
    ]
    layout = Layout({name: facts[name] for name in vocabulary.facts if name in facts}, kept)
    read = set(layout.read)
    others = [name for name in names if name not in read]
    unread = (name for name in others if name not in passed)
    mistakes += islice((each for name in unread for each in _misspelt(name, vocabulary, facts, remedies)), _SHOWN)
    seen = read.union(names if keep == ALL else others if keep is True else passed)
    twice = [name for name, count in Counter(names).items() if count > 1 and name in seen]
    mistakes += [Diagnostic("given-twice", Location(path=(name,)), "two columns have this name") for name in twice]
    if not facts and not mistakes:
        known = list(vocabulary.facts)
        meant = [f"{name!r}: {hint}" for name in names[:_LOOKED_AT] if (hint := suggest(name, known)).startswith("did")]
        hint = "; ".join([*meant[:_FEW], remedies.nothing])
        mistakes.append(Diagnostic("no-facts", Location(), "no column has the name of a fact", hint))
    if mistakes:
        raise InvalidOrganisation(mistakes)
    if keep == ALL:
        return layout._replace(kept=tuple(names))
    return layout._replace(kept=tuple(others)) if keep is True else layout


def _examine(
    vocabulary: Vocabulary, names: Sequence[str], name: str, place: str | Mapping[str, str]
) -> Iterable[Diagnostic]:
    here = Location(path=("columns", str(name)))
    if name not in vocabulary.facts:
        hint = suggest(name, list(vocabulary.facts))
        if not hint and isinstance(place, str) and place in vocabulary.facts:
            hint = f"the fact first, its column second: columns={{{place!r}: {name!r}}}"
        yield Diagnostic("unknown-fact", here, "no such fact", hint)
        return
    fact = vocabulary[name]
    if not isinstance(place, Mapping):
        instead = ", or a column for each element," if fact.kind is Kind.SET else ""
        yield from _examine_column(names, here, place, instead)
    elif fact.kind is not Kind.SET:
        yield Diagnostic("wrong-type", here, "only a set has a column for each element", "name one column")
    elif not place:
        yield Diagnostic("unknown-column", here, "no column for any element", "leave the fact out")
    else:
        for element, column in place.items():
            path = Location(path=(*here.path, str(element)))
            if element not in fact.names:
                yield Diagnostic("unknown-value", path, "no such element", suggest(element, fact.names))
            yield from _examine_column(names, path, column)


def _examine_column(names: Sequence[str], here: Location, column: object, instead: str = "") -> Iterable[Diagnostic]:
    if not isinstance(column, str):
        yield Diagnostic("wrong-type", here, f"the name of a column{instead} is expected, not {show_value(column)}")
    elif column not in names:
        yield Diagnostic("unknown-column", here, f"no such column: {show_value(column)}", suggest(column, list(names)))


def _dotted(vocabulary: Vocabulary, names: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name in names:
        fact, dot, element = name.partition(".")
        if dot and fact in vocabulary.facts and vocabulary[fact].kind is Kind.SET:
            found.setdefault(fact, {})[element] = name
    return found


def _refuse_both(name: str, columns: Iterable[str]) -> Iterable[Diagnostic]:
    message = f"the fact {name!r} has a column, and its elements have others"
    return [Diagnostic("given-twice", Location(path=(column,)), message, "leave one out") for column in columns]


def _misspelt(name: str, vocabulary: Vocabulary, taken: Mapping[str, Any], remedies: Remedies) -> Iterable[Diagnostic]:
    """Describe a column with almost the name of a fact: if it were ignored, the answers would change unnoticed."""
    free = [fact for fact in vocabulary.facts if fact not in taken]
    whole, dot, _ = name.partition(".")
    here = Location(path=(name,))
    if fact := find_almost(name, free):
        message = f"the column has almost the name of the fact {fact!r}"
        yield Diagnostic("unknown-column", here, message, remedies.alike.format(fact=fact, name=name))
    elif dot and (fact := find_almost(whole, free)):
        if vocabulary[fact].kind is Kind.SET:
            message = f"the column has almost the name of an element of the fact {fact!r}"
            yield Diagnostic("unknown-column", here, message, f"rename it to '{fact}.ELEMENT'")
        else:
            message = f"only a set has a column for each element, and the fact {fact!r} is none"
            yield Diagnostic("unknown-column", here, message, f"write its value in a column {fact!r}")


def refuse_twice(kept: Iterable[str], names: Container[str], remedies: Remedies = PROGRAM) -> None:
    """Refuse columns that pass through and have the name of one of the answer's columns."""
    mistakes = [
        Diagnostic("given-twice", Location(path=(name,)), "the answer has a column of that name too", remedies.clash)
        for name in kept
        if name in names
    ]
    if mistakes:
        raise InvalidOrganisation(mistakes)


def place_of(told: Diagnostic, name: str, place: str | Mapping[str, str]) -> Diagnostic:
    """Return what is wrong with a cell of a fact, located by the column's name in the table."""
    if isinstance(place, str):
        path = (place,) if place == name else (place, name)
    else:
        path = (place.get(told.location.path[-1], name),)
    return replace(told, location=Location(path=path))


class Faults:
    """What is wrong with the cells of a table: each wrong value of a column once, up to a thousand of them.

    Args:
        first: The number of the first row.
    """

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self._found: dict[Diagnostic, list[int]] = {}
        self._counts: dict[Diagnostic, int] = {}
        self._doubted: set[str] = set()
        self._more = 0

    @property
    def full(self) -> bool:
        """Whether there are more wrong values than anybody would read."""
        return len(self._found) >= _MOST

    def __len__(self) -> int:
        return len(self._found)

    def add(self, diagnostic: Diagnostic, rows: Sequence[int]) -> None:
        """Add rows, counted from 0, that have the same wrong value."""
        if self.full and diagnostic not in self._found:
            self._more += 1
            return
        shown = self._found.setdefault(diagnostic, [])
        shown += rows[: _SHOWN - len(shown)]
        self._counts[diagnostic] = self._counts.get(diagnostic, 0) + len(rows)

    @contextmanager
    def doubting(self, *, raising: bool) -> Iterator[None]:
        """Pass on the first doubt about each fact of the table, unless an error that is to be raised comes first."""
        with hear_doubts() as doubts:
            yield
        if not (raising and self._found):
            new = {name: says for name, says in doubts.items() if name not in self._doubted}
            self._doubted.update(new)
            forward_doubts(new)

    def error(self, read: int | None = None) -> InvalidOrganisation:
        """Return the error that lists everything.

        Args:
            read: How many rows were read, if reading stopped early.
        """
        found = [
            Diagnostic(told.code, told.location, f"{told.message} ({self._rows(told)})", told.hint)
            for told in self._found
        ]
        if self._more:
            message = f"{self._more:,} more values are wrong that are not listed"
            found.append(Diagnostic("too-many", Location(), message))
        if read is not None:
            message = f"with so much wrong, only the first {read:,} rows were read"
            found.insert(0, Diagnostic("too-many", Location(), message))
        return InvalidOrganisation(found)

    def _rows(self, diagnostic: Diagnostic) -> str:
        count = self._counts[diagnostic]
        shown = ", ".join(f"{self._first + row:,}" for row in self._found[diagnostic])
        if count == 1:
            return f"row {shown}"
        more = count - len(self._found[diagnostic])
        return f"rows {shown}" + (f" and {more:,} more" if more else "")


class Labels:
    """The labels of a pandas frame's columns, each with a unique name: a text itself, or the text of any other label.

    Labels may be numbers, dates or pairs, and may occur twice.

    Examples:
        >>> labels = Labels(["silos", 2024, "2024", None, "silos"])
        >>> labels.names
        ['silos', '2024_', '2024', 'None', 'silos']
        >>> labels.restore(["2024_", "model"])
        [2024, 'model']
    """

    def __init__(self, labels: Iterable[Any]) -> None:
        self._labels = list(labels)
        taken = {label for label in self._labels if isinstance(label, str)}
        self._names: dict[Any, str] = {}
        for label in self._labels:
            if not isinstance(label, str) and label not in self._names:
                name = str(label)
                while name in taken:
                    name += "_"
                taken.add(name)
                self._names[label] = name
        self._of = {name: label for label, name in self._names.items()}
        self.names: list[str] = list(map(self.name, self._labels))

    def name(self, label: Any) -> Any:
        """Return the name of a label, and the text of a tuple that is none; anything else is returned unchanged."""
        try:
            unknown = str(label) if isinstance(label, tuple) else label
            return label if isinstance(label, str) else self._names.get(label, unknown)
        except TypeError:  # not hashable, so not a label
            return label

    @property
    def plain(self) -> bool:
        """Whether every label is a text, and none comes twice."""
        return not self._names and len(set(self.names)) == len(self.names)

    def place(self, columns: Columns | None) -> Columns | None:
        """Return the columns of facts, by names instead of labels."""
        return columns and {
            fact: {element: self.name(label) for element, label in place.items()}
            if isinstance(place, Mapping)
            else self.name(place)
            for fact, place in columns.items()
        }

    def keep(self, wanted: bool | Iterable[Any]) -> bool | Iterable[str]:
        """Return what is to be passed through, by names instead of labels."""
        return wanted if isinstance(wanted, bool | str) else tuple(map(self.name, wanted))

    def take(self, frame: Any, names: Iterable[str]) -> Any:
        """Return the columns of a frame that have the given names, under these; of several with one name, the first."""
        first = {name: place for place, name in reversed([*enumerate(self.names)])}
        places = [first[name] for name in names]
        taken = frame.iloc[:, places]
        taken.columns = [self.names[place] for place in places]
        return taken

    def restore(self, names: Sequence[str]) -> list[Any]:
        """Return the labels behind names; names that belong to no column are returned unchanged."""
        return [self._of.get(name, name) for name in names]
