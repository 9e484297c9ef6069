"""Every kind of mistake that loading can report: its code, and what it means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from cxrules.errors import Diagnostic, Location

__all__ = ["BASE", "CODES", "MistakeCollector"]

BASE: Final = "<base>"
"""The place of an item in the rule base on which files are laid."""

CODES: Final[dict[str, str]] = {
    # files
    "unreadable-file": "The file or folder does not exist or cannot be read.",
    "no-files": "The folder contains no file of a rule base.",
    "not-utf8": "The file is not UTF-8 text.",
    "empty-file": "The file is empty.",
    "unknown-file-kind": "Its top-level keys belong to no kind of file of a rule base.",
    "missing-section": "A whole rule base needs sources, claims, facts, models, a policy and rules.",
    # YAML
    "yaml-syntax": "The file is not YAML.",
    "yaml-feature": "Anchors, aliases, merge keys, tags and further documents are not allowed.",
    "duplicate-key": "A mapping has the same key twice; YAML would silently keep the last.",
    "null-value": "A value is missing, or is null. Leave the key out, or write the word none.",
    "unquoted-boolean": "An unquoted yes, no, on or off is true or false to YAML. Quote it, or write true or false.",
    "unquoted-scalar": "A word that YAML reads as a date or as a number in another notation. Quote it.",
    # shape
    "unknown-key": "A key that nothing reads, often a misspelt one.",
    "missing-key": "A key that must be there is not.",
    "wrong-type": "A value of the wrong type, such as a number for a text.",
    "unknown-word": "A value that is not one of the words allowed here, such as a tone no author can have.",
    "value-out-of-range": "A number outside its range, such as a percentage above 100 or a weight above 3.",
    "empty-text": "A text that is empty, or has spaces around it.",
    "control-character": "A control character, such as a line break or an escape.",
    "empty-list": "A list that needs at least one element is empty.",
    "duplicate-value": "A list names the same thing twice.",
    "name-not-an-id": "Names are written in small_letters_and_digits; ids of rules have-dashes.",
    "file-elsewhere": "The file with the text of an article is in the folder of the rule base, and in no other.",
    "bad-fingerprint": "A fingerprint is a SHA-256: 64 hexadecimal digits in small letters.",
    # names
    "duplicate-id": "Two things of one kind have the same id.",
    "reserved-name": "A name that is reserved by Python, YAML or a parameter of recommend().",
    "name-clash": "A finding has the name of a fact, which would make a test of it ambiguous.",
    # sources and claims
    "unknown-source": "No such source.",
    "unknown-claim": "No such claim.",
    "claim-of-another-source": "The id of a claim does not begin with the id of its source.",
    "paragraph-out-of-range": "The source has no such paragraph.",
    "claim-unaccounted": "No rule, model or pattern rests on the claim, and it is not set aside with a reason.",
    "claim-set-aside-but-used": "The claim is set aside, yet something rests on it.",
    # facts
    "values-missing": "A fact of this kind needs values: at least two to choose from, both of a flag, one of a set.",
    "percent-with-values": "A percentage has no named values.",
    "wrong-template": "The clause of a percentage needs {value} and that of a set {values}, and no other braces.",
    "too-many-sets": "Tests distinguish too many sets of one fact, such as every combination of twenty elements.",
    "fact-unused": "No rule tests the fact.",
    "impossible-not-facts": "An impossible conjunction tests something other than facts.",
    # tests
    "unknown-fact": "No such fact, or in a rule no such fact or finding.",
    "unknown-value": "The fact has no such value.",
    "wrong-operator": "The test does not fit the kind of fact.",
    "empty-test": "The test can never hold: no value passes it.",
    "idle-test": "Every known value passes the test, so it only asks whether the fact is known.",
    "nested-any-of": "Alternatives are nested; only one level is allowed.",
    "finding-negated": "A finding is tested for presence only: write true.",
    # conclusions
    "not-one-effect": "A conclusion has exactly one effect.",
    "prefers-without-over": "A preference must say which models it ranks lower.",
    "over-without-prefers": "Only a preference has models to rank lower.",
    "contradictory-conclusions": "One rule speaks both for and against the same model.",
    "unknown-model": "No such model.",
    "unknown-finding": "No such finding.",
    "unknown-accompaniment": "No such accompaniment.",
    "unknown-pattern": "No such pattern.",
    "unknown-action": "No such action.",
    "unknown-warning": "No such warning.",
    # rules
    "rule-without-claim": "The rule rests on no claim.",
    "claims-of-two-articles": "A rule is one idea of one article; two articles that agree are two rules.",
    "not-evidence": "The rule speaks for or against a model, but none of its claims gives a reason.",
    # the whole
    "finding-cycle": "Findings rest on each other in a circle.",
    "preference-cycle": "Models are preferred to each other in a circle.",
    "premise-cycle": "Each of some facts is asked only after another, in a circle.",
    "finding-never-concluded": "No rule concludes the finding, so it can never be established.",
    "unused-finding": "No rule tests the finding and no model requires it.",
    "model-never-supported": "No rule supports the model, so it can never be recommended.",
    "accompaniment-never-concluded": "No rule concludes the accompaniment.",
    "pattern-never-concluded": "No rule recognises the pattern.",
    "action-never-concluded": "No rule concludes the action.",
    "warning-never-concluded": "No rule concludes the warning.",
}
"""What each code means, in one sentence."""


GUESSED: Final = ("unquoted-boolean", "unquoted-scalar", "null-value")
"""What the reader reports where YAML guesses what a word means. Only the vocabulary knows what is allowed there."""


class MistakeCollector:
    """Collects mistakes. Of two in one place only the first is kept, because the second follows from it."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], Diagnostic] = {}
        self._blocked: dict[tuple[str | None, int, int], tuple[object, ...]] = {}

    def add(self, code: str, where: Location, message: str, hint: str = "") -> None:
        """Add one mistake."""
        assert code in CODES, code
        if where.file == BASE:
            message = f"{' '.join(where.path[:2])}: {message}"
        place = (where.file, where.line, where.column)
        first = self._blocked.get(place)
        if first in self._found and self._found[first].code in GUESSED and hint:
            self._found[first] = replace(self._found[first], hint=hint)
        if place not in self._blocked:
            key = (*place, code, message) if where.line else (*place, where.path, code, message)
            self._found.setdefault(key, Diagnostic(code, where, message, hint))

    def extend(self, other: MistakeCollector, *, without: str = "") -> None:
        """Add the mistakes of another collector, except those of one code."""
        for key, found in other._found.items():
            if found.code != without:
                self._found.setdefault(key, found)

    def block(self) -> None:
        """Report nothing more in places that already have a mistake."""
        places = ((d.location.file, d.location.line, d.location.column, key) for key, d in self._found.items())
        self._blocked = {(file, line, column): key for file, line, column, key in places if line}

    def __bool__(self) -> bool:
        return bool(self._found)

    def in_order(self) -> Iterable[Diagnostic]:
        """Return every mistake by file, line and column."""
        return sorted(
            self._found.values(),
            key=lambda d: (
                d.location.file or "",
                d.location.line,
                d.location.column,
                d.location.path,
                d.code,
                d.message,
            ),
        )
