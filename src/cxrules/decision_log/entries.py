"""What reading a log gives: a decision, a rule base, or what is the matter with a line."""

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
    """What can be the matter with a line."""

    TORN = "torn"
    """It is the start of a record: a writer was interrupted, or is still writing."""
    CORRUPT = "corrupt"
    """It is complete, begins as a record, and is none: bytes were changed or lost."""
    NOT_JSON = "not-json"
    TOO_LONG = "too-long"
    NOT_A_RECORD = "not-a-record"
    OTHER_FORMAT = "other-format"
    ALTERED_RULEBASE = "altered-rulebase"
    """It is a rule base, but not of the revision it claims."""
    MISSING_RULEBASE = "missing-rulebase"
    """It is a decision of a rule base that the log does not hold."""
    INVALID_FACTS = "invalid-facts"
    """It is a decision on facts that its rule base, or the changed one, does not know."""
    MASKED = "masked"
    """It is a decision that says too little to be decided again."""
    REORDERED = "reordered"
    """It is a decision that stands before its rule base. It is used all the same."""
    OTHER_ENGINE = "other-engine"
    """It is a decision of an engine that is not installed. It is decided again by `bitmap`."""
    RECORDED_OTHERWISE = "recorded-otherwise"
    """It is a decision whose own rule base does not give the model and status recorded. It is used all the same."""

    @property
    def skips(self) -> bool:
        """Whether the line is left out of what is asked of the log."""
        return self not in (Trouble.REORDERED, Trouble.OTHER_ENGINE, Trouble.RECORDED_OTHERWISE)

    @property
    def expected(self) -> bool:
        """Whether it is part of a log's life, rather than a sign that the file is not what it should be."""
        return self in (Trouble.TORN, Trouble.MASKED, Trouble.REORDERED, Trouble.OTHER_ENGINE)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is the matter with a line.

    Attributes:
        line: The number of the line in its file, from 1.
        trouble: What kind it is.
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
        length: How many bytes it has, its line break among them.
        text: These bytes; empty when they are too many.
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
    """A decision whose line is seen to be as the log writes it, and is not decoded yet.

    Attributes:
        text: The line.
        revision: The digits of the revision that it repeats.
        version: The version of cxrules that decided.
        codes: Its facts, in the numbers of a `Stationer`.
        answer: Where in the line the facts end and the answer begins.
        decode: Decodes such a line.
    """

    text: bytes
    revision: str
    version: str
    codes: list[int]
    answer: int
    decode: Callable[[bytes], DecisionRecord]

    def log(self, line: int, part: str) -> Logged:
        """Return the decision, its record to be decoded when it is first asked for."""
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
        answer: What a record of format 1 repeats beyond that: ranking, voices and so on; else None.
        sight: What was seen of the line before it was decoded, if anything.
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
    """That the bytes before were left unfinished."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class UnreadableLine:
    """A line that begins as a record and cannot be read: torn if that is noted after it, corrupt if not.

    Attributes:
        ended: Whether it ends too early, rather than in the midst of something that is no JSON.
    """

    ended: bool


class Faulty(Exception):
    """A line is unusable."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(trouble, message)
        self.trouble = trouble
        self.message = message
