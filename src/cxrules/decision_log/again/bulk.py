"""Many records decided again at once: the policy over columns of bits, and what is recorded held against it.

It tells which records are surely as they were, and which a change surely leaves alone; what it is not sure of is
decided again one by one, by the code that says what differs.
"""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice, repeat
from typing import Any, Final, NamedTuple, cast

from cxrules.columns.gates import Gate
from cxrules.columns.integers import Runner
from cxrules.columns.program import Program
from cxrules.decision_log.again.sheet import Sheet, Stationer
from cxrules.decision_log.reader import Entry, Logged, LogReader
from cxrules.decision_log.record import DecisionRecord, digest_points
from cxrules.policy.evidence import certainty
from cxrules.policy.judge import Judge

__all__ = ["Bulk", "Bulks", "Group", "list_silent", "split"]

_BATCH: Final = 2048
_WORTHWHILE: Final = 64
"""Records of one rule base in a batch from which compiling it for columns pays."""
_KEPT: Final = 8

_DIGITS: Final = [bytes(48 + (byte >> bit & 1) for byte in range(256)) for bit in range(8)]
"""For each bit of a byte the table that turns bytes into the digits 0 and 1."""
_BITS: Final = bytes(byte & 1 for byte in range(256))
"""The table that turns the digits 0 and 1 into these numbers."""


