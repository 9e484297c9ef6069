"""Replay: decides every decision of a log again, on its own rule base, and returns every difference as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from cxrules.decision_log.again.bulk import Bulks, split
from cxrules.decision_log.reader import Entry, Logged, LogReader, Problem, Trouble, check_replayable, invalid_facts
from cxrules.decision_log.record import DecisionRecord, digest_standing
from cxrules.decision_log.recorded_answer import (
    ANSWER,
    digest_answer,
    digest_explanation,
    make_answer,
    pack_bits,
    unpack_bits,
)
from cxrules.errors import InvalidOrganisation
from cxrules.language.plain import make_plain
from cxrules.policy.judge import Judge
from cxrules.recommendation.answer import Recommendation

__all__ = ["ReplayDifference", "Replayed", "replay"]


@dataclass(frozen=True, slots=True)
class ReplayDifference:
    """A field that does not come out as recorded.

    Attributes:
        field: The field of the record.
        recorded: What the record says.
        replayed: What the same facts and the same rule base lead to now.
    """

    field: str
    recorded: Any
    replayed: Any


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision decided again.

    Attributes:
        logged: The decision in the log.
        differences: The fields that came out differently.
    """

    logged: Logged
    differences: tuple[ReplayDifference, ...]

    @property
    def line(self) -> int:
        """The number of its line, from 1."""
        return self.logged.line

    @property
    def record(self) -> DecisionRecord:
        """What the line says, with what it leaves out."""
        return self.logged.record

    @property
    def part(self) -> str:
        """The name of the part that was rotated away, when the line is in one; else empty."""
        return self.logged.part


_ReplayOutcome: TypeAlias = "Replayed | Problem"


def replay(log: LogReader) -> Iterator[_ReplayOutcome]:
    """Decide every record again, on its own revision of the rule base and the engine of the same name.

    Nothing is kept: a log of any size takes the same memory.

    Yields:
        For each decision its result; for each line that cannot be decided again, a problem that says why.
    """
    bulks = Bulks(log)
    for batch in split(log.entries(bulks.look)):
        alike: list[Logged | None] = [None] * len(batch)
        for group in bulks.list_groups(batch):
            for position, seen, same in zip(group.positions, group.entries, group.same, strict=True):
                if same:
                    alike[position] = seen
        for entry, logged in zip(batch, alike, strict=True):
            if logged is not None:
                yield Replayed(logged, ())
            else:
                yield from replay_entry(log, entry)


def replay_entry(log: LogReader, entry: Entry) -> Iterator[_ReplayOutcome]:
    """Decide one record again, and yield everything in the order in which to report it."""
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
    differences = list(_compare_first(entry, again) if entry.answer is not None else _compare_lean(record, again))
    digests: tuple[tuple[str, Callable[[Recommendation], str]], ...] = (
        ("answer_sha256", digest_answer),
        ("explanation_sha256", partial(digest_explanation, searches=record["format"] == 1)),
    )
    for field, digest in digests:
        recorded = record[field]  # type: ignore[literal-required]  # either is a field
        if recorded is not None and (now := digest(again)) != recorded:
            differences.append(ReplayDifference(field, recorded, now))
    yield Replayed(entry, tuple(differences))


def _compare_lean(record: DecisionRecord, again: Recommendation) -> Iterator[ReplayDifference]:
    judge, decision = again.judge, again.decision
    now: dict[str, Any] = {
        "facts": {name: make_plain(value) for name, value in again.facts.items()},
        "model": decision.model,
        "status": decision.status.value,
        "reason": None if decision.reason is None else decision.reason.value,
        "certainty": decision.certainty,
        "fired": pack_bits(decision.fired, len(judge.rulebase.rules)),
    }
    if record["digest"] is not None:
        now["digest"] = digest_standing(judge, decision)
    for field, value in now.items():
        recorded = record[field]  # type: ignore[literal-required]  # a field of either
        if field == "fired" and recorded != value:
            # As the ids of rules, for human readers.
            yield ReplayDifference(field, _name_rules(judge, recorded), list(again.fired))
        elif not _is_same(recorded, value):
            yield ReplayDifference(field, recorded, value)


def _name_rules(judge: Judge, fired: Any) -> Any:
    if not isinstance(fired, str):
        return fired
    bits = unpack_bits(fired)
    # Bits beyond the rules have no meaning.
    return fired if bits >> len(judge.rulebase.rules) else list(judge.decider.names(bits))


def _compare_first(entry: Logged, again: Recommendation) -> Iterator[ReplayDifference]:
    recorded: dict[str, Any] = {**entry.record, **(entry.answer or {})}
    now = make_answer(again)
    for field in ANSWER:
        if not _is_same(recorded[field], now[field]):
            yield ReplayDifference(field, recorded[field], now[field])


def substitute_engine(logged: Logged, engine: str) -> Problem:
    """Describe that a decision was decided again by another engine."""
    message = f"the engine {logged.record['engine']!r} is not installed, so {engine!r} decided again"
    return Problem(logged.line, Trouble.OTHER_ENGINE, message, logged.part)


def _is_same(recorded: object, replayed: object) -> bool:
    """Compare as JSON text: 1, 1.0 and true are three different things, and so are objects in another order."""
    if type(recorded) is not type(replayed):
        # In JSON names are text, whatever enumeration they belong to here.
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
