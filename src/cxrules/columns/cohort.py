"""Many organisations decided at once: each is a column, and a statement is an int with the bits for which it is true.

A rule fires in the AND of the columns in which its tests hold; points are added and compared in slices. So ten thousand
organisations cost little more than a few dozen decided one by one, and exhaustive search becomes affordable.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from cxrules.columns.slices import Planes, add_constant, add_up, constant, greater, select
from cxrules.engines.units import list_units, order_findings
from cxrules.language.facts import Facts, FactValue, Kind, Vocabulary
from cxrules.language.rules import Effect, FactTest, Operator
from cxrules.policy.decider import Decider

__all__ = ["Cohort", "CohortJudge", "Column", "Outcomes", "SetColumn", "column_of", "first_of", "gather"]

_DECISIVE = frozenset({Effect.SUPPORTS, Effect.OPPOSES, Effect.EXCLUDES, Effect.PREFERS})


class SetColumn(NamedTuple):
    """A set fact: where it is known, and where each element is in it."""

    known: int
    elements: Mapping[str, int]


Column: TypeAlias = Mapping[FactValue, int] | SetColumn
"""One fact in every organisation: for each value the organisations that have it; the others do not know the fact."""


class Cohort(NamedTuple):
    """Organisations side by side.

    Attributes:
        everything: All of them: as many low bits as there are organisations.
        columns: For each fact that some of them know, which organisations have which value.
    """

    everything: int
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Which organisations get which decision.

    Attributes:
        models: For each model, and for None, the organisations that get it; every organisation has one.
        contested: Those whose decision is contested.
    """

    models: Mapping[str | None, int]
    contested: int


class _Item(NamedTuple):
    """An item of evidence: it counts where one of its rules fires and none of the stronger ones does."""

    rules: tuple[int, ...]
    stronger: tuple[int, ...]
    points: int
    firm: bool


class _Ledger(NamedTuple):
    """What decides one model, by positions of rules."""

    model: str
    items: tuple[_Item, ...]
    excluders: tuple[int, ...]
    required: tuple[tuple[int, ...], ...]
    debit: int


class CohortJudge:
    """Decides cohorts. Each column gets what the judge decides for that organisation; a test makes sure of it.

    Attributes:
        rulebase: The rule base.
        facts: The facts that can bear on the model, in the order of the vocabulary.
    """

    def __init__(self, decider: Decider) -> None:
        self.rulebase = rulebase = decider.rulebase
        units, alternatives = list_units(rulebase)
        everything = (1 << len(units)) - 1
        findings = [
            (tuple(_positions(concluders)), tuple(_positions(everything & ~others)))
            for concluders, others in order_findings(rulebase, units, alternatives, everything)
        ]
        index = {rule: position for position, rule in enumerate(rulebase.rule_ids)}
        concluders = {name: tuple(index[rule] for rule in rules) for name, rules in rulebase.concluders.items()}
        bearing = {
            index[rule.id] for rule in rulebase.rules.values() if any(each.effect in _DECISIVE for each in rule.then)
        }
        for model in rulebase.models.values():
            bearing.update(rule for finding in model.requires for rule in concluders[finding])
        for suppliers, users in reversed(findings):
            if not bearing.isdisjoint(users):
                bearing.update(suppliers)
        self._findings = tuple(
            (suppliers, kept)
            for suppliers, users in findings
            if (kept := tuple(user for user in users if user in bearing))
        )
        self._tests = tuple(dict.fromkeys(test for unit in sorted(bearing) for test in units[unit].tests))
        numbers = {test: number for number, test in enumerate(self._tests)}
        self._units = tuple((unit, tuple(numbers[test] for test in units[unit].tests)) for unit in sorted(bearing))
        tested = {test.fact for test in self._tests}
        self.facts = tuple(name for name in rulebase.vocabulary.facts if name in tested)
        self._index = index
        self._ledgers = tuple(_open_ledger(decider, model, index, concluders) for model in rulebase.models)
        self._offset = max((ledger.debit for ledger in self._ledgers), default=0)
        self._preferences = tuple((index[rule], preferred, over) for rule, preferred, over in decider.preferences)

    def decide(self, cohort: Cohort, silenced: Mapping[str, int] | None = None) -> Outcomes:
        """Decide every organisation of a cohort.

        The rules of `silenced` do not fire in some of the columns, whatever holds there.
        """
        everything = cohort.everything
        fired = self._fire(cohort, silenced or {})
        running: dict[str, int] = {}
        scores: dict[str, Planes] = {}
        for ledger in self._ledgers:
            running[ledger.model], scores[ledger.model] = self._weigh(ledger, fired, everything)
        undetermined = everything
        for columns in running.values():
            undetermined &= ~columns
        aside = dict.fromkeys(running, 0)
        for rule, preferred, over in self._preferences:
            acting = fired[rule] & running[preferred]
            for model in over if acting else ():
                aside[model] |= acting
        running = {model: columns & ~aside[model] for model, columns in running.items()}
        winners: dict[str | None, int] = {}
        best: Planes = []
        taken = 0
        for model, columns in running.items():
            ahead = columns & (~taken | greater(scores[model], best, everything)) if columns else 0
            if ahead:
                best = select(ahead, scores[model], best)
                winners = {other: held & ~ahead for other, held in winners.items()}
                taken |= ahead
            winners[model] = ahead
        contested = 0
        for model, columns in running.items():
            if rivals := columns & ~winners[model]:
                near = add_constant(scores[model], self.rulebase.policy.lead, everything)
                contested |= rivals & greater(near, best, everything)
        winners[None] = undetermined
        return Outcomes(winners, contested)

    def _fire(self, cohort: Cohort, silenced: Mapping[str, int]) -> dict[int, int]:
        everything, vocabulary = cohort.everything, self.rulebase.vocabulary
        truths = [truth(test, cohort, vocabulary) for test in self._tests]
        fired: dict[int, int] = {}
        for unit, tests in self._units:
            columns = everything
            for test in tests:
                columns &= truths[test]
            fired[unit] = columns
        for rule, columns in silenced.items():
            if self._index[rule] in fired:
                fired[self._index[rule]] &= ~columns
        for concluders, users in self._findings:
            established = 0
            for unit in concluders:
                established |= fired[unit]
            for user in users:
                fired[user] &= established
        return fired

    def _weigh(self, ledger: _Ledger, fired: Mapping[int, int], everything: int) -> tuple[int, Planes]:
        """Return where a model is a candidate, and its points plus an offset that keeps them from being negative."""
        running = everything
        for rule in ledger.excluders:
            running &= ~fired[rule]
        for concluders in ledger.required:
            running &= _any(fired, concluders)
        if not running:
            return 0, []
        terms: list[tuple[int, int]] = [(everything, self._offset - ledger.debit)]
        firm: list[tuple[int, int]] = []
        for item in ledger.items:
            columns = _any(fired, item.rules)
            if item.stronger:
                columns &= ~_any(fired, item.stronger)
            if item.points > 0:
                terms.append((columns, item.points))
                if item.firm:
                    firm.append((columns, item.points))
            else:
                # Evidence against counts as points for where it is absent.
                terms.append((everything & ~columns, -item.points))
        score = add_up(terms)
        running &= greater(score, constant(self._offset, everything), everything)
        minimum = self.rulebase.policy.minimum_evidence
        if minimum > 0:
            running &= greater(add_up(firm), constant(minimum - 1, everything), everything)
        return running, score


