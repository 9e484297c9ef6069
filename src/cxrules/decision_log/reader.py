"""Reading a decision log back: line by line, in constant memory, every part of it, and every line accounted for."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from cxrules.arguments import check_path
from cxrules.decision_log import lines
from cxrules.decision_log.entries import (
    DecisionLine,
    Entry,
    Faulty,
    Logged,
    LogLine,
    Problem,
    RuleBaseLine,
    Sight,
    TornLine,
    Trouble,
    UnreadableLine,
)
from cxrules.decision_log.record import COMPARED, LONGEST_LINE, LONGEST_RULEBASE, REVISION_DIGITS, DecisionRecord
from cxrules.decision_log.recorded_answer import expand, name_rules
from cxrules.decision_log.rotation import list_parts
from cxrules.engines import create_engine
from cxrules.errors import InvalidKnowledge, InvalidOrganisation, MissingRuleBase
from cxrules.policy.judge import Judge
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase

__all__ = ["Entry", "LogReader", "Logged", "Problem", "Trouble", "check_replayable", "invalid_facts"]

_KEPT: Final = 8
"""The most compiled rule bases that are kept, which bounds the memory, however many revisions a log has."""
_WAITING: Final = 8
"""The most successive unreadable lines that wait for a writer's note that they are torn."""
_RULEBASE: Final = b'{"kind":"rulebase",'