def split(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Return the entries of a log in batches: what bounds the memory, whatever the size of the log."""
    rest = iter(entries)
    while batch := list(islice(rest, _BATCH)):
        yield batch


class Group(NamedTuple):
    """The decisions of one rule base in a batch.

    Attributes:
        entries: The decisions.
        positions: Where they stand in the batch.
        sheet: Their facts.
        same: For each whether it surely comes out as it was recorded.
    """

    entries: list[Logged]
    positions: list[int]
    sheet: Sheet
    same: list[bool]


class Bulks:
    """The rule bases of a log, each compiled for columns when a batch first has many of its records."""

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._compiled: dict[str, Bulk] = {}

    def list_groups(self, batch: Sequence[Entry]) -> Iterator[Group]:
        """Return the decisions in a batch for whose rule base columns pay, as far as columns can tell all they say."""
        groups: dict[str, list[int]] = {}
        for position, entry in enumerate(batch):
            if isinstance(entry, Logged) and _is_plain(entry.record):
                groups.setdefault(entry.record["revision"], []).append(position)
        for revision, positions in groups.items():
            if len(positions) >= _WORTHWHILE:
                entries = [cast("Logged", batch[position]) for position in positions]
                records = [entry.record for entry in entries]
                if revision not in self._compiled:
                    if len(self._compiled) == _KEPT:
                        self._compiled.clear()
                    self._compiled[revision] = Bulk(self._log.judge(records[0]))
                bulk = self._compiled[revision]
                sheet = bulk.stationer.fill(records)
                yield Group(entries, positions, sheet, bulk.list_same(records, sheet))


def _is_plain(record: DecisionRecord) -> bool:
    """Whether columns can tell all that the record says."""
    return (
        record["format"] != 1
        and record["engine"] == "bitmap"
        and record["explanation_sha256"] is None
        and record["answer_sha256"] is None
        and not record["masked"]
        and not record["erased"]
    )


class Bulk:
    """One rule base, compiled to hold many records against it at once.

    Attributes:
        stationer: Puts the facts of its records side by side.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        rulebase = judge.rulebase
        self.stationer = Stationer(rulebase.vocabulary)
        self._program = program = Program(judge.decider)
        self._models = (None, *rulebase.models)
        self._bytes = (len(rulebase.rules) + 7) // 8
        formula = program.formula
        self._numbers = {
            "model": program.number_of(formula.recommended),
            "runner-up": program.number_of(program.runners_up),
            "contested": [formula.contested],
            "all excluded": [formula.all_excluded],
            **{f"points of {model}": number.planes for model, number in formula.points.items()},
        }
        self._offsets = [number.offset for number in formula.points.values()]

    @cached_property
    def _run(self) -> Runner[Any]:
        """Everything that a record says, or that follows from it."""
        gates: dict[Any, Gate] = {("fired", rule): gate for rule, gate in self._program.fired.items()}
        for name, planes in self._numbers.items():
            gates |= {(name, plane): gate for plane, gate in enumerate(planes)}
        return Runner(self._program, gates)

    def list_same(self, records: Sequence[DecisionRecord], sheet: Sheet) -> list[bool]:
        """Return for each record whether everything in it surely comes out as it was recorded."""
        size = len(records)
        columns = self._run(sheet.cohort)
        fired_otherwise = _digits_of(self._compare_fired(records, columns, sheet.doubtful), size)
        numbers = {
            name: _read_numbers([columns[name, plane] for plane in range(len(planes))], size)
            for name, planes in self._numbers.items()
        }
        model, runner_up, contested, all_excluded, *points = numbers.values()
        scores = [
            [number - offset for number in scored] if offset else scored
            for scored, offset in zip(points, self._offsets, strict=True)
        ]
        rows = zip(*scores, strict=True) if scores else repeat(())
        return [
            not doubt and not otherwise and self._is_same(record, *what)
            for doubt, otherwise, record, *what in zip(
                sheet.doubtful, fired_otherwise, records, model, runner_up, contested, all_excluded, rows, strict=False
            )
        ]

    def _is_same(
        self,
        record: DecisionRecord,
        model: int,
        runner_up: int,
        contested: int,
        all_excluded: int,
        points: tuple[int, ...],
    ) -> bool:
        """Compare the decision; the facts and the rules that fired are compared already."""
        reason = None
        own = lead = 0
        if model:
            status = "contested" if contested else "recommended"
            own = points[model - 1]
            lead = own - points[runner_up - 1] if runner_up else own
        else:
            status = "undetermined"
            reason = "nothing_known" if not record["facts"] else "all_excluded" if all_excluded else "too_little"
        recorded = record["certainty"]
        return (
            record["model"] == self._models[model]
            and record["status"] == status
            and record["reason"] == reason
            and recorded.__class__ is float
            and recorded == certainty(own)
            and record["digest"] in (None, digest_points(points, self._models[runner_up], lead))
        )

    def watch(self, rules: Iterable[str]) -> Runner[str]:
        """Prepare to look for some rules alone."""
        return Runner(self._program, {rule: self._program.fired[rule] for rule in rules})

    def _compare_fired(self, records: Sequence[DecisionRecord], columns: Mapping[Any, int], doubtful: bytearray) -> int:
        nothing = bytes(self._bytes)
        rows = []
        for position, record in enumerate(records):
            fired = record["fired"]
            row = a2b_base64(fired) if isinstance(fired, str) else b""
            if len(row) != self._bytes:
                doubtful[position] = 1
                row = nothing
            rows.append(row)
        table = b"".join(rows)
        wrong = 0
        rules = iter(self._judge.rulebase.rule_ids)
        for byte in range(self._bytes):
            column = table[byte :: self._bytes][::-1]
            for digits, rule in zip(_DIGITS, rules, strict=False):
                wrong |= int(column.translate(digits), 2) ^ columns["fired", rule]
        return wrong


def list_silent(sheet: Sheet, runner: Runner[str]) -> list[bool]:
    """Return for each record whether surely none of the rules that are watched fires on its facts."""
    fires = 0
    for column in runner(sheet.cohort).values():
        fires |= column
    size = len(sheet.doubtful)
    return [not doubt and not fired for doubt, fired in zip(sheet.doubtful, _digits_of(fires, size), strict=True)]


def _digits_of(column: int, size: int) -> bytes:
    """Return the bits of a column as bytes that are 0 or 1, the lowest first."""
    return format(column, f"0{size}b").encode().translate(_BITS)[::-1]


def _read_numbers(planes: Sequence[int], size: int) -> Sequence[int]:
    """Return the numbers whose binary digits some columns hold, the lowest digit first."""
    total = 0
    for digit, column in enumerate(planes[:8]):
        total |= int.from_bytes(_digits_of(column, size), "little") << digit
    low = total.to_bytes(size, "little")
    if len(planes) <= 8:
        return low
    return [one + (other << 8) for one, other in zip(low, _read_numbers(planes[8:], size), strict=True)]
