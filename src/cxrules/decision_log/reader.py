"""Reading a decision log back: line by line, in constant memory, and every line accounted for."""

from __future__ import annotations

import json
import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn, TypeAlias, cast

from cxrules.decision_log.record import ANSWER, FORMAT, LONGEST_LINE, LONGEST_RULEBASE, DecisionRecord
from cxrules.engines import create_engine
from cxrules.errors import InvalidKnowledge, InvalidOrganisation, MissingRuleBase
from cxrules.policy.judge import Judge
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase

__all__ = ["Entry", "LogReader", "Logged", "Problem", "Trouble"]

_KEPT: Final = 8
"""How many compiled rule bases are kept at a time; this bounds the memory, however many revisions a log holds."""
_START: Final = b'{"kind":"'
_RULEBASE: Final = b'{"kind":"rulebase",'
_FLAT: Final = re.compile(rb'\{"kind":"rulebase"(?:,"\w++":(?:"(?:[^"\\]++|\\.)*+"|\d{1,15}+))*+\}')
"""What a line must be to be read although long: texts and short numbers, which take no more memory than the line."""


class Trouble(StrEnum):
    """What can be wrong with a line."""

    TORN = "torn"
    """It is the start of a record: a writer was interrupted, or is still writing."""
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
    """It is a decision with too little in it to be decided again."""
    REORDERED = "reordered"
    """It is a decision that stands before its rule base. It is used all the same."""
    OTHER_ENGINE = "other-engine"
    """It is a decision of an engine that is not installed. It is decided again by `bitmap`."""
    RECORDED_OTHERWISE = "recorded-otherwise"
    """It is a decision whose own rule base does not give the model and status recorded. It is used all the same."""

    @property
    def skips(self) -> bool:
        """Whether the line is left out."""
        return self not in (Trouble.REORDERED, Trouble.OTHER_ENGINE, Trouble.RECORDED_OTHERWISE)

    @property
    def expected(self) -> bool:
        """Whether it is normal in the life of a log, and no sign of damage."""
        return self in (Trouble.TORN, Trouble.MASKED, Trouble.REORDERED, Trouble.OTHER_ENGINE)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a line.

    Attributes:
        line: The number of the line, from 1.
        trouble: What kind it is.
        message: What is wrong, in a sentence without a full stop.
    """

    line: int
    trouble: Trouble
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message} [{self.trouble}]"


@dataclass(frozen=True, slots=True)
class Logged:
    """A decision in a log.

    Attributes:
        line: The number of its line, from 1.
        record: What the line says.
    """

    line: int
    record: DecisionRecord


Entry: TypeAlias = Logged | Problem


class LogReader:
    """A decision log, read. Iterate over it for its decisions and its problems, as often as you like.

    Attributes:
        path: Where the file is.
        position: How many bytes the iteration begun last has read.

    Raises:
        OSError: If the file cannot be read, or is no regular file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()  # the file stays the same when the working directory changes
        self.position = 0
        self._offsets: dict[str, int] = {}
        self._searched = False
        self._rulebases: OrderedDict[str, RuleBase] = OrderedDict()
        self._judges: OrderedDict[tuple[str, str], Judge] = OrderedDict()
        self._open().close()

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return self.path.stat().st_size

    def __iter__(self) -> Iterator[Entry]:
        self.position = 0
        seen: set[str] = set()
        for line, start, text in self._lines():
            try:
                record = _parse(line, text)
                if record is None:
                    continue
                if record["kind"] == "rulebase":
                    revision = _check_rulebase(line, record)
                    self._offsets.setdefault(revision, start)
                    seen.add(revision)
                else:
                    decision = _check_decision(line, record)
                    revision = decision["rulebase"]["revision"]
                    if revision not in seen:
                        self._find_late(line, decision)
                        seen.add(revision)
                        yield Problem(
                            line, Trouble.REORDERED, f"decisions stand before their rule base, {revision[:12]}"
                        )
                    yield Logged(line, decision)
            except _Faulty as fault:
                yield fault.problem

    def decisions(self) -> Iterator[Logged]:
        """Return the decisions alone."""
        return (entry for entry in self if isinstance(entry, Logged))

    def rulebase(self, revision: str) -> RuleBase:
        """Return a rule base that the log holds.

        Raises:
            MissingRuleBase: If it holds none of this revision.
        """
        found = self._rulebases.get(revision)
        if found is None:
            if revision not in self._offsets:
                self._search()
            if revision not in self._offsets:
                raise MissingRuleBase(revision)
            with self._open() as file:
                file.seek(self._offsets[revision])
                found = RuleBase.from_json(json.loads(file.readline())["canonical"])
            _keep(self._rulebases, revision, found)
        return found

    def judge(self, record: DecisionRecord) -> Judge:
        """Return the judge that decided: the record's own rule base, on the engine of the same name.

        If that engine is not installed, `bitmap` takes its place: every engine gives the same answers.

        Raises:
            MissingRuleBase: If the log does not hold the rule base.
        """
        revision, name = record["rulebase"]["revision"], record["engine"]
        judge = self._judges.get((revision, name))
        if judge is None:
            rulebase = self.rulebase(revision)
            try:
                engine = create_engine(name, rulebase)
            except (ImportError, ValueError):
                engine = create_engine("bitmap", rulebase)
            judge = Judge(engine)
            _keep(self._judges, (revision, name), judge)
        return judge

    def decide_again(self, record: DecisionRecord) -> Recommendation:
        """Decide again on the facts of a record, on its own rule base.

        Raises:
            MissingRuleBase: If the log does not hold the rule base.
            InvalidOrganisation: If its facts are no facts of that rule base.
            ValueError: If facts are masked.
        """
        if not record["replayable"]:
            raise ValueError(f"decision {record['id']} is masked, so it cannot be decided again")
        judge = self.judge(record)
        return Recommendation(judge, judge.decide(judge.rulebase.vocabulary.validate(record["facts"])))

    def _open(self) -> BinaryIO:
        if not self.path.is_file():
            self.path.stat()  # raises what is wrong
            raise OSError(f"a decision log is a regular file, and this is none: {str(self.path)!r}")
        return self.path.open("rb")

    def _lines(self) -> Iterator[tuple[int, int, bytes]]:
        with self._open() as file:
            start = number = 0
            while text := file.readline(LONGEST_LINE):
                number += 1
                length = len(text)
                kept: bytes | None = text
                while not text.endswith(b"\n") and (text := file.readline(LONGEST_LINE)):
                    length += len(text)
                    kept = kept + text if kept and length <= LONGEST_RULEBASE and kept.startswith(_RULEBASE) else None
                self.position = start + length
                yield number, start, kept or b""
                start += length

    def _find_late(self, line: int, record: DecisionRecord) -> None:
        revision = record["rulebase"]["revision"]
        if revision not in self._offsets:
            self._search()
        if revision not in self._offsets:
            message = f"the log does not hold the rule base of this decision, {revision[:12]}"
            raise _Faulty(Problem(line, Trouble.MISSING_RULEBASE, message))

    def _search(self) -> None:
        """Look through the whole file for rule bases, once."""
        if self._searched:
            return
        self._searched = True
        position = self.position
        for line, start, text in self._lines():
            if b'"canonical"' in text:
                try:
                    record = _parse(line, text)
                    if record is not None:
                        self._offsets.setdefault(_check_rulebase(line, record), start)
                except _Faulty:
                    continue  # reported when it is read in its turn
        self.position = position


