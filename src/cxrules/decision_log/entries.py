"""The entries that reading a log returns: a decision, a rule base, or a problem with a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from cxrules.decision_log.record import DecisionRecord

__all__ = [
    "DecisionLine",
    "Entry",
    "Faulty",
    "LogLine",
    "Logged",
    "Problem",
    "RuleBaseLine",
    "Sight",
    "TornLine",
    "Trouble",
    "UnreadableLine",
]


class Trouble(StrEnum):
    """The kinds of problem with a line."""

    TORN = "torn"
    """It is the start of a record: a writer was interrupted, or is still writing."""
    CORRUPT = "corrupt"
    """It is complete and begins as a record, but is not one: bytes were changed or lost."""
    NOT_JSON = "not-json"
    TOO_LONG = "too-long"
    NOT_A_RECORD = "not-a-record"
    OTHER_FORMAT = "other-format"
    ALTERED_RULEBASE = "altered-rulebase"
    """It is a rule base, but not of the revision it claims."""
    MISSING_RULEBASE = "missing-rulebase"
    """It is a decision by a rule base that the log does not contain."""
    INVALID_FACTS = "invalid-facts"
    """It is a decision on facts that its rule base, or the changed one, does not know."""
    MASKED = "masked"
    """It is a decision that says too little to be decided again."""
    REORDERED = "reordered"
    """It is a decision that precedes its rule base. It is used all the same."""
    OTHER_ENGINE = "other-engine"
    """It is a decision by an engine that is not installed. It is decided again by `bitmap`."""
    RECORDED_OTHERWISE = "recorded-otherwise"
    """It is a decision whose own rule base does not give the model and status recorded. It is used all the same."""

    @property
    def skips(self) -> bool:
        """Whether the line is left out of the results."""
        return self not in (Trouble.REORDERED, Trouble.OTHER_ENGINE, Trouble.RECORDED_OTHERWISE)

    @property
    def expected(self) -> bool:
        """Whether it is normal in a log's life, rather than a sign of damage."""
        return self in (Trouble.TORN, Trouble.MASKED, Trouble.REORDERED, Trouble.OTHER_ENGINE)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem with a line.

    Attributes:
        line: The number of the line in its file, from 1.
        trouble: The kind of problem.
        message: What is wrong, in a sentence without a full stop.
        part: The name of the part that was rotated away, when the line is in one; else empty.
    """

    line: int
    trouble: Trouble
    message: str
    part: str = ""

    def __str__(self) -> str:
        where = f"{self.part}, line {self.line}" if self.part else f"line {self.line}"
        return f"{where}: {self.message} [{self.trouble}]"


class LogLine(NamedTuple):
    """One line of a log.

    Attributes:
        file: The file it is in; a part that was rotated away, or the log's own.
        number: Its number in that file, from 1.
        start: Where it begins.
        length: The number of its bytes, including the line break.
        text: These bytes; empty if there are too many.
    """

    file: Path
    number: int
    start: int
    length: int
    text: bytes

    @property
    def whole(self) -> bool:
        """Whether it has a line break, or is too long to tell."""
        return not self.text or self.text.endswith(b"\n")


class Sight(NamedTuple):
    """A decision whose line is exactly as the log writes it, not decoded yet.

    Attributes:
        text: The line.
        revision: The digits of the revision that it repeats.
        version: The version of cxrules that decided.
        codes: Its facts, as the codes of a `Stationer`.
        answer: The position in the line at which the facts end and the answer begins.
        decode: The function that decodes such a line.
    """

    text: bytes
    revision: str
    version: str
    codes: list[int]
    answer: int
    decode: Callable[[bytes], DecisionRecord]

    def log(self, line: int, part: str) -> Logged:
        """Return the decision, whose record is decoded on first use."""
        logged: Logged = object.__new__(Logged)
        place = object.__setattr__
        place(logged, "line", line)
        place(logged, "part", part)
        place(logged, "answer", None)
        place(logged, "sight", self)
        return logged


class DecisionLine(NamedTuple):
    """A decision whose line is decoded."""

    record: DecisionRecord
    answer: dict[str, Any] | None

    @property
    def revision(self) -> str:
        """The digits of the revision that it repeats."""
        return self.record["revision"]

    def log(self, line: int, part: str) -> Logged:
        """Return the decision."""
        return Logged(line, self.record, part, self.answer)


@dataclass(frozen=True, slots=True)
class Logged:
    """A decision in a log.

    Attributes:
        line: The number of its line in its file, from 1.
        record: What the line says, with what it leaves out.
        part: The name of the part that was rotated away, when the line is in one; else empty.
        answer: What a record of format 1 repeats beyond that: ranking, voices and so on; otherwise None.
        sight: What was read of the line before it was decoded, if anything.
    """

    line: int
    record: DecisionRecord
    part: str = ""
    answer: dict[str, Any] | None = None
    sight: Sight | None = field(default=None, repr=False, compare=False)

    def __getattr__(self, name: str) -> Any:
        if name != "record" or self.sight is None:
            raise AttributeError(name)
        record = self.sight.decode(self.sight.text)
        object.__setattr__(self, "record", record)
        return record

    def __reduce__(self) -> tuple[Any, ...]:
        return Logged, (self.line, self.record, self.part, self.answer)

    @property
    def cxrules(self) -> str:
        """The version of cxrules that decided."""
        return self.record["cxrules"] if self.sight is None else self.sight.version


Entry: TypeAlias = Logged | Problem


@dataclass(frozen=True, slots=True)
class RuleBaseLine:
    """A rule base in a log, whole and unaltered."""

    revision: str
    canonical: str


@dataclass(frozen=True, slots=True)
class TornLine:
    """A note that the bytes before it were left unfinished."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class UnreadableLine:
    """A line that begins as a record but cannot be read: torn if a note after it says so, corrupt if not.

    Attributes:
        ended: Whether it ends too early, rather than containing something that is not JSON.
    """

    ended: bool


class Faulty(Exception):
    """A line is unusable."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(trouble, message)
        self.trouble = trouble
        self.message = message