def truth(test: FactTest, cohort: Cohort, vocabulary: Vocabulary) -> int:
    """Return the organisations of a cohort in which a test holds."""
    column = cohort.columns.get(test.fact)
    if column is None:
        return 0
    if isinstance(column, SetColumn):
        assert isinstance(test.operand, tuple)
        if test.operator is Operator.INCLUDES_ALL:
            holding = column.known
            for element in test.operand:
                holding &= column.elements.get(element, 0)
            return holding
        included = 0
        for element in test.operand:
            included |= column.elements.get(element, 0)
        return column.known & (included if test.operator is Operator.INCLUDES_ANY else ~included)
    fact = vocabulary[test.fact]
    holding = 0
    for value, columns in column.items():
        if columns and test.holds(value, fact):
            holding |= columns
    return holding


def column_of(vocabulary: Vocabulary, name: str, value: FactValue, columns: int) -> Column:
    """Return a fact that has one value in some organisations and is unknown in the others."""
    if vocabulary[name].kind is Kind.SET:
        assert isinstance(value, tuple)
        return SetColumn(columns, dict.fromkeys(value, columns))
    return {value: columns}


def gather(vocabulary: Vocabulary, organisations: Collection[Facts]) -> Cohort:
    """Put organisations side by side, the first in the lowest bit."""
    masks: dict[str, dict[FactValue, int]] = {}
    for position, known in enumerate(organisations):
        for name, value in known.items():
            held = masks.setdefault(name, {})
            held[value] = held.get(value, 0) | 1 << position
    columns: dict[str, Column] = {}
    for name, held in masks.items():
        if vocabulary[name].kind is Kind.SET:
            elements: dict[str, int] = {}
            known_by = 0
            for value, mask in held.items():
                assert isinstance(value, tuple)
                known_by |= mask
                for element in value:
                    elements[element] = elements.get(element, 0) | mask
            columns[name] = SetColumn(known_by, elements)
        else:
            columns[name] = held
    return Cohort((1 << len(organisations)) - 1, columns)


def first_of(columns: int) -> int:
    """Return the lowest column of some."""
    return (columns & -columns).bit_length() - 1


def _open_ledger(
    decider: Decider, model: str, index: Mapping[str, int], concluders: Mapping[str, tuple[int, ...]]
) -> _Ledger:
    shared = {each.bit: each for each in decider.shared}
    items = []
    for bit, evidence in decider.items:
        if evidence.model == model:
            rules: tuple[int, ...] = (index[evidence.rule],)
            stronger: tuple[int, ...] = ()
            if bit in shared:
                rules, stronger = tuple(_positions(shared[bit].rules)), tuple(_positions(shared[bit].stronger))
            items.append(_Item(rules, stronger, evidence.points, not evidence.standing))
    return _Ledger(
        model,
        tuple(items),
        tuple(index[rule.id] for rule in decider.rulebase.rules.values() if model in rule.targets(Effect.EXCLUDES)),
        tuple(concluders[finding] for finding in decider.rulebase.models[model].requires),
        sum(-item.points for item in items if item.points < 0),
    )


def _any(fired: Mapping[int, int], rules: Iterable[int]) -> int:
    columns = 0
    for rule in rules:
        columns |= fired[rule]
    return columns


def _positions(bits: int) -> Iterable[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