class _Faulty(Exception):
    """A line is unusable."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def _refuse(line: int, trouble: Trouble, message: str) -> NoReturn:
    raise _Faulty(Problem(line, trouble, message))


def _parse(line: int, text: bytes) -> dict[str, Any] | None:
    """Read a line; None for an empty one."""
    if not text:
        message = f"the line is longer than {LONGEST_LINE >> 20} MiB, or {LONGEST_RULEBASE >> 20} for a rule base"
        _refuse(line, Trouble.TOO_LONG, message)
    stripped = text.strip()
    if not stripped:
        return None
    if len(text) > LONGEST_LINE and not _FLAT.fullmatch(stripped):
        _refuse(line, Trouble.NOT_A_RECORD, "the line is long, and no rule base")
    try:
        record = json.loads(stripped, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        if stripped.startswith(_START) or _START.startswith(stripped):
            last = "" if text.endswith(b"\n") else ", or is still writing"
            _refuse(line, Trouble.TORN, f"the record is torn: a writer was interrupted here{last}")
        _refuse(line, Trouble.NOT_JSON, "this is no JSON")
    if not isinstance(record, dict) or record.get("kind") not in ("decision", "rulebase"):
        _refuse(line, Trouble.NOT_A_RECORD, "this JSON is no record of a decision log")
    if record.get("format") != FORMAT or isinstance(record["format"], bool):
        version = record.get("format")
        _refuse(
            line, Trouble.OTHER_FORMAT, f"the record is of version {version!r}; this cxrules reads version {FORMAT}"
        )
    return record


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _check_rulebase(line: int, record: dict[str, Any]) -> str:
    canonical, revision = record.get("canonical"), record.get("revision")
    if not isinstance(canonical, str) or not isinstance(revision, str):
        _refuse(line, Trouble.NOT_A_RECORD, "the record of a rule base lacks its revision or its canonical form")
    if sha256(canonical.encode(errors="replace")).hexdigest() != revision:
        _refuse(line, Trouble.ALTERED_RULEBASE, f"the rule base is not of the revision it claims, {revision[:12]}")
    try:
        RuleBase.from_json(canonical)
    except InvalidKnowledge as error:
        _refuse(line, Trouble.ALTERED_RULEBASE, f"the rule base cannot be read: {error.diagnostics[0].message}")
    return revision


_SHAPE: Final[dict[str, type | tuple[type, ...]]] = {
    "id": str,
    "time": str,
    "cxrules": str,
    "rulebase": dict,
    "engine": str,
    "facts": dict,
    "labels": dict,
    "masked": list,
    "erased": list,
    "replayable": bool,
}
_FIELDS: Final = frozenset(DecisionRecord.__annotations__)


def _check_decision(line: int, record: dict[str, Any]) -> DecisionRecord:
    missing = sorted(_FIELDS - record.keys())
    if missing:
        _refuse(line, Trouble.NOT_A_RECORD, f"the record of a decision lacks {', '.join(missing)}")
    wrong = [name for name, kind in _SHAPE.items() if not isinstance(record[name], kind)]
    if not wrong and not isinstance(record["rulebase"].get("revision"), str):
        wrong = ["rulebase"]
    if wrong:
        _refuse(line, Trouble.NOT_A_RECORD, f"the record of a decision has the wrong kind of {', '.join(wrong)}")
    return cast("DecisionRecord", record)


def check_replayable(logged: Logged) -> Problem | None:
    """Describe what keeps a decision from being decided again, if its own record does."""
    record = logged.record
    if record["replayable"] and not any(
        path.partition(".")[0] in ANSWER for path in record["masked"] + record["erased"]
    ):
        return None
    hidden = ", ".join(record["masked"] + record["erased"])
    return Problem(logged.line, Trouble.MASKED, f"decision {record['id']} is masked ({hidden})")


def invalid_facts(logged: Logged, error: InvalidOrganisation) -> Problem:
    """Describe that the facts of a decision are not facts of the rule base it is to be decided on."""
    message = f"decision {logged.record['id']}: {'; '.join(map(str, error.diagnostics[:3]))}"
    return Problem(logged.line, Trouble.INVALID_FACTS, message)


def _keep(kept: OrderedDict[Any, Any], key: object, value: object) -> None:
    kept[key] = value
    while len(kept) > _KEPT:
        kept.popitem(last=False)
