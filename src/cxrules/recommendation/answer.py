"""The answer: a decision together with the questions that can be put to it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from os import urandom
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, Self, TypeVar

from cxrules.builtin.models import OwnershipModel
from cxrules.builtin.naming import as_model
from cxrules.errors import MissingRuleBase
from cxrules.language.facts import FactValue
from cxrules.language.schema_types import Certainty
from cxrules.late import make_lock
from cxrules.policy.answer_parts import Advice
from cxrules.policy.answer_reader import FIELDS
from cxrules.policy.decision import Decision, Reason, Status
from cxrules.policy.dissent import Voice
from cxrules.policy.judge import Judge
from cxrules.policy.ranking import RankedModel, Ranking
from cxrules.portable.base import Dumpable, travels
from cxrules.portable.basis import Basis, find_judge, judge_for
from cxrules.portable.data import revive
from cxrules.portable.fields import inside_others, list_fields, published
from cxrules.recommendation.inquiry import Inquiry
from cxrules.rulebase import RuleBase, check_rulebase

__all__ = ["Advice", "Recommendation"]

_Value = TypeVar("_Value")


@travels
@inside_others
class Recommendation(Inquiry, Dumpable):
    """Who should own Customer Experience in one organisation, and everything that led there.

    It is frozen, hashable, picklable and JSON-ready. Nothing is computed before it is read. A pickled copy carries its
    data but not the rule base: its data stays readable, and its questions work once the rule base of its revision is
    available.

    Its members, by purpose:

    - the outcome: `model`, `name`, `says`, `status`, `reason`, `certainty`
    - what led there: `ranking`, `voices`, `fired`, `findings`, `facts`, `incoherences`
    - what to do: `actions`, `warnings`, `accompaniments`, `patterns`
    - who says so: `cites`, `support`, `dissent`
    - in words and pictures: `explain`, `to_markdown`, `to_mermaid`, `to_svg`
    - questions: `why`, `how`, `why_not`, `what_if`, `sufficient`, `counterfactuals`, `settled`, `next_questions`,
      `robustness`
    - as data: `model_dump`, `model_dump_json`, `model_json_schema`, `model_validate`, `model_validate_json`
    - where it comes from: `id`, `engine`, `revision`, `rulebase`, `attach`

    Examples:
        >>> import cxrules
        >>> advice = cxrules.recommend(ceo_involvement="champion", transformation_goal=True, silos="severe")
        >>> advice.model
        <OwnershipModel.ceo_with_cco: 'ceo_with_cco'>
        >>> advice.name
        'CEO with a chief customer officer'
        >>> advice.status
        <Status.RECOMMENDED: 'recommended'>
    """

    __slots__ = ("__weakref__", "_data", "_decision", "_id", "_judge")

    _data: Mapping[str, Any]  # only in a copy; a live one has judge and decision
    _decision: Decision | None
    _id: str
    _judge: Judge | None

    NAMED = True

    FIELDS: ClassVar[tuple[str, ...]] = (*FIELDS, "engine")
    """The fields of the data, in order; each is a property of the same name."""

    def __init__(self, judge: Judge, decision: Decision) -> None:
        _set(self, "_judge", judge)
        _set(self, "_decision", decision)
        _set(self, "_data", None)

    # -- the outcome ---------------------------------------------------------------------------------------------------

    @published
    def model(self) -> OwnershipModel | None:
        """The recommended model as a member of a str enum, or None when undetermined.

        If the rule base has its own models, it is a plain string.
        """
        return as_model(self._read("model"))

    @published
    def name(self) -> str | None:
        """The model's short name for people, such as "Executive owner"; None when undetermined."""
        return self._read("name")

    @published
    def says(self) -> str | None:
        """A clause that describes the model; None when undetermined."""
        return self._read("says")

    @published
    def status(self) -> Status:
        """`recommended`, `contested` or `undetermined`."""
        return self._read("status")

    @published
    def reason(self) -> Reason | None:
        """Why it is undetermined: `nothing_known`, `too_little` or `all_excluded`; None when it is not."""
        return self._read("reason")

    @published
    def certainty(self) -> Certainty:
        """How certain the evidence makes the model, 0.0 to 1.0."""
        return self._read("certainty")

    # -- what led there ------------------------------------------------------------------------------------------------

    @published
    def ranking(self) -> tuple[RankedModel, ...]:
        """Every model, best first."""
        return Ranking(self._read("ranking"))

    @published
    def voices(self) -> dict[str, Voice]:
        """For each article the model it favours, and its points for that and for the winner."""
        return self._read("voices")

    @published
    def fired(self) -> tuple[str, ...]:
        """The rules that fired, in id order."""
        return self._read("fired")

    @published
    def findings(self) -> tuple[str, ...]:
        """The findings established, in id order."""
        return self._read("findings")

    @published
    def facts(self) -> Mapping[str, FactValue]:
        """The facts it is based on, in the order of the vocabulary."""
        return self._read("facts")

    @published
    def incoherences(self) -> tuple[Advice, ...]:
        """The contradictions in the facts, each with its reason; nothing that rests on them is evidence."""
        return self._read("incoherences")

    # -- what to do ----------------------------------------------------------------------------------------------------

    @published
    def accompaniments(self) -> tuple[str, ...]:
        """What should accompany the model, in id order."""
        return self._read("accompaniments")

    @published
    def patterns(self) -> tuple[str, ...]:
        """The anti-patterns recognised, in id order."""
        return self._read("patterns")

    @published
    def actions(self) -> tuple[Advice, ...]:
        """What to do, each with id, text and claims."""
        return self._read("actions")

    @published
    def warnings(self) -> tuple[Advice, ...]:
        """What to beware of, each with id, text and claims; first the contradictions in the facts."""
        return self._read("warnings")

    # -- who says so ---------------------------------------------------------------------------------------------------

    @published
    def cites(self) -> tuple[str, ...]:
        """The claims behind every rule that fired."""
        return self._read("cites")

    @published
    def support(self) -> tuple[str, ...]:
        """The claims behind the evidence for the winner, with those behind the findings it rests on."""
        return self._read("support")

    @published
    def dissent(self) -> tuple[str, ...]:
        """The claims that disagree with the recommendation."""
        return self._read("dissent")

    # -- where it comes from -------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The id of this decision, a random UUID, shared with its log record and span; in the data with `id=True`."""
        try:
            name: str = self._id
        except AttributeError:
            name = _name(self)
        return name

    @property
    def revision(self) -> str:
        """The revision of its rule base."""
        return self._judge.rulebase.revision if self._judge else str(self._data["rulebase"]["revision"])

    @published
    def engine(self) -> str:
        """The name of the engine that matched the rules."""
        return self._judge.engine.name if self._judge else str(self._data["engine"])

    @published
    def rulebase(self) -> RuleBase:
        """Its rule base.

        Raises:
            MissingRuleBase: If this is a copy and the rule base of its revision is not available.
        """
        return self.judge.rulebase

    def attach(self, rulebase: RuleBase) -> Recommendation:
        """Return the same recommendation with its rule base attached.

        Raises:
            MissingRuleBase: If the rule base is of another revision.
        """
        if check_rulebase(rulebase).revision != self.revision:
            raise MissingRuleBase(self.revision)
        judge = judge_for(rulebase)
        return Recommendation(judge, judge.decide(self.facts))

    # -- not for users -------------------------------------------------------------------------------------------------

    @property
    def judge(self) -> Judge:
        """Internal: the engine and policy behind it, which answer every further question.

        Raises:
            MissingRuleBase: If this is a copy and the rule base of its revision is not available.
        """
        return self._judge or find_judge(self.revision, str(self._data["rulebase"]["name"]))

    @property
    def decision(self) -> Decision:
        """Internal: the decision, from which every further question starts.

        Raises:
            MissingRuleBase: If this is a copy and the rule base of its revision is not available.
        """
        return self._decision or self.judge.decide(self.facts)

    @classmethod
    def revive(cls, data: Mapping[str, Any]) -> Self:
        """Internal: return the copy with this data, unchecked."""
        copy = cls.__new__(cls)
        fields = dict(data)
        name = fields.pop("id", None)
        if name is not None:
            _set(copy, "_id", name)
        _set(copy, "_data", MappingProxyType(fields))
        _set(copy, "_decision", None)
        _set(copy, "_judge", None)
        return copy

    # -- manners of a value --------------------------------------------------------------------------------------------

    def _read(self, name: str) -> _Value:  # type: ignore[type-var] # of the type that its caller declares
        """Return a field: computed from the decision, or in a copy read from its data."""
        decision = self._decision
        if decision is None:
            value: _Value = revive(_hints()[name], self._data[name], _NOWHERE)
        elif name in _OUTCOME:
            value = getattr(decision, name)
        else:
            value = self.judge.reader.read(name, decision)
        return value

    def _own_name(self) -> str:
        return self.id

    def _data_of(self) -> dict[str, Any]:
        if self._decision is None:
            from copy import deepcopy

            return deepcopy(dict(self._data))
        judge = self.judge
        return judge.reader.list_data(self._decision, judge.engine.name)

    def model_dump_json(
        self,
        *,
        indent: int | None = None,
        ensure_ascii: bool = False,
        **how: Any,
    ) -> str:
        """Return everything in the answer as JSON.

        Args:
            indent: Spaces for each level; None for one line.
            ensure_ascii: Whether to escape every letter outside ASCII.
            how: As for `model_dump`.
        """
        if self._decision is None or indent is not None or ensure_ascii or how:
            return super().model_dump_json(indent=indent, ensure_ascii=ensure_ascii, **how)
        judge = self.judge
        return judge.reader.write(self._decision, judge.engine.name)

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
        model = None if self.model is None else str(self.model)
        return f"Recommendation(model={model!r}, status={str(self.status)!r}, certainty={self.certainty:.2f})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a recommendation is frozen: {name!r} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a recommendation is frozen: {name!r} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return (restore, (self._data_of(), self.id))


