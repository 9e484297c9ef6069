"""Files → the expectations of a rule base, and the findings about it that are accepted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from cxrules.errors import InvalidKnowledge, suggest
from cxrules.errors.near_names import few_suggestions
from cxrules.knowledge.conditions import read_conditions
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.draft import find_files, read_files
from cxrules.knowledge.expectation_forms import EXPECTATION_FILES, ExpectationForm, OutcomeForm
from cxrules.knowledge.form_checks import FormType, examine, salvage
from cxrules.knowledge.forms import Form
from cxrules.knowledge.node import Node, wrap_plain
from cxrules.language.condition_checks import check_conditions
from cxrules.language.mistakes import KnownNames
from cxrules.language.rules import Condition
from cxrules.rulebase import RuleBase, read_data

__all__ = [
    "CHANGES",
    "OUTCOMES",
    "Expectation",
    "Expectations",
    "builtin_expectations",
    "read_expectations",
    "read_plain",
]

OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "recommends": ("models", "unknown-model"),
    "considers": ("models", "unknown-model"),
    "excludes": ("models", "unknown-model"),
    "establishes": ("findings", "unknown-finding"),
    "recognises": ("patterns", "unknown-pattern"),
    "accompanies": ("accompaniments", "unknown-accompaniment"),
    "advises": ("actions", "unknown-action"),
    "warns": ("warnings", "unknown-warning"),
}
"""The outcomes that can be expected for an organisation: the section of their names, and the code of an unknown one."""

CHANGES: Final = ("weakens", "strengthens", "unseats", "seats")
"""The outcomes that can be expected of a change of one fact; each names models."""


@dataclass(frozen=True)
class Expectation:
    """What the rule base should never, or always, conclude for an organisation, or after a change of one fact.

    Attributes:
        id: Its name.
        says: The expectation as a sentence.
        because: The claims behind it.
        always: Whether the outcomes always happen; otherwise they never happen together.
        when: The organisations concerned.
        unless: Exceptions among them; None if there are none.
        knowing_only: Facts; all others count as unknown. None if any may be known.
        raising: The fact that rises, or None.
        lowering: The fact that falls, or None.
        outcomes: The outcomes: names by the words of `OUTCOMES` and `CHANGES`.
    """

    id: str
    says: str
    because: tuple[str, ...] = ()
    always: bool = False
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] | None = None
    knowing_only: tuple[str, ...] | None = None
    raising: str | None = None
    lowering: str | None = None
    outcomes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Expectations:
    """The expectations of a rule base, and the accepted findings about it. They are not part of the rule base.

    Attributes:
        expectations: What it is expected to do.
        accepted: Why a finding is accepted, by check and subject.
        plain: Both as plain data, which `read_plain` reads again.
    """

    expectations: tuple[Expectation, ...] = ()
    accepted: Mapping[tuple[str, str], str] = field(default_factory=dict)
    plain: Mapping[str, list[Any]] = field(default_factory=dict)


@few_suggestions()
def read_expectations(*paths: str | Path, rulebase: RuleBase) -> Expectations:
    """Read the expectations and accepted findings in files and folders; anything else in them is skipped.

    Args:
        rulebase: The rule base that they are about.

    Raises:
        InvalidKnowledge: With every mistake, by file, line and column.
    """
    report = MistakeCollector()
    nodes = [node for _, node in read_files(find_files(paths, report), report)]
    report.block()  # a mistake in the text need not be reported again as one of form or meaning
    return _read([node for node in nodes if node is not None], rulebase, report)


def builtin_expectations() -> Expectations:
    """Return the expectations and accepted findings of the built-in rule base."""
    return read_plain(json.loads(read_data("expectations.json")), RuleBase.builtin())


def read_plain(plain: Mapping[str, Any], rulebase: RuleBase) -> Expectations:
    """Read expectations and accepted findings from plain data.

    Raises:
        InvalidKnowledge: With every mistake.
    """
    return _read([wrap_plain({kind: items}, "<plain>") for kind, items in plain.items()], rulebase, MistakeCollector())


def _read(nodes: Iterable[Node], rulebase: RuleBase, report: MistakeCollector) -> Expectations:
    plain: dict[str, list[Any]] = {kind: [] for kind in EXPECTATION_FILES}
    expectations: dict[str, Expectation] = {}
    accepted: dict[tuple[str, str], str] = {}
    for node in nodes:
        for kind, form in EXPECTATION_FILES.items():
            below = node.get(kind)
            if below is None:
                continue
            examine(form, node, (), report)
            items = below.content if isinstance(below.content, list) else []
            plain[kind] += [item.plain() for item in items]
            for index, item in enumerate(items):
                within = (kind, str(index))
                wanted = _item_form(form, kind)  # the mistakes in its form are reported, and hide none in its meaning
                entry = examine(wanted, item, within, MistakeCollector()) or salvage(wanted, item)
                if entry is None:
                    continue
                if kind == "accepted":
                    accepted |= {(entry.check, subject): entry.reason for subject in entry.subjects}
                elif entry.id in expectations:
                    where = item.locate(["id"], within=within)
                    report.add("duplicate-id", where, f"{entry.id!r} occurs twice among the expectations")
                else:
                    expectations[entry.id] = _ExpectationReader(rulebase, report, item, within).read(entry)
    if report:
        raise InvalidKnowledge(report.in_order())
    return Expectations(tuple(expectations.values()), accepted, plain)


def _item_form(form: type[Form], kind: str) -> FormType:
    return get_args(form.model_fields[kind].annotation)[0]


class _ExpectationReader:
    """Reads one expectation."""

    def __init__(self, rulebase: RuleBase, report: MistakeCollector, node: Node, within: tuple[str, ...]) -> None:
        self.rulebase, self.report, self.node, self.within = rulebase, report, node, within

    def read(self, form: ExpectationForm) -> Expectation:
        facts = tuple(self.rulebase.vocabulary.facts)
        self._check(form.because, ["because"], tuple(self.rulebase.claims), "unknown-claim")
        for word in ("raising", "lowering"):
            if getattr(form, word):
                self._check([getattr(form, word)], [word], facts, "unknown-fact", listed=False)
        word = "always" if form.always else "never"
        outcome = form.always or form.never
        if outcome is None or (form.always and form.never):
            self._miss([], "an expectation says either never or always, and what")
        if outcome is None:
            return Expectation(form.id, form.says)
        if form.always and form.never:  # the mistakes in both are listed
            self._read_outcomes(form.never, "never")
            self._conditions("never", "when")
            self._conditions("never", "unless")
        outcomes = self._read_outcomes(outcome, word)
        self._demand_sense(form, outcomes, word)
        return Expectation(
            form.id,
            form.says,
            tuple(form.because),
            form.always is not None,
            self._conditions(word, "when") or (),
            self._conditions(word, "unless"),
            None if outcome.knowing_only is None else tuple(outcome.knowing_only),
            form.raising,
            form.lowering,
            outcomes,
        )

    def _read_outcomes(self, outcome: OutcomeForm, word: str) -> dict[str, tuple[str, ...]]:
        facts = tuple(self.rulebase.vocabulary.facts)
        self._check(outcome.knowing_only or [], [word, "knowing_only"], facts, "unknown-fact")
        outcomes = {}
        for name, (section, code) in OUTCOMES.items():
            if names := getattr(outcome, name):
                self._check(names, [word, name], tuple(getattr(self.rulebase, section)), code)
                outcomes[name] = tuple(names)
        for name in CHANGES:
            if names := getattr(outcome, name):
                self._check(names, [word, name], tuple(self.rulebase.models), "unknown-model")
                outcomes[name] = tuple(names)
        return outcomes

    def _demand_sense(self, form: ExpectationForm, outcomes: Mapping[str, Any], word: str) -> None:
        changes = [name for name in CHANGES if name in outcomes]
        moved = [fact for fact in (form.raising, form.lowering) if fact]
        if not outcomes and not moved:
            self._miss([word], "the outcome is missing: one of " + ", ".join((*OUTCOMES, *CHANGES)))
        if changes and (len(moved) != 1 or form.always):
            needed = "it needs never, and one of raising and lowering"
            self._miss([word, changes[0]], f"{changes[0]} is about a change: {needed}")
        if moved and not changes:
            self._miss([word], "a fact that changes needs one of " + ", ".join(CHANGES))
        kinds = {fact.name: fact.kind for fact in self.rulebase.vocabulary.facts.values()}
        if any(kinds.get(fact) == "choice" for fact in moved):
            self._miss(
                ["raising" if form.raising else "lowering"], "a choice has no order in which it could rise or fall"
            )

    def _conditions(self, word: str, part: str) -> tuple[Condition, ...] | None:
        below = self.node.get(word)
        when = below.get(part) if below else None
        if when is None:
            return None
        facts = self.rulebase.vocabulary.facts
        within = (*self.within, word, part)
        if part == "unless" and not when.content:
            message = "an empty conjunction is true of every organisation, so nothing is expected of any"
            self.report.add("empty-test", when.locate(within=within), message, "leave unless out")

        def refuse(code: str, path: Sequence[str | int], message: str, hint: str) -> None:
            self.report.add(code, when.locate(path, within=within), message, hint)

        conditions = read_conditions(when, facts, facts, refuse)
        for mistake in check_conditions(
            conditions, (), facts, KnownNames({"facts": facts, "findings": self.rulebase.findings})
        ):
            where = when.locate(mistake.path, key=mistake.key, within=within)
            self.report.add(mistake.code, where, mistake.message, mistake.hint)
        return conditions

    def _check(
        self, names: Sequence[str], path: list[str], known: tuple[str, ...], code: str, *, listed: bool = True
    ) -> None:
        for index, name in enumerate(names):
            where = self.node.locate([*path, index] if listed else path, within=self.within)
            if name not in known:
                self.report.add(code, where, f"no such name: {name!r}", suggest(name, known))
            elif name in names[:index]:
                self.report.add("duplicate-value", where, f"{name!r} occurs twice here")

    def _miss(self, path: list[str], message: str) -> None:
        self.report.add("missing-key", self.node.locate(path, within=self.within), message)
