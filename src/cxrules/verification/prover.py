"""Puts questions to the solver about every organisation, and to the engine about each witness."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from cxrules.engines.bitmap import BitmapEngine
from cxrules.language.facts import Facts, FactValue, Kind, Vocabulary
from cxrules.language.rules import Condition
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase
from cxrules.verification.circuit import Bit, Circuit, Possibility
from cxrules.verification.circuit_view import CircuitView
from cxrules.verification.engine_view import EngineView
from cxrules.verification.solver import EFFORT
from cxrules.verification.space import Space, find_regions
from cxrules.verification.trials import Trials

__all__ = ["Angle", "Hint", "Prover", "Query", "QueryResult", "Unconfirmed", "View", "Witness", "judge_of"]

View: TypeAlias = CircuitView | EngineView
"""The views that can be queried: both have the same attributes, one as bits, the other as truth values."""

Query: TypeAlias = Callable[..., Bit]
"""A question, as a function of one view for each angle."""

Hint: TypeAlias = Callable[[], tuple[Facts, Facts] | None]
"""A candidate organisation, with the facts that differ in it; computed when needed."""

_GALLERY = 60  # the number of organisations kept to be tried first

_EFFORT_FOR_LEAST = 4_000_000  # the effort to show that no smaller witness exists


class Unconfirmed(RuntimeError):
    """The engine does not confirm what the solver found: one of the two misreads the rule base."""

    @classmethod
    def of(cls, known: Facts, varied: Facts) -> Unconfirmed:
        """Return the error about an organisation, and about the facts that a question would have changed."""
        told = f" (changed to {dict(varied)})" if varied else ""
        return cls(
            f"solver and engine disagree about the organisation {dict(known)}{told}: one of them is wrong, "
            "so nothing is proved; please report this with the rule base"
        )


@dataclass(frozen=True)
class Angle:
    """A way to look at an organisation: the judge, and the facts that differ.

    Attributes:
        judge: The judge that decides.
        forget: Facts that count as unknown.
        vary: A fact that may differ, or None.
        fix: Facts with a given value.
    """

    judge: Judge
    forget: frozenset[str] = frozenset()
    vary: str | None = None
    fix: Mapping[str, FactValue] = field(default_factory=dict)

    def apply(self, space: Space) -> Space:
        """Return the organisations seen from here."""
        if self.forget:
            space = space.forget(self.forget)
        if self.vary:
            space = space.vary([self.vary])
        for name, value in self.fix.items():
            space = space.fix(name, value)
        return space


@dataclass(frozen=True)
class Witness:
    """An organisation that shows something, confirmed by the engine.

    Attributes:
        known: Its facts, in the order of the vocabulary.
        least: Whether it is proved that none with fewer facts shows it; if not, no single fact of it can be left out.
        changed: For a question about a change, the facts that differ afterwards; None means unknown.
    """

    known: Facts
    least: bool = True
    changed: Mapping[str, FactValue | None] = field(default_factory=dict)


@dataclass(frozen=True)
class QueryResult:
    """The answer to a query.

    Attributes:
        possible: Whether some organisation satisfies the query.
        witness: One that does.
    """

    possible: Possibility
    witness: Witness | None = None


class Prover:
    """A rule base prepared for queries.

    Attributes:
        rulebase: The rule base.
        judge: The engine and policy that confirm.
        circuit: Gates and solver.
        space: Every organisation.
        outcome: The conclusions of the rule base about them.
        trials: Organisations drawn at random, which are tried before the solver is asked.
        effort: The most work, in the solver's resource units, that one question may take.
    """

    def __init__(
        self,
        rulebase: RuleBase,
        *,
        effort: int = EFFORT,
        deadline: float | None = None,
        conditions: Iterable[tuple[Condition, ...]] = (),
        beside: RuleBase | None = None,
        trials: Trials | None = None,
    ) -> None:
        """Spread out.

        A rule base `beside` looks at the same organisations. They are described by the facts of both, as far as both
        have a fact with the same values, and are coherent for both. `conditions` are further conjunctions that will be
        asked about; `trials` are those of a prover made with the same rule base and conditions. The effort is in the
        solver's resource units, for one question; after the deadline, by `time.monotonic`, every question is left
        undecided.
        """
        self.rulebase = rulebase
        self.bases = (rulebase,) if beside is None else (rulebase, beside)
        self.effort = effort
        self.judge = judge_of(rulebase)
        self.angle = Angle(self.judge)
        self.circuit = Circuit()
        self.circuit.solver.deadline = deadline
        conjunctions = [rule.when for base in self.bases for rule in base.rules.values()]
        conjunctions += [item.when for base in self.bases for item in base.impossible]
        vocabulary = rulebase.vocabulary if beside is None else _merge(rulebase.vocabulary, beside.vocabulary)
        regions = find_regions(vocabulary, [*conjunctions, *conditions])
        self.space = Space.open(self.circuit, vocabulary, regions)
        self.outcome = CircuitView(self.space, self.judge.decider)
        self.outcome.complete()
        self.coherent = self._coherent(self.space)
        self.trials = trials or Trials(self.space, self.judge.decider)
        self._gallery: list[Facts] = []
        self._last: list[tuple[Facts, EngineView | None]] = []

    @property
    def late(self) -> bool:
        """Whether the time limit has passed, so that every further question is left undecided."""
        return self.circuit.solver.late

    def ask(self, bits: Iterable[Bit], effort: int | None = None) -> Possibility:
        """Ask whether all of these are true of some coherent organisation."""
        return self.circuit.ask([self.coherent, *bits], self.effort if effort is None else effort)

    def _coherent(self, space: Space) -> Bit:
        return self.circuit.all_of(space.coherent(base) for base in self.bases)

    def view(self, angle: Angle) -> CircuitView:
        """Look at every organisation from an angle."""
        if angle == self.angle:
            return self.outcome
        return CircuitView(angle.apply(self.space), angle.judge.decider)

    def exists(self, question: Query, *angles: Angle, hint: Hint | None = None) -> QueryResult:
        """Find an organisation of any size that satisfies a query, confirmed by the engine.

        Without angles the question is asked of the rule base itself. The organisation of a hint is tried before the
        solver is asked.

        Raises:
            Unconfirmed: If engine and solver disagree.
        """
        angles = angles or (self.angle,)
        if (hinted := self._take(hint, question, angles)) is not None:
            self._keep(hinted[0])
            return QueryResult(Possibility.POSSIBLE, self._witness(*hinted, angles, least=False))
        if not any(angle.vary for angle in angles):
            # Most things that are possible are true of one of a few organisations.
            for known in reversed(self._gallery):
                if self.confirm(question, angles, known, {}):
                    return QueryResult(Possibility.POSSIBLE, self._witness(known, {}, angles, least=False))
        return self._seek(question, angles, shrink=False)

    def _take(self, hint: Hint | None, question: Query, angles: tuple[Angle, ...]) -> tuple[Facts, Facts] | None:
        """Return what a hint comes to, if the engine confirms it."""
        hinted = hint() if hint and not self.late else None
        return hinted if hinted and self.confirm(question, angles, *hinted) else None

    def fires(self, rule: str) -> Possibility:
        """Ask whether a rule ever fires."""
        return self.exists(lambda view: view.fired[rule], hint=lambda: self.trials.firing(rule)).possible

    def _keep(self, known: Facts) -> None:
        self._gallery = [*self._gallery[-_GALLERY:], known]

    def smallest(self, question: Query, *angles: Angle, hint: Hint | None = None) -> QueryResult:
        """Find a smallest organisation that satisfies a query, confirmed by the engine.

        Without angles the question is asked of the rule base itself. The search begins with the organisation of a hint.

        Raises:
            Unconfirmed: If engine and solver disagree.
        """
        return self._seek(question, angles or (self.angle,), shrink=True, hint=hint)

    def conflict(self, parts: Mapping[str, Query], *angles: Angle) -> tuple[tuple[str, ...], Witness | None]:
        """Explain why no organisation satisfies several parts at once.

        Without angles the parts are those of the rule base itself.

        Returns:
            The names of a smallest conflict among them, with the impossible conjunctions that take part, and a smallest
            organisation that fails only one part, or as few as possible. No witness if that was left undecided.
        """
        angles = angles or (self.angle,)
        with self.circuit.scope():
            views = [self.view(angle) for angle in angles]
            bits = {name: question(*views) for name, question in parts.items()}
            spaces = (self.space, *(view.space for view in views))
            for item in self.rulebase.impossible:  # as the organisation is, and as it is seen from each angle
                met = [self.circuit.all_of(space.test(test) for test in item.when) for space in spaces]
                bits[f"impossible: {item.id}"] = self.circuit.all_of(map(self.circuit.negate, met))
            core = [name for name, bit in bits.items() if bit is False][:1] or self._minimise(bits)
            names = [name for name in parts if name not in core] + [name for name in core if name in parts]
            kept = self._satisfiable(bits, names, [self._coherent(space) for space in spaces])
        lost = [name for name in parts if name not in kept]

        def near(*views: View) -> Bit:
            got = [parts[name](*views) for name in kept]
            return self.circuit.all_of([*got, *(self.circuit.negate(parts[name](*views)) for name in lost)])

        return tuple(core), self.smallest(near, *angles).witness

    def _minimise(self, bits: Mapping[str, Bit]) -> list[str]:
        if self.circuit.ask(bits.values(), self.effort) is not Possibility.IMPOSSIBLE:
            return []
        core = [name for name, bit in bits.items() if self.circuit.core([bit])]
        for name in list(core):
            rest = [other for other in core if other != name]
            if self.circuit.ask([bits[other] for other in rest], self.effort) is Possibility.IMPOSSIBLE:
                core = rest
        return core

    def _satisfiable(self, bits: Mapping[str, Bit], names: list[str], always: list[Bit]) -> list[str]:
        kept: list[str] = []
        for name in names:
            if self.ask([*always, *(bits[other] for other in (*kept, name))]) is Possibility.POSSIBLE:
                kept.append(name)
        return kept

    def confirm(self, question: Query, angles: Iterable[Angle], known: Facts, varied: Facts) -> bool:
        """Ask the engine whether an organisation satisfies a query, and is coherent from every angle."""
        readings = []
        for angle in angles:
            reading = self._read_known(angle, known, varied)
            if reading is None:
                return False
            readings.append(reading)
        return question(*readings) is True

    def _read_known(self, angle: Angle, known: Facts, varied: Facts) -> EngineView | None:
        """Return the engine's view from an angle, or None if the organisation is impossible."""
        if angle == self.angle:
            for kept, reading in self._last:
                if kept is known:
                    return reading
        seen = {name: value for name, value in known.items() if name not in angle.forget and name != angle.vary}
        if angle.vary in varied:
            seen[angle.vary] = varied[angle.vary]  # type: ignore[index] # it is in a mapping of names
        seen.update(angle.fix)
        impossible = any(base.incoherences(seen) for base in self.bases)
        reading = None if impossible else EngineView(angle.judge, seen, self.space.regions)
        if angle == self.angle:
            self._last = [*self._last[-_GALLERY:], (known, reading)]
        return reading

    def _seek(
        self, question: Query, angles: tuple[Angle, ...], *, shrink: bool, hint: Hint | None = None
    ) -> QueryResult:
        if self.late:
            return QueryResult(Possibility.UNDECIDED)
        hinted = self._take(hint, question, angles)
        # Gates for other angles would burden every later question.
        with self.circuit.scope() if angles != (self.angle,) else nullcontext():
            views = [self.view(angle) for angle in angles]
            asked = [question(*views), *(self._coherent(view.space) for view in views)]
            if self.coherent is False or any(bit is False for bit in asked):
                return QueryResult(Possibility.IMPOSSIBLE)
            if hinted:
                known, varied = dict(hinted[0]), dict(hinted[1])
            else:
                verdict = self.ask(asked)
                if verdict is not Possibility.POSSIBLE:
                    return QueryResult(verdict)
                known, varied = self._read(angles, views)
                if not self.confirm(question, angles, known, varied):
                    raise Unconfirmed.of(known, varied)
            if not shrink:
                self._keep(known)
                return QueryResult(Possibility.POSSIBLE, self._witness(known, varied, angles, least=False))
            known = self._shrink(question, angles, known, varied)
            least = False
            while not least:
                fewer = self.circuit.at_most_true(self.space.count(), len(known) - 1)
                verdict = self.ask([*asked, fewer], min(self.effort, _EFFORT_FOR_LEAST))
                if verdict is Possibility.UNDECIDED:
                    break
                least = verdict is Possibility.IMPOSSIBLE
                if not least:
                    known, varied = self._read(angles, views)
                    known = self._shrink(question, angles, known, varied)
            return QueryResult(Possibility.POSSIBLE, self._witness(known, varied, angles, least=least))

    def reduce(self, question: Query, angles: tuple[Angle, ...], known: Facts) -> Witness:
        """Return an organisation as a witness, without the facts that the engine does not need."""
        return self._witness(self._shrink(question, angles, dict(known), {}), {}, angles, least=False)

    def _read(
        self, angles: tuple[Angle, ...], views: list[CircuitView]
    ) -> tuple[dict[str, FactValue], dict[str, FactValue]]:
        varied = {}
        for angle, view in zip(angles, views, strict=True):
            if angle.vary:
                read = view.space.read()
                varied.update({name: read[name] for name in (angle.vary,) if name in read})
        return self.space.read(), varied

    def _shrink(
        self, question: Query, angles: tuple[Angle, ...], known: dict[str, FactValue], varied: Facts
    ) -> dict[str, FactValue]:
        """Leave out facts, then elements of sets, as long as the engine still confirms."""
        for name in list(known):
            fewer = {other: value for other, value in known.items() if other != name}
            if self.confirm(question, angles, fewer, varied):
                known = fewer
        for name, value in list(known.items()):
            if self.space.vocabulary[name].kind is Kind.SET:
                assert isinstance(value, tuple)
                for element in value:
                    given = known[name]
                    assert isinstance(given, tuple)
                    fewer = {**known, name: tuple(other for other in given if other != element)}
                    if self.confirm(question, angles, fewer, varied):
                        known = fewer
        return known

    def _witness(self, known: Facts, varied: Facts, angles: tuple[Angle, ...], *, least: bool) -> Witness:
        changed: dict[str, FactValue | None] = dict(varied)
        known = {**known, **angles[0].fix}
        if len(angles) > 1:
            changed |= {name: None for name in sorted(angles[-1].forget) if name in known}
            changed |= angles[-1].fix
        order = [name for name in self.space.vocabulary.facts if name in known]
        return Witness({name: known[name] for name in order}, least, changed)


def _merge(one: Vocabulary, other: Vocabulary) -> Vocabulary:
    """Return the facts of both, with the values that both know, in the order of the first.

    Raises:
        ValueError: If a fact is of another kind in the second.
    """
    facts = dict(one.facts)
    for name, fact in other.facts.items():
        mine = facts.get(name)
        if mine is None:
            facts[name] = fact
        elif mine.kind is not fact.kind:
            raise ValueError(f"{name!r} has the kind {mine.kind} in one rule base and {fact.kind} in the other")
        else:
            facts[name] = replace(mine, values=tuple(value for value in mine.values if value.name in fact.names))
    return Vocabulary(facts)


def judge_of(rulebase: RuleBase) -> Judge:
    """Return the engine and policy of a rule base."""
    return Judge(BitmapEngine(rulebase))
