"""Decides many records again at once, by columns of bits, and compares the results with the records.

It finds the records that certainly come out as before, and those that a change certainly leaves alone. All others are
decided again one by one, by the code that reports differences.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice, repeat
from typing import Final, NamedTuple, cast

from cxrules.columns.bits.gates import Gate
from cxrules.columns.int_executor import Cohort, Runner, SetColumn
from cxrules.columns.program import Program
from cxrules.decision_log.again.exact_lines import begin, look
from cxrules.decision_log.again.fact_sheet import FactSheet, Stationer
from cxrules.decision_log.entries import Sight
from cxrules.decision_log.reader import Entry, Logged, LogReader
from cxrules.decision_log.record import DecisionRecord, digest_points
from cxrules.policy.evidence import certainty
from cxrules.policy.judge import Judge

__all__ = ["Bulk", "Bulks", "Group", "list_silent", "split"]

_BATCH: Final = 2048
_WORTHWHILE: Final = 64
"""The number of records of one rule base in a batch from which it pays to compile it for columns."""
_KEPT: Final = 8


def split(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Return the entries of a log in batches, which bounds the memory, whatever the size of the log.

    The first batch is just large enough to compile a rule base; after that, lines need not be decoded.
    """
    rest = iter(entries)
    size = min(_WORTHWHILE, _BATCH)
    while batch := list(islice(rest, size)):
        yield batch
        size = _BATCH


class Group(NamedTuple):
    """The decisions of one rule base in a batch.

    Attributes:
        entries: The decisions.
        positions: Their positions in the batch.
        sheet: Their facts.
        same: For each whether it certainly comes out as recorded.
        bulk: Their rule base.
    """

    entries: list[Logged]
    positions: list[int]
    sheet: FactSheet
    same: list[bool]
    bulk: Bulk


class Bulks:
    """The rule bases of a log, each compiled for columns when a batch first has many of its records."""

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._compiled: dict[str, Bulk] = {}

    def look(self, text: bytes) -> Sight | None:
        """Read a line without decoding it, if its rule base is compiled."""
        head = begin(text)
        if head is None:
            return None
        revision = head[2].decode()
        bulk = self._compiled.get(revision)
        return None if bulk is None else look(text, head, revision, bulk.stationer)

    def list_groups(self, batch: Sequence[Entry]) -> Iterator[Group]:
        """Return the decisions in a batch whose rule base is worth compiling, if columns can check the whole record."""
        groups: dict[str, list[int]] = {}
        for position, entry in enumerate(batch):
            if isinstance(entry, Logged):
                if entry.sight is not None:
                    groups.setdefault(entry.sight.revision, []).append(position)
                elif _is_plain(entry.record):
                    groups.setdefault(entry.record["revision"], []).append(position)
        for revision, positions in groups.items():
            if revision in self._compiled or len(positions) >= _WORTHWHILE:
                entries = [cast("Logged", batch[position]) for position in positions]
                if revision not in self._compiled:
                    if len(self._compiled) == _KEPT:
                        self._compiled.clear()
                    self._compiled[revision] = Bulk(self._log.judge(entries[0].record))
                bulk = self._compiled[revision]
                sheet = bulk.lay_out(entries)
                yield Group(entries, positions, sheet, bulk.list_same(entries, sheet), bulk)


def _is_plain(record: DecisionRecord) -> bool:
    """Whether columns can check everything in the record."""
    return (
        record["format"] != 1
        and record["engine"] == "bitmap"
        and record["explanation_sha256"] is None
        and record["answer_sha256"] is None
        and not record["masked"]
        and not record["erased"]
    )


class _BulkOutcome(NamedTuple):
    """What a record should say about the decision.

    Attributes:
        model: The model.
        status: The status.
        reason: Why there is no model.
        certainty: The certainty.
        text: All this as written in a line, after the facts and up to the bits of the fired rules.
    """

    model: str | None
    status: str
    reason: str | None
    certainty: float
    text: bytes


