"""The effect of a change of the rule base: regions of organisations whose result differs, or proof that none does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

from cxrules.language.facts import Facts, Vocabulary
from cxrules.language.rules import Effect
from cxrules.policy.decision import Decision, Status
from cxrules.rulebase import RuleBase, check_rulebase
from cxrules.verification.checks.redundant import result_differs
from cxrules.verification.circuit import Bit, Circuit, Possibility
from cxrules.verification.prover import Angle, Prover, Query, QueryResult, Unconfirmed, View, Witness, judge_of
from cxrules.verification.solver import EFFORT
from cxrules.verification.space import Regions, label_value
from cxrules.verification.witness_regions import WitnessRegion, generalise

__all__ = ["ChangedRegion", "Difference", "Result", "diff", "find_difference"]

_ON_CHOICE = (Effect.SUPPORTS, Effect.OPPOSES, Effect.PREFERS)


@dataclass(frozen=True, order=True)
class Result:
    """The result of a rule base for an organisation, in short."""

    model: str
    status: str

    def __str__(self) -> str:
        return self.status if not self.model else f"{self.model} ({self.status})"


@dataclass(frozen=True)
class ChangedRegion:
    """A region of organisations with the same change.

    Attributes:
        before: Their result under the old rule base.
        after: Their result under the new one.
        region: Which organisations; regions may overlap.
        says: The region in words, by fact.
        witness: A smallest organisation with this change, confirmed by both engines. It lies in this region or in
            another with the same change.
    """

    before: Result
    after: Result
    region: WitnessRegion
    says: Mapping[str, str]
    witness: Witness


@dataclass(frozen=True)
class Difference:
    """The effect of a change of the rule base.

    Attributes:
        changes: The regions, in the order in which they were found.
        complete: Whether it is proved that no other organisation differs.
        vocabulary: The facts by which organisations are described.
        regions: How percentages are cut.
    """

    changes: tuple[ChangedRegion, ...]
    complete: bool
    vocabulary: Vocabulary
    regions: Regions

    @property
    def same(self) -> bool:
        """Whether it is proved that every organisation gets the same model and status."""
        return self.complete and not self.changes

    def find(self, known: Facts) -> ChangedRegion | None:
        """Return the change of an organisation; None if it lies in no region."""
        labels = {
            name: label_value(self.vocabulary[name], value, self.regions)
            for name, value in known.items()
            if name in self.vocabulary.facts
        }
        return next((change for change in self.changes if change.region.contains(labels)), None)


def diff(
    old: RuleBase,
    new: RuleBase,
    *,
    most: int | None = 20,
    effort: int = EFFORT,
    within: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> Difference:
    """Find every organisation whose model or status differs between two rule bases.

    Organisations are described by the facts of both, as far as both give a fact the same values, and are coherent for
    both.

    Args:
        most: The number of regions after which to stop; None for all of them.
        effort: The most work, in the solver's resource units, that one question may take.
        within: The seconds for everything; None for no limit. After that, the difference is incomplete.
        progress: Called with the number of regions found so far.

    Raises:
        InvalidKnowledge: If the parts of a rule base do not fit together.
        ValueError: If a fact has different kinds in the two rule bases.
        Unconfirmed: If an engine does not confirm what the solver found.

    Examples:
        >>> base = RuleBase.builtin()
        >>> diff(base, base).same
        True
    """
    check_rulebase(old)
    check_rulebase(new)
    prover = Prover(new, effort=effort, deadline=None if within is None else monotonic() + within, beside=old)
    circuit = prover.circuit
    angles = (prover.angle, Angle(judge_of(old)))
    views = [prover.view(angle) for angle in angles]
    differs = result_differs(circuit, *views)
    found: list[ChangedRegion] = []
    seen: list[Bit] = []
    witnesses: dict[tuple[Result, Result], Witness] = {}
    while True:
        if progress:
            progress(len(found))
        possible = prover.ask([differs, *seen])
        if possible is not Possibility.POSSIBLE or (most is not None and len(found) >= most):
            return Difference(
                tuple(found), possible is Possibility.IMPOSSIBLE, prover.space.vocabulary, prover.space.regions
            )
        known = prover.space.read()
        after, before = (_result(angle.judge.decide(known)) for angle in angles)

        happens = _happens(circuit, before, after)
        if before == after or not prover.confirm(happens, angles, known, {}):
            raise Unconfirmed.of(known, {})
        region, inside = generalise(prover, known, [circuit.negate(happens(*views))])
        seen.append(circuit.negate(inside))
        if (before, after) not in witnesses:
            answer = prover.smallest(happens, *angles)
            witnesses[before, after] = answer.witness or prover.reduce(happens, angles, known)
        says = region.describe(prover.space.vocabulary.facts, prover.space.regions)
        found.append(ChangedRegion(before, after, region, says, witnesses[before, after]))


def find_difference(old: RuleBase, new: RuleBase, *, effort: int = EFFORT) -> QueryResult:
    """Find an organisation about which two rule bases say anything different, apart from the rules they quote.

    Model, status, points, exclusions, requirements, preferences, findings, accompaniments, patterns, actions and
    warnings are compared. Both rule bases must have the same models and facts.

    Args:
        effort: How much work, in the solver's resource units, one question may take.

    Returns:
        Possible with an organisation, impossible as the proof that there is none, or undecided.
    """
    prover = Prover(new, effort=effort, beside=old)
    angles = (prover.angle, Angle(judge_of(old)))
    views = [prover.view(angle) for angle in angles]
    verdict = Possibility.IMPOSSIBLE
    # Part by part, because a difference in points is found immediately, while one in the model may be hard to exclude.
    for question in _list_differences(prover.circuit, old, new):
        possible = prover.ask([question(*views)])
        if possible is Possibility.POSSIBLE:
            return prover.smallest(question, *angles)
        if possible is Possibility.UNDECIDED:
            verdict = possible
    return QueryResult(verdict)


def _list_differences(circuit: Circuit, old: RuleBase, new: RuleBase) -> Iterator[Query]:
    """Return questions, at least one of which has the answer yes if two rule bases differ at all."""
    effects = sorted(
        {
            (entry.effect, entry.target)
            for base in (old, new)
            for rule in base.rules.values()
            for entry in rule.then
            if entry.effect not in _ON_CHOICE
        }
    )
    yield lambda one, other: circuit.any_of(
        circuit.differ(one.concluded(*effect), other.concluded(*effect)) for effect in effects
    )
    if old.serves != new.serves:
        yield lambda one, other: circuit.any_of(
            circuit.differ(one.advised(action), other.advised(action)) for action in old.serves.keys() | new.serves
        )
    for model in new.models:
        yield _stands_otherwise(circuit, model)
    yield lambda one, other: circuit.any_of(
        circuit.differ(one.running[model], other.running[model]) for model in new.models
    )
    if (old.policy, list(old.models)) != (new.policy, list(new.models)):
        yield lambda one, other: result_differs(circuit, one, other)


def _stands_otherwise(circuit: Circuit, model: str) -> Query:
    return lambda one, other: circuit.any_of(
        [
            circuit.negate(circuit.same_number(one.points[model], other.points[model])),
            circuit.differ(one.enough[model], other.enough[model]),
            circuit.differ(one.entitled[model], other.entitled[model]),
        ]
    )


def _happens(circuit: Circuit, before: Result, after: Result) -> Query:
    return lambda new, old: circuit.all_of([_has(circuit, new, after), _has(circuit, old, before)])


def _result(decision: Decision) -> Result:
    return Result(decision.model or "", str(decision.status))


def _has(circuit: Circuit, view: View, result: Result) -> Bit:
    if not result.model:
        return view.undetermined
    contested = view.contested if result.status == Status.CONTESTED else circuit.negate(view.contested)
    return circuit.all_of([view.recommended[result.model], contested])