_set = object.__setattr__
_NOWHERE = Basis(None)
_OUTCOME = ("model", "status", "reason", "certainty")
"""The fields that the decision itself has, so that the reader of the others need not be compiled."""
_NAMING = make_lock()
_VARIANTS = {digit: "89ab"[number % 4] for number, digit in enumerate("0123456789abcdef")}
"""What a digit becomes where a UUID says of which variant it is."""


def _name(recommendation: Recommendation) -> str:
    """Assign an id to a decision, once."""
    with _NAMING:
        name = getattr(recommendation, "_id", None)
        if name is None:
            name = _make_id()
            _set(recommendation, "_id", name)
    return name


def _make_id() -> str:
    """Return the 32 digits of a random UUID; the module `uuid` takes a quarter of the time of a decision for it."""
    digits = urandom(16).hex()
    return f"{digits[:12]}4{digits[13:16]}{_VARIANTS[digits[16]]}{digits[17:]}"


@cache
def _hints() -> Mapping[str, Any]:
    return {each.name: each.hint for each in list_fields(Recommendation)}


def restore(data: dict[str, Any], name: str | None = None) -> Recommendation:
    """Return the recommendation whose `model_dump()` this is, as a copy without its rule base; it is not checked."""
    copy = Recommendation.revive(data)
    if name is not None:
        _set(copy, "_id", name)
    return copy