class Bulk:
    """One rule base, compiled for checking many records at once.

    Attributes:
        stationer: Lays the facts of its records side by side.
    """

    def __init__(self, judge: Judge) -> None:
        rulebase = judge.rulebase
        self.stationer = Stationer(rulebase.vocabulary)
        self._program = program = Program(judge.decider)
        self._models = (None, *rulebase.models)
        policy = program.policy
        fired = list(program.fired.values())
        self._numbers: list[Sequence[Gate]] = [
            program.number_of(policy.recommended),
            program.number_of(program.runners_up),
            [policy.contested],
            [policy.all_excluded],
            *(number.planes for number in policy.points.values()),
            *(fired[start : start + 8] for start in range(0, len(fired), 8)),
        ]
        self._offsets = [number.offset for number in policy.points.values()]
        self._outcomes: dict[tuple[int, int, int, int, int], _BulkOutcome] = {}

    @cached_property
    def _run(self) -> Runner[tuple[int, int]]:
        """Everything that a record says, and what follows from it."""
        numbered = enumerate(self._numbers)
        return Runner(
            self._program,
            {(number, digit): gate for number, gates in numbered for digit, gate in enumerate(gates)},
        )

    def lay_out(self, entries: Sequence[Logged]) -> FactSheet:
        """Lay the facts of decisions side by side."""
        read = self.stationer.read
        rows = (read(entry.record["facts"]) if entry.sight is None else entry.sight.codes for entry in entries)
        return self.stationer.fill(rows, len(entries))

    def list_same(self, entries: Sequence[Logged], sheet: FactSheet) -> list[bool]:
        """Return for each decision whether everything in its record certainly comes out as recorded."""
        answers = self._list_answers(sheet)
        return [
            not doubt
            and (_is_same(entry.record, *answer) if entry.sight is None else _is_written(entry.sight, *answer))
            for doubt, entry, answer in zip(sheet.doubtful, entries, answers, strict=True)
        ]

    def _list_answers(self, sheet: FactSheet) -> Iterator[tuple[_BulkOutcome, bytes, str]]:
        """Return for each decision what it is, the bits of what fires and the digest, as its record should say."""
        size = len(sheet.doubtful)
        columns = self._run(sheet.cohort)
        numbers = [
            _read_numbers([columns[number, digit] for digit in range(len(gates))], size)
            for number, gates in enumerate(self._numbers)
        ]
        (model, runner_up, contested, all_excluded), others = numbers[:4], numbers[4:]
        scores = [
            [number - offset for number in points] if offset else points
            for points, offset in zip(others, self._offsets, strict=False)
        ]
        points_of = zip(*scores, strict=True) if scores else repeat(())
        fired = _write_bits(others[len(scores) :], size)
        known = _digits_of(_unite(sheet.cohort), size)
        for first, second, close, out, facts, points, bits in zip(
            model, runner_up, contested, all_excluded, known, points_of, fired, strict=False
        ):
            own = points[first - 1] if first else 0
            lead = own - points[second - 1] if second else own
            key = first, close, out, facts, own
            outcome = self._outcomes.get(key) or self._outcomes.setdefault(key, self._outcome(*key))
            yield outcome, bits, digest_points(points, self._models[second], lead)

    def _outcome(self, model: int, contested: int, all_excluded: int, known: int, points: int) -> _BulkOutcome:
        name, reason = self._models[model], None
        status = "contested" if contested else "recommended"
        if name is None:
            status = "undetermined"
            reason = "nothing_known" if not known else "all_excluded" if all_excluded else "too_little"
        sure = certainty(points)
        text = (
            f'}},"model":{json.dumps(name)},"status":"{status}",'
            + (f'"reason":"{reason}",' if reason else "")
            + f'"certainty":{json.dumps(sure)},"fired":"'
        )
        return _BulkOutcome(name, status, reason, sure, text.encode())

    def watch(self, rules: Iterable[str]) -> Runner[str]:
        """Prepare to watch only some rules."""
        return Runner(self._program, {rule: self._program.fired[rule] for rule in rules})


def _is_same(record: DecisionRecord, outcome: _BulkOutcome, fired: bytes, digest: str) -> bool:
    """Return whether a record says what it should."""
    return (
        record["model"] == outcome.model
        and record["status"] == outcome.status
        and record["reason"] == outcome.reason
        and record["certainty"].__class__ is float
        and record["certainty"] == outcome.certainty
        and record["fired"] == fired.decode()
        and record["digest"] in (None, digest)
    )


def _is_written(sight: Sight, outcome: _BulkOutcome, fired: bytes, digest: str) -> bool:
    """Return whether a line says what it should. It may leave out the digest."""
    text, start = sight.text, sight.answer
    expected = b'%b%b","digest":"%b"' % (outcome.text, fired, digest.encode())
    if text.startswith(expected, start):
        return True
    expected = b'%b%b"' % (outcome.text, fired)
    return text.startswith(expected, start) and not text.startswith(b',"digest"', start + len(expected))


def list_silent(sheet: FactSheet, runner: Runner[str]) -> list[bool]:
    """Return for each record whether certainly none of the watched rules fires on its facts."""
    fires = 0
    for column in runner(sheet.cohort).values():
        fires |= column
    size = len(sheet.doubtful)
    return [not doubt and not fired for doubt, fired in zip(sheet.doubtful, _digits_of(fires, size), strict=True)]


def _digits_of(column: int, size: int) -> bytes:
    """Return the bits of a column as bytes that are 0 or 1, the lowest first."""
    return bytes(_read_numbers([column], size))


def _read_numbers(planes: Sequence[int], size: int) -> Sequence[int]:
    """Return the numbers whose binary digits some columns hold, the lowest digit first."""
    ones = int.from_bytes(b"\1" * size)
    total = 0
    for digit, column in enumerate(planes[:8]):
        total |= (int.from_bytes(format(column, f"0{size}b").encode()) & ones) << digit
    low = total.to_bytes(size, "little")
    if len(planes) <= 8:
        return low
    return [one + (other << 8) for one, other in zip(low, _read_numbers(planes[8:], size), strict=True)]


def _write_bits(octets: Sequence[Sequence[int]], size: int) -> Iterator[bytes]:
    """Return for each record its bits in base64, from the columns of their bytes."""
    width = len(octets)
    table = bytearray(width * size)
    for place, column in enumerate(octets):
        table[place::width] = bytes(column)
    for start in range(0, width * size, width) if width else repeat(0, size):
        yield b2a_base64(table[start : start + width], newline=False)


def _unite(cohort: Cohort) -> int:
    """Return the records of which anything is known."""
    known = 0
    for column in cohort.columns.values():
        if isinstance(column, SetColumn):
            known |= column.known
        else:
            for mask in column.values():
                known |= mask
    return known
