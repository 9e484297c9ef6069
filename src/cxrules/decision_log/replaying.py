"""Replay: every decision of a log again, on its own rule base, and every difference as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from cxrules.decision_log.reader import Entry, Logged, LogReader, Problem, Trouble, check_replayable, invalid_facts
from cxrules.decision_log.record import ANSWER, DecisionRecord, digest_explanation, make_answer
from cxrules.errors import InvalidOrganisation

__all__ = ["Difference", "Replayed", "replay"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field whose value differs from the recorded one.

    Attributes:
        field: The field of the record.
        recorded: What the record says.
        replayed: What the same facts and the same rule base give now.
    """

    field: str
    recorded: Any
    replayed: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision decided again.

    Attributes:
        line: The number of its line, from 1.
        record: What the line says.
        differences: The fields that differ; empty when none does.
    """

    line: int
    record: DecisionRecord
    differences: tuple[Difference, ...]


_Outcome: TypeAlias = "Replayed | Problem"


def replay(log: LogReader) -> Iterator[_Outcome]:
    """Decide every record again, on its own revision of the rule base and the engine of the same name.

    Nothing is kept: a log of any size takes the same memory.

    Yields:
        For each decision what came out; for each line that cannot be decided again, and why, a problem.
    """
    for entry in log:
        yield from replay_entry(log, entry)


def replay_entry(log: LogReader, entry: Entry) -> Iterator[_Outcome]:
    """Decide one record again; the results come in the order in which they should be reported."""
    if isinstance(entry, Problem):
        yield entry
        return
    hidden = check_replayable(entry)
    if hidden is not None:
        yield hidden
        return
    record = entry.record
    try:
        again = log.decide_again(record)
    except InvalidOrganisation as error:
        yield invalid_facts(entry, error)
        return
    if again.engine != record["engine"]:
        yield substitute_engine(entry, again.engine)
    answer = make_answer(again)
    recorded: dict[str, Any] = dict(record)
    differences = [
        Difference(field, recorded[field], answer[field])
        for field in ANSWER
        if not _is_same(recorded[field], answer[field])
    ]
    digest = record["explanation_sha256"]
    if digest is not None:
        now = digest_explanation(again)
        if now != digest:
            differences.append(Difference("explanation_sha256", digest, now))
    yield Replayed(entry.line, record, tuple(differences))


def substitute_engine(logged: Logged, engine: str) -> Problem:
    """Describe that a decision was decided again by another engine."""
    message = f"the engine {logged.record['engine']!r} is not installed, so {engine!r} decided again"
    return Problem(logged.line, Trouble.OTHER_ENGINE, message)


def _is_same(recorded: object, replayed: object) -> bool:
    """Compare as JSON does: 1, 1.0 and true are three things, and so are objects in another order."""
    if type(recorded) is not type(replayed):
        # Names are text to JSON, whatever enumeration they belong to here.
        return isinstance(recorded, str) and isinstance(replayed, str) and recorded == replayed
    if isinstance(recorded, dict):
        assert isinstance(replayed, dict)
        return list(recorded) == list(replayed) and all(
            _is_same(value, replayed[key]) for key, value in recorded.items()
        )
    if isinstance(recorded, list):
        assert isinstance(replayed, list)
        return len(recorded) == len(replayed) and all(map(_is_same, recorded, replayed))
    return bool(recorded == replayed)
