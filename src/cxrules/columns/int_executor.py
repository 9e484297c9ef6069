"""Programs run on Python ints: each bit of an int is an organisation. This needs no other package.

    program = Program(judge.decider)  # compiled once
    run = Runner(program, {rule: program.fired[rule] for rule in rules})  # only what these rules need will run
    run(cohort)  # for each rule the columns in which it fires

Any gates of the program can be run: `program.policy` has those of the policy (`recommended`, `candidate`,
`contested`, …). `cxrules.columns.cohort.CohortJudge` runs the gates of the decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from cxrules.columns.bits.gates import Gate, Operation
from cxrules.columns.bits.translation import Translated, translate
from cxrules.columns.program import Element, Program, Silence
from cxrules.language.facts import FactValue

__all__ = ["Cohort", "Column", "Runner", "SetColumn"]

_Key = TypeVar("_Key")
_NOBODY: Mapping[str, int] = MappingProxyType({})
OFTEN = 64
"""Runs after which a program is translated: translation takes as long as it saves in this many runs."""
_LONG = 50_000
"""Programs with more instructions are not translated: Python needs a kilobyte for each while it compiles."""


class SetColumn(NamedTuple):
    """A fact that is a set: where it is known, and which organisations have each element."""

    known: int
    elements: Mapping[str, int]


Column: TypeAlias = Mapping[FactValue, int] | SetColumn
"""One fact in every organisation: which organisations have each value; in the others the fact is unknown."""


class Cohort(NamedTuple):
    """Organisations side by side.

    Attributes:
        everything: All of them: one low bit for each organisation.
        columns: For each fact that is known in some of them, which organisations have which value.
    """

    everything: int
    columns: Mapping[str, Column]


class Runner(Generic[_Key]):
    """Gates of a program, ready to run on ints.

    Attributes:
        facts: The facts that the gates read, in the order of the vocabulary.
    """

    def __init__(self, program: Program, gates: Mapping[_Key, Gate]) -> None:
        self._program = program
        self._keys = tuple(gates)
        self._schedule = program.gates.schedule(gates.values())
        self._translated: Translated | None = None
        self._runs = 0
        vocabulary = program.rulebase.vocabulary
        self._silences: list[tuple[int, str]] = []
        # For each fact the inputs that hold in each of its cases.
        self._cases: dict[str, dict[int, list[int]]] = {}
        self._elements: dict[str, list[tuple[int, str]]] = {}
        for number in self._schedule.inputs:
            what = program.inputs[number]
            if isinstance(what, Silence):
                self._silences.append((number, what.rule))
            elif isinstance(what, Element):
                self._elements.setdefault(what.fact, []).append((number, what.element))
            else:
                held = self._cases.setdefault(what.fact, {})
                for case in range(what.first, what.last + 1):
                    held.setdefault(case, []).append(number)
        self.facts = tuple([name for name in vocabulary.facts if name in self._cases or name in self._elements])

    def __call__(self, cohort: Cohort, silenced: Mapping[str, int] = _NOBODY) -> dict[_Key, int]:
        """Return for each gate the organisations of a cohort in which it is true.

        The rules in `silenced` do not fire in the given columns, whatever the facts are there; the program must have
        been compiled for this (`Program(decider, silent=True)`).
        """
        return dict(zip(self._keys, self._run(self._read(cohort, silenced), cohort.everything), strict=True))

    def _read(self, cohort: Cohort, silenced: Mapping[str, int] = _NOBODY) -> list[int]:
        read = [0] * len(self._program.inputs)
        columns = cohort.columns
        for name, elements in self._elements.items():
            column = columns.get(name)
            if column is not None:
                assert isinstance(column, SetColumn)
                for number, element in elements:
                    read[number] = column.known & column.elements.get(element, 0) if element else column.known
        case_of = self._program.case_of
        for name, held in self._cases.items():
            column = columns.get(name)
            if column is not None:
                assert not isinstance(column, SetColumn)
                for value, where in column.items():
                    for number in held.get(case_of(name, value), ()):
                        before = read[number]
                        read[number] = before | where if before else where
        for number, rule in self._silences:
            read[number] = silenced.get(rule, 0)
        return read

    def _run(self, read: list[int], everything: int) -> Sequence[int]:
        if self._translated is None:
            self._runs += 1
            if self._runs < OFTEN or len(self._schedule.steps) > _LONG:
                return self._step(read, everything)
            self._translated = translate(self._schedule)
        return self._translated(read, everything)

    def _step(self, read: list[int], everything: int) -> Sequence[int]:
        conjoin, disjoin, exclude, negate = Operation.AND, Operation.OR, Operation.XOR, Operation.NOT
        registers = [0] * self._schedule.size
        registers[1] = everything
        for operation, target, one, other in self._schedule.steps:
            if operation is conjoin:
                registers[target] = registers[one] & registers[other]
            elif operation is disjoin:
                registers[target] = registers[one] | registers[other]
            elif operation is exclude:
                registers[target] = registers[one] ^ registers[other]
            elif operation is negate:
                registers[target] = registers[one] ^ everything
            else:
                registers[target] = read[one]
        return [registers[place] for place in self._schedule.outputs]
