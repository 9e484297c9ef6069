"""Many organisations decided at once: each is a column, and a statement is an int with the bits for which it is true.

Rules and policy run on all columns at once (`cxrules.columns.program`). So ten thousand organisations cost little more
than a few dozen decided one by one, and exhaustive search becomes affordable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cxrules.columns.int_executor import Cohort, Column, Runner, SetColumn
from cxrules.columns.program import Program
from cxrules.language.facts import FactValue, Kind, Vocabulary
from cxrules.language.rules import FactTest, Operator
from cxrules.policy.decider import Decider

__all__ = [
    "Cohort",
    "CohortJudge",
    "Column",
    "Outcomes",
    "SetColumn",
    "column_of",
    "first_of",
    "restrict",
    "truth",
]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Which organisations get which decision.

    Attributes:
        models: The organisations that get each model, or None; every organisation gets exactly one.
        contested: Those whose decision is contested.
    """

    models: Mapping[str | None, int]
    contested: int


class CohortJudge:
    """Decides cohorts. Each column gets what the judge decides for that organisation; a test makes sure of it.

    Rules and policy are compiled once to a straight-line program, which runs on ints.

    Attributes:
        rulebase: The rule base.
        program: Its rules and policy, compiled.
        facts: The facts that can bear on the model, in the order of the vocabulary.

    Examples:
        >>> from cxrules import Advisor
        >>> judge = Advisor().judge
        >>> known_by = {"ceo_involvement": {"champion": 0b10}, "transformation_goal": {True: 0b10}}
        >>> outcomes = CohortJudge(judge.decider).decide(Cohort(0b11, known_by))  # nothing is known of the first one
        >>> {model: bin(columns) for model, columns in outcomes.models.items() if columns}
        {'ceo_with_cco': '0b10', None: '0b1'}
    """

    def __init__(self, decider: Decider) -> None:
        self.rulebase = decider.rulebase
        self._decider = decider
        self.program = Program(decider)
        self._deciding = _prepare(self.program)
        self._ahead: dict[tuple[str | None, str | None], Runner[None]] = {}
        self.facts = self._deciding.facts

    @cached_property
    def _silencing(self) -> Runner[str | None]:
        return _prepare(Program(self._decider, silent=True))

    def decide(self, cohort: Cohort, silenced: Mapping[str, int] | None = None) -> Outcomes:
        """Decide every organisation of a cohort.

        The rules in `silenced` do not fire in the given columns, whatever the facts are there.
        """
        models = self._silencing(cohort, silenced) if silenced else self._deciding(cohort)
        contested = models.pop(_CONTESTED)
        return Outcomes(models, contested)

    def ahead(self, cohort: Cohort, rival: str | None, model: str | None) -> int:
        """Return where a rival ranks before a model, even if another model ranks before both; None means no model."""
        run = self._ahead.get((rival, model))
        if run is None:
            gate = self.program.policy.ahead(rival, model)
            run = self._ahead[rival, model] = Runner(self.program, {None: gate})
        return run(cohort)[None]


_CONTESTED = ""
"""The key, among the models, of the contested decisions: no model has an empty name."""


def _prepare(program: Program) -> Runner[str | None]:
    policy = program.policy
    return Runner(program, {**policy.recommended, None: policy.undetermined, _CONTESTED: policy.contested})


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
    """Return a fact that has the same value in some organisations and is unknown in the others."""
    if vocabulary[name].kind is Kind.SET:
        assert isinstance(value, tuple)
        return SetColumn(columns, dict.fromkeys(value, columns))
    return {value: columns}


def restrict(column: Column, columns: int) -> Column:
    """Return a fact that is known in some organisations only."""
    if isinstance(column, SetColumn):
        return SetColumn(column.known & columns, {name: held & columns for name, held in column.elements.items()})
    return {value: held & columns for value, held in column.items()}


def first_of(columns: int) -> int:
    """Return the lowest of some columns."""
    return (columns & -columns).bit_length() - 1