class LogReader:
    """A decision log for reading. Iterate over it for its decisions and problems, as often as you like.

    Parts that `DecisionLog(..., rotate=…)` rotated away are read first, from the oldest on; if the file is rotated
    meanwhile, the one that takes its name is read next.

    Attributes:
        path: Where the file is.
        position: The number of bytes that the last iteration has read.

    Raises:
        OSError: If the file cannot be read, or is not a regular file.
        TypeError: If the path is not a path.
        ValueError: If no file can have it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = check_path("the path of a decision log", path).absolute()  # whatever the working directory later is
        self.position = 0
        self._places: dict[str, tuple[Path, int]] = {}
        self._searched = False
        self._rulebases: OrderedDict[str, RuleBase] = OrderedDict()
        self._judges: OrderedDict[tuple[str, str], Judge] = OrderedDict()
        if not (list_parts(self.path) and not self.path.exists()):
            _open(self.path).close()

    @property
    def size(self) -> int:
        """The size of the log in bytes."""
        own = self.path.stat().st_size if self.path.exists() else 0
        return own + sum(part.stat().st_size for part in list_parts(self.path))

    def __iter__(self) -> Iterator[Entry]:
        return self.entries()

    def entries(self, look: Callable[[bytes], Sight | None] | None = None) -> Iterator[Entry]:
        """Return the decisions and problems of the log.

        Args:
            look: Reads what it can of a line without decoding it, which saves decoding if no more is needed. A line for
                which it returns something must be a decision that can be decoded.
        """
        self.position = 0
        self._places.clear()  # lines may have moved to another file since
        self._searched = False
        seen: set[str] = set()
        waiting: list[tuple[LogLine, UnreadableLine]] = []
        file, part = self.path, ""
        for line in self.lines():
            if line.file is not file:
                file, part = line.file, "" if line.file == self.path else line.file.name
            try:
                parsed = (look and look(line.text)) or lines.parse(line.text)
            except Faulty as fault:
                yield from _settle(waiting, None, self.path)
                yield Problem(line.number, fault.trouble, fault.message, part)
                continue
            if isinstance(parsed, UnreadableLine):
                yield from _queue(waiting, line, parsed, self.path)
                continue
            if waiting and parsed is not None:
                yield from _settle(waiting, (line, parsed), self.path)
            if isinstance(parsed, (DecisionLine, Sight)):
                revision = parsed.revision
                if revision not in seen:
                    yield self._place(line.number, revision, part, seen)
                if revision in seen:
                    yield parsed.log(line.number, part)
            elif isinstance(parsed, RuleBaseLine):
                yield from self._meet(parsed, line, part, seen)
        yield from _settle(waiting, None, self.path)

    def _meet(self, parsed: RuleBaseLine, line: LogLine, part: str, seen: set[str]) -> Iterator[Problem]:
        """Remember where a rule base is."""
        key = parsed.revision[:REVISION_DIGITS]
        try:
            if key not in self._rulebases and key not in seen:
                _keep(self._rulebases, key, RuleBase.from_json(parsed.canonical))
        except InvalidKnowledge as error:
            message = f"the rule base cannot be read: {error.diagnostics[0].message}"
            yield Problem(line.number, Trouble.ALTERED_RULEBASE, message, part)
            return
        self._places.setdefault(key, (line.file, line.start))
        seen.add(key)

    def _place(self, line: int, key: str, part: str, seen: set[str]) -> Problem:
        """Look for the rule base of a decision; report if it comes later or not at all."""
        if key not in self._places:
            self._search()
        if key not in self._places:
            message = f"the log does not contain the rule base of this decision, {key[:12]}"
            return Problem(line, Trouble.MISSING_RULEBASE, message, part)
        seen.add(key)
        message = f"decisions precede their rule base, {key[:12]}"
        return Problem(line, Trouble.REORDERED, message, part)

    def decisions(self) -> Iterator[Logged]:
        """Return only the decisions, whatever else is in the file."""
        return (entry for entry in self if isinstance(entry, Logged))

    def rulebase(self, revision: str) -> RuleBase:
        """Return a rule base from the log.

        Args:
            revision: Its revision, or the digits of it that a decision repeats.

        Raises:
            MissingRuleBase: If the log has none of this revision.
        """
        key = revision[:REVISION_DIGITS]
        found = self._rulebases.get(key)
        if found is None:
            found = self._load(key)
            if found is None:  # never seen, or its line has moved to another file
                self._places.clear()
                self._searched = False
                self._search()
                found = self._load(key)
            if found is None:
                raise MissingRuleBase(revision)
            _keep(self._rulebases, key, found)
        if not found.revision.startswith(revision):
            raise MissingRuleBase(revision)
        return found

    def judge(self, record: DecisionRecord) -> Judge:
        """Return the judge that decided: the record's own rule base, on the engine of the same name.

        If that engine is not installed, `bitmap` takes its place: every engine gives the same answers.

        Raises:
            MissingRuleBase: If the log does not hold the rule base.
        """
        revision, name = record["revision"], record["engine"]
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

    def fired(self, record: DecisionRecord) -> tuple[str, ...] | None:
        """Return the ids of the rules that fired, in id order; None when they are masked.

        Raises:
            MissingRuleBase: If the log does not hold the rule base.
        """
        fired = record["fired"]
        if fired is None:
            return None
        return name_rules(self.judge(record), fired) if isinstance(fired, str) else tuple(fired)

    def incoherences(self, record: DecisionRecord) -> tuple[str, ...]:
        """Return the ids of the impossible conjunctions that the facts of a record meet, as far as it shows them.

        Raises:
            MissingRuleBase: If the log does not hold the rule base.
            InvalidOrganisation: If its facts are not facts of that rule base.
        """
        rulebase = self.judge(record).rulebase
        shown = {name: value for name, value in record["facts"].items() if value is not None}
        return tuple(entry.id for entry in rulebase.incoherences(rulebase.vocabulary.validate(shown, doubt=False)))

    def answer(self, logged: Logged) -> dict[str, Any]:
        """Return the whole answer: everything that the record states, and what follows from it.

        It has the facts, model, status, reason and certainty; ranking and voices; and the ids of rules, findings,
        accompaniments, patterns, actions, warnings, and of the claims in support and dissent. What is masked is None,
        or as if the hidden facts were unknown.

        Raises:
            MissingRuleBase: If the log does not hold the rule base.
            InvalidOrganisation: If its facts are not facts of that rule base.
        """
        if logged.answer is not None:
            record = logged.record
            return {**{name: record[name] for name in COMPARED}, **logged.answer}
        return expand(logged.record, self.judge(logged.record))

    def decide_again(self, record: DecisionRecord) -> Recommendation:
        """Decide again on the facts of a record, on its own rule base.

        Raises:
            MissingRuleBase: If the log does not hold the rule base.
            InvalidOrganisation: If its facts are not facts of that rule base.
            ValueError: If facts or part of the answer are masked.
        """
        if _hidden(record):
            raise ValueError(f"decision {record['id']!a} is masked, so it cannot be decided again")
        judge = self.judge(record)
        return Recommendation(judge, judge.decide(judge.rulebase.vocabulary.validate(record["facts"], doubt=False)))

    def lines(self) -> Iterator[LogLine]:
        """Return every line of every part, in order, following the file if it is rotated meanwhile."""
        read: dict[tuple[int, int], tuple[int, int]] = {}  # how far each file was read: bytes and lines
        before = 0
        while True:
            fresh = False
            for path in [*list_parts(self.path), self.path]:
                try:
                    file = _open(path)
                except FileNotFoundError:
                    continue
                with file:
                    status = os.fstat(file.fileno())
                    identity = (status.st_dev, status.st_ino)
                    start, number = read.get(identity, (0, 0))
                    if identity in read and (path == self.path or status.st_size <= start):
                        continue
                    fresh = True
                    first = start
                    for line in _read_lines(file, path, start, number):
                        end = line.start + line.length
                        if line.whole:
                            start, number = end, line.number
                        self.position = before + end - first
                        yield line
                    read[identity] = start, number
                    before += file.tell() - first
            if not fresh:
                return

    def _load(self, key: str) -> RuleBase | None:
        if key not in self._places:
            return None
        path, start = self._places[key]
        try:
            with _open(path) as file:
                file.seek(start)
                parsed = lines.parse(file.readline(LONGEST_RULEBASE))
        except (OSError, Faulty):
            return None
        if not isinstance(parsed, RuleBaseLine) or not parsed.revision.startswith(key):
            return None
        return RuleBase.from_json(parsed.canonical)

    def _search(self) -> None:
        """Search the whole log for rule bases, once."""
        if self._searched:
            return
        self._searched = True
        position = self.position
        for line in self.lines():
            if b'"canonical"' in line.text:
                try:
                    parsed = lines.parse(line.text)
                    if isinstance(parsed, RuleBaseLine):
                        RuleBase.from_json(parsed.canonical)
                        self._places.setdefault(parsed.revision[:REVISION_DIGITS], (line.file, line.start))
                except (Faulty, InvalidKnowledge):
                    continue  # reported when it is read in its turn
        self.position = position


def _open(path: Path) -> BinaryIO:
    if not path.is_file():
        path.stat()  # raises what is wrong
        raise OSError(f"a decision log must be a regular file, unlike {str(path)!r}")
    return path.open("rb")


def _read_lines(file: BinaryIO, path: Path, start: int, number: int) -> Iterator[LogLine]:
    file.seek(start)
    while text := _read_line(file, path):
        number += 1
        length = len(text)
        kept: bytes | None = text
        while not text.endswith(b"\n") and (text := _read_line(file, path)):
            length += len(text)
            kept = kept + text if kept and length <= LONGEST_RULEBASE and kept.startswith(_RULEBASE) else None
        yield LogLine(path, number, start, length, kept or b"")
        start += length


def _read_line(file: BinaryIO, path: Path) -> bytes:
    try:
        return file.readline(LONGEST_LINE)
    except OSError as error:  # distinguishes writing from reading
        raise OSError(error.errno, error.strerror, str(path)) from error


def _queue(
    waiting: list[tuple[LogLine, UnreadableLine]], line: LogLine, unreadable: UnreadableLine, own: Path
) -> Iterator[Problem]:
    """Let an unreadable line wait; earlier ones are settled if there are too many or they are in another file."""
    if len(waiting) == _WAITING or (waiting and waiting[-1][0].file != line.file):
        yield from _settle(waiting, None, own)
    waiting.append((line, unreadable))


def _settle(
    waiting: list[tuple[LogLine, UnreadableLine]], follower: tuple[LogLine, object] | None, own: Path
) -> Iterator[Problem]:
    """Decide which of the unreadable lines are torn: those that a note calls torn, and an unfinished last one."""
    if not waiting:
        return
    noted = _list_noted(waiting, follower)
    for number, (line, unreadable) in enumerate(waiting):
        last = not line.whole
        # Format 1 had no notes: there a line that merely ends too early, before a record of that format, is torn.
        old = (
            follower is not None and isinstance(follower[1], DecisionLine | RuleBaseLine) and _is_old(follower[0].text)
        )
        if last or number >= noted or (old and unreadable.ended):
            still = ", or is still writing" if last else ""
            trouble, message = Trouble.TORN, f"the record is torn: a writer was interrupted here{still}"
        else:
            trouble, message = Trouble.CORRUPT, "the line begins as a record but cannot be read: it was altered"
        yield Problem(line.number, trouble, message, "" if line.file == own else line.file.name)
    waiting.clear()


def _list_noted(waiting: list[tuple[LogLine, UnreadableLine]], follower: tuple[LogLine, object] | None) -> int:
    """Return the first of the waiting lines that a note calls torn; their number if none."""
    if follower is None or not isinstance(follower[1], TornLine):
        return len(waiting)
    found = lines.find_noted(follower[1], [line.text for line, _ in waiting])
    return len(waiting) if found is None else found


def _is_old(text: bytes) -> bool:
    return b'"format":1,' in text[:60]


def _hidden(record: DecisionRecord) -> bool:
    return any(path.partition(".")[0] in COMPARED for path in record["masked"] + record["erased"])


def check_replayable(logged: Logged) -> Problem | None:
    """Describe why the record of a decision does not allow it to be decided again, if so."""
    record = logged.record
    if not (record["masked"] or record["erased"]) or not _hidden(record):
        return None
    hidden = ", ".join(record["masked"] + record["erased"])
    message = f"decision {record['id']} is masked ({hidden})"
    return Problem(logged.line, Trouble.MASKED, message, logged.part)


def invalid_facts(logged: Logged, error: InvalidOrganisation) -> Problem:
    """Describe that the facts of a decision are not facts of the rule base it is to be decided on."""
    message = f"decision {logged.record['id']}: {'; '.join(map(str, error.diagnostics[:3]))}"
    return Problem(logged.line, Trouble.INVALID_FACTS, message, logged.part)


def _keep(kept: OrderedDict[Any, Any], key: object, value: object) -> None:
    kept[key] = value
    while len(kept) > _KEPT:
        kept.popitem(last=False)
