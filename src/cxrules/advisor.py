"""The call: an advisor compiles a rule base once and decides many times; `recommend` is its shorthand."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache, lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from cxrules.engines import Engine, create_engine
from cxrules.errors import Diagnostic, InvalidOrganisation, Location
from cxrules.policy.judge import Judge
from cxrules.portable.at_hand import keep_at_hand
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase

if TYPE_CHECKING:
    from typing import Unpack

    from cxrules.builtin.typed_facts import TypedFacts

__all__ = ["Advisor", "recommend"]

DEFAULT_ENGINE = "bitmap"

# Silent unless the host says otherwise; asked before anything of the decision log is loaded.
_LOGGER = logging.getLogger("cxrules.decisions")
_LOGGER.addHandler(logging.NullHandler())


class _ModelLike(Protocol):
    """What an Organisation offers: the names of the facts it was given, as attributes."""

    @property
    def model_fields_set(self) -> set[str]: ...


Given: TypeAlias = "Mapping[str, Any] | _ModelLike"


class Advisor:
    """A rule base compiled for an engine. Immutable, so that threads may share it.

    Attributes:
        rulebase: The rule base.
        engine: The engine.
        judge: Engine and policy bound together.

    Examples:
        >>> advisor = Advisor()
        >>> advisor.recommend({"ceo_involvement": "champion", "transformation_goal": True, "silos": "severe"}).model
        <OwnershipModel.ceo_with_cco: 'ceo_with_cco'>
    """

    def __init__(self, rulebase: RuleBase | None = None, engine: str | Engine | None = None) -> None:
        """Compile.

        Args:
            rulebase: The rule base; the built-in one when left out.
            engine: The name of an engine, or an engine that was built from the same rule base; `bitmap` when left out.

        Raises:
            ValueError: If there is no such engine, or it was built from another rule base.
            ImportError: If the engine needs an extra that is not installed.
        """
        if engine is None or isinstance(engine, str):
            engine = create_engine(
                DEFAULT_ENGINE if engine is None else engine, RuleBase.builtin() if rulebase is None else rulebase
            )
        elif rulebase is not None and engine.rulebase != rulebase:
            raise ValueError("the engine was built from another rule base than the one given")
        self.engine = engine
        self.rulebase = engine.rulebase
        self.judge = Judge(engine)
        self._validate = self.rulebase.vocabulary.validate
        keep_at_hand(self.judge)

    def recommend(self, organisation: Given | None = None, /, **facts: Any) -> Recommendation:  # noqa: ANN401 - the facts of any rule base
        """Decide on one organisation.

        Args:
            organisation: Facts as a mapping, or an `Organisation`.
            facts: Facts as keywords, beside or instead of it. None means unknown.

        Raises:
            InvalidOrganisation: With every mistake in the facts.
        """
        if _LOGGER.isEnabledFor(logging.INFO):
            return self._recommend_aloud(organisation, facts)
        given = facts if organisation is None else _gather(organisation, facts)
        judge = self.judge
        return Recommendation(judge, judge.decide(self._validate(given)))

    def _recommend_aloud(self, organisation: Given | None, facts: dict[str, Any]) -> Recommendation:
        """Decide and log the decision with the time it took."""
        from cxrules.decision_log import emit

        started = perf_counter()
        given = facts if organisation is None else _gather(organisation, facts)
        recommendation = Recommendation(self.judge, self.judge.decide(self._validate(given)))
        emit(recommendation, perf_counter() - started)
        return recommendation

    def __repr__(self) -> str:
        return f"Advisor({self.rulebase!r}, engine={self.engine.name!r})"


def recommend(
    organisation: Given | None = None,
    /,
    *,
    engine: str | Engine | None = None,
    rulebase: RuleBase | None = None,
    **facts: Unpack[TypedFacts],
) -> Recommendation:
    """Infer who should own Customer Experience in an organisation, and why.

    Args:
        organisation: Facts as a mapping, or an `Organisation`.
        engine: The engine that matches the rules; `bitmap` when left out.
        rulebase: The rule base; the built-in one when left out.
        facts: Facts as keywords, beside or instead of the mapping. What is left out, or None, is unknown.

    Returns:
        The recommendation: model, certainty, reasons, sources, dissent.

    Raises:
        InvalidOrganisation: With every mistake in the facts.
        ValueError: If there is no such engine.
        ImportError: If the engine needs an extra that is not installed.

    Examples:
        >>> recommend(maturity="early", marketing_bandwidth="stretched", ceo_involvement="champion").status
        <Status.RECOMMENDED: 'recommended'>
        >>> recommend().reason
        <Reason.NOTHING_KNOWN: 'nothing_known'>
    """
    if engine is None and rulebase is None:
        advisor = _default_advisor()
    elif engine is None or isinstance(engine, str):
        advisor = _advisor_for(
            RuleBase.builtin() if rulebase is None else rulebase, DEFAULT_ENGINE if engine is None else engine
        )
    else:
        advisor = Advisor(rulebase, engine)
    return advisor.recommend(organisation, **facts)


@cache
def _default_advisor() -> Advisor:
    return Advisor()


# Compiling costs more than deciding, so the last few advisors are kept; a program with many rule bases keeps its own.
@lru_cache(maxsize=8)
def _advisor_for(rulebase: RuleBase, engine: str) -> Advisor:
    return Advisor(rulebase, engine)


def _gather(organisation: Given, facts: dict[str, Any]) -> Mapping[str, Any]:
    if not isinstance(organisation, Mapping):
        if not hasattr(organisation, "model_fields_set"):
            message = f"a mapping or an Organisation is expected, not {organisation!r:.60}"
            raise InvalidOrganisation([Diagnostic("wrong-type", Location(), message)])
        organisation = {name: getattr(organisation, name) for name in organisation.model_fields_set}
    if not facts:
        return organisation
    twice = [name for name in facts if name in organisation]
    if twice:
        message = "given twice, in the mapping and as a keyword"
        raise InvalidOrganisation(Diagnostic("given-twice", Location(path=(name,)), message) for name in twice)
    return {**organisation, **facts}
