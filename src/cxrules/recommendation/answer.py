"""The answer: a decision together with the questions one can ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from cxrules.errors import MissingRuleBase
from cxrules.language.facts import FactValue
from cxrules.language.ids import sorted_ids
from cxrules.language.rules import Effect
from cxrules.policy import standings as ranking
from cxrules.policy.decision import Decision, Reason, Status
from cxrules.policy.judge import Judge
from cxrules.policy.standings import RankedModel, Voice
from cxrules.recommendation.at_hand import find_judge, judge_for
from cxrules.recommendation.inquiry import Inquiry
from cxrules.rulebase import RuleBase

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["Advice", "Recommendation"]

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Advice:
    """An action to take or a warning to heed.

    Attributes:
        id: Its name in the rule base; for a warning about impossible input, that of the conjunction.
        text: What it says, as a sentence.
        claims: The claims behind the rules that conclude it.
    """

    id: str
    text: str
    claims: tuple[str, ...]


class Recommendation(Inquiry):
    """Who should own Customer Experience in one organisation, and everything that led there.

    It is frozen, hashable, picklable and JSON-ready. Nothing is computed before it is read. A pickled copy carries its
    data but not the rule base: its data stays readable, and its questions work once the rule base of its revision is
    available.

    Examples:
        >>> import cxrules
        >>> advice = cxrules.recommend(ceo_involvement="champion", transformation_goal=True, silos="severe")
        >>> advice.model
        <OwnershipModel.ceo_with_cco: 'ceo_with_cco'>
        >>> advice.status
        <Status.RECOMMENDED: 'recommended'>
    """

    __slots__ = ("_data", "_decision", "_judge")

    _data: Mapping[str, Any] | None
    _decision: Decision | None
    _judge: Judge | None

    def __init__(self, judge: Judge, decision: Decision) -> None:
        object.__setattr__(self, "_judge", judge)
        object.__setattr__(self, "_decision", decision)
        object.__setattr__(self, "_data", None)

    # -- the outcome ---------------------------------------------------------------------------------------------------

    @property
    def model(self) -> str | None:
        """The recommended model, a str enum, or None when undetermined."""
        model = self._decision.model if self._decision else self._stored["model"]
        return None if model is None else _enumerate(model)

    @property
    def status(self) -> Status:
        """`recommended`, `contested` or `undetermined`."""
        return self._decision.status if self._decision else Status(self._stored["status"])

    @property
    def reason(self) -> Reason | None:
        """Why it is undetermined: `nothing_known`, `too_little` or `all_excluded`; None when it is not."""
        if self._decision:
            return self._decision.reason
        reason = self._stored["reason"]
        return None if reason is None else Reason(reason)

    @property
    def certainty(self) -> float:
        """How certain the evidence makes the model, 0.0 to 1.0."""
        return self._decision.certainty if self._decision else float(self._stored["certainty"])

    # -- what led there ------------------------------------------------------------------------------------------------

    @property
    def facts(self) -> Mapping[str, FactValue]:
        """The facts it rests on, in the order of the vocabulary."""
        if self._decision is None:
            stored = self._stored["facts"]
            return {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
        known = self._decision.known
        return {name: known[name] for name in self.rulebase.vocabulary.facts if name in known}

    @property
    def ranking(self) -> tuple[RankedModel, ...]:
        """Every model, best first."""
        if self._decision is None:
            return tuple(_revive(RankedModel, row) for row in self._stored["ranking"])
        return ranking.rank(self.judge.decider, self._decision.fired)

    @property
    def voices(self) -> dict[str, Voice]:
        """For each article the model it favours, and its points on that and on the winner."""
        if self._decision is None:
            return {source: _revive(Voice, voice) for source, voice in self._stored["voices"].items()}
        return ranking.voices(self.judge.decider, self._decision)

    @property
    def fired(self) -> tuple[str, ...]:
        """The rules that fired, in id order."""
        return self._read("fired", lambda judge, decision: judge.decider.names(decision.fired))

    @property
    def findings(self) -> tuple[str, ...]:
        """The findings established, in id order."""
        return self._read("findings", lambda judge, decision: judge.decider.findings(decision.fired))

    @property
    def accompaniments(self) -> tuple[str, ...]:
        """What should accompany the model, in id order."""
        return self._read("accompaniments", lambda judge, decision: _targets(judge, decision, Effect.ACCOMPANIES))

    @property
    def patterns(self) -> tuple[str, ...]:
        """The anti-patterns recognised, in id order."""
        return self._read("patterns", lambda judge, decision: _targets(judge, decision, Effect.RECOGNISES))

    @property
    def actions(self) -> tuple[Advice, ...]:
        """What to do, each with id, text and claims."""
        if self._decision is None:
            return tuple(_revive(Advice, row) for row in self._stored["actions"])
        return _advise(self.judge, self._decision, Effect.ACTION, self.rulebase.actions)

    @property
    def warnings(self) -> tuple[Advice, ...]:
        """What to beware of, each with id, text and claims; first the impossible conjunctions in the input."""
        if self._decision is None:
            return tuple(_revive(Advice, row) for row in self._stored["warnings"])
        impossible = self.rulebase.incoherences(self._decision.known)
        found = tuple(Advice(conjunction.id, conjunction.reason, ()) for conjunction in impossible)
        return found + _advise(self.judge, self._decision, Effect.WARNING, self.rulebase.warnings)

    @property
    def cites(self) -> tuple[str, ...]:
        """The claims behind every rule that fired."""
        rules = self.rulebase.rules if self._decision else {}
        return self._read("cites", lambda *_: sorted_ids(claim for rule in self.fired for claim in rules[rule].because))

    @property
    def support(self) -> tuple[str, ...]:
        """The claims behind the evidence for the winner, with those behind the findings it rests on."""
        return self._read("support", lambda judge, decision: ranking.support(judge.decider, decision))

    @property
    def dissent(self) -> tuple[str, ...]:
        """The claims that disagree with the recommendation."""
        return self._read("dissent", lambda judge, decision: ranking.dissent(judge.decider, decision))

    # -- where it comes from -------------------------------------------------------------------------------------------

    @property
    def revision(self) -> str:
        """The revision of the rule base that gave it."""
        return self._judge.rulebase.revision if self._judge else str(self._stored["rulebase"]["revision"])

    @property
    def engine(self) -> str:
        """The name of the engine that matched the rules."""
        return self._judge.engine.name if self._judge else str(self._stored["engine"])

    @property
    def rulebase(self) -> RuleBase:
        """The rule base that gave it.

        Raises:
            MissingRuleBase: If this is a copy and the rule base of its revision is not available.
        """
        return self.judge.rulebase

    @property
    def judge(self) -> Judge:
        """The engine and policy that gave it; they answer every further question.

        Raises:
            MissingRuleBase: If this is a copy and the rule base of its revision is not available.
        """
        return self._judge or find_judge(self.revision, str(self._stored["rulebase"]["name"]))

    @property
    def decision(self) -> Decision:
        """The decision as plain data, which every further question starts from.

        Raises:
            MissingRuleBase: If this is a copy and the rule base of its revision is not available.
        """
        if self._decision is not None:
            return self._decision
        return self.judge.decide(self.facts)

    def attach(self, rulebase: RuleBase) -> Recommendation:
        """Return the same recommendation with its rule base attached.

        Raises:
            MissingRuleBase: If the rule base is of another revision.
        """
        if rulebase.revision != self.revision:
            raise MissingRuleBase(self.revision)
        judge = judge_for(rulebase)
        return Recommendation(judge, judge.decide(self.facts))

    # -- the answer as data --------------------------------------------------------------------------------------------

    def model_dump(self) -> dict[str, Any]:
        """Return everything in the answer as data that JSON can hold."""
        if self._decision is None:
            return _unshare(self._stored)
        return {
            "model": None if self.model is None else str(self.model),
            "status": str(self.status),
            "reason": None if self.reason is None else str(self.reason),
            "certainty": self.certainty,
            "ranking": [_row(row) for row in self.ranking],
            "voices": {source: _row(voice) for source, voice in self.voices.items()},
            "fired": list(self.fired),
            "findings": list(self.findings),
            "accompaniments": list(self.accompaniments),
            "patterns": list(self.patterns),
            "actions": [_row(action) for action in self.actions],
            "warnings": [_row(warning) for warning in self.warnings],
            "cites": list(self.cites),
            "support": list(self.support),
            "dissent": list(self.dissent),
            "facts": _listed(dict(self.facts)),
            "engine": self.engine,
            "rulebase": {"name": self.rulebase.name, "revision": self.revision},
        }

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """Return everything in the answer as JSON.

        Args:
            indent: Spaces for each level; None for one line.
        """
        import json

        return json.dumps(self.model_dump(), ensure_ascii=False, indent=indent)

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        """Return the JSON Schema of `model_dump()`."""
        from cxrules.recommendation.schema import RecommendationData

        return RecommendationData.model_json_schema()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        from cxrules.recommendation.schema import make_core_schema

        return make_core_schema(cls, restore, handler)

    # -- manners of a value --------------------------------------------------------------------------------------------

    @property
    def _stored(self) -> Mapping[str, Any]:
        assert self._data is not None
        return self._data

    def _read(self, name: str, compute: Callable[[Judge, Decision], Iterable[str]]) -> tuple[str, ...]:
        if self._decision is None:
            return tuple(self._stored[name])
        assert self._judge is not None
        return tuple(compute(self._judge, self._decision))

    @classmethod
    def _present(cls, judge: Judge, decision: Decision) -> Recommendation:
        return Recommendation(judge, decision)

    @property
    def _identity(self) -> tuple[Any, ...]:
        return (self.revision, tuple(self.facts.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recommendation) and self._identity == other._identity and self.fired == other.fired

    def __hash__(self) -> int:
        return hash(self._identity)

    def __repr__(self) -> str:
        outcome = self.model.value if self.model is not None and hasattr(self.model, "value") else self.model
        return f"Recommendation(model={outcome!r}, status={str(self.status)!r}, certainty={self.certainty:.2f})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a recommendation is frozen: {name!r} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a recommendation is frozen: {name!r} cannot be deleted")

    def __copy__(self) -> Recommendation:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Recommendation:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (restore, (self.model_dump(),))


def restore(data: dict[str, Any]) -> Recommendation:
    """Return the recommendation whose `model_dump()` this is, as a copy without its rule base.

    Args:
        data: What `model_dump()` gave. It is not checked.
    """
    copy = Recommendation.__new__(Recommendation)
    object.__setattr__(copy, "_data", MappingProxyType(data))
    object.__setattr__(copy, "_decision", None)
    object.__setattr__(copy, "_judge", None)
    return copy


def _enumerate(model: str) -> str:
    from cxrules.builtin.models import OwnershipModel

    return OwnershipModel.__members__.get(model, model)


def _targets(judge: Judge, decision: Decision, effect: Effect) -> tuple[str, ...]:
    rules = judge.rulebase.rules
    return sorted_ids(target for rule in judge.decider.names(decision.fired) for target in rules[rule].targets(effect))


def _advise(judge: Judge, decision: Decision, effect: Effect, texts: Mapping[str, str]) -> tuple[Advice, ...]:
    claims: dict[str, list[str]] = {}
    for name in judge.decider.names(decision.fired):
        rule = judge.rulebase.rules[name]
        for target in rule.targets(effect):
            claims.setdefault(target, []).extend(rule.because)
    return tuple(Advice(name, texts[name], sorted_ids(claims[name])) for name in sorted_ids(claims))


def _revive(kind: type[_Row], row: Mapping[str, Any]) -> _Row:
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()})


def _row(item: RankedModel | Voice | Advice) -> dict[str, Any]:
    return _listed({field.name: getattr(item, field.name) for field in fields(item)})


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}


def _unshare(data: Mapping[str, Any]) -> dict[str, Any]:
    from copy import deepcopy

    return deepcopy(dict(data))
