"""The call: an advisor compiles a rule base once and decides many times; `recommend` is its shorthand."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import cache, cached_property, lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

from cxrules.engines import ENGINES, Engine, create_engine
from cxrules.errors import Diagnostic, InvalidOrganisation, Location, show_value
from cxrules.policy.judge import Judge
from cxrules.portable.basis import register_judge
from cxrules.recommendation.answer import Recommendation
from cxrules.recommendation.telemetry import SWITCH, in_span
from cxrules.rulebase import RuleBase, check_rulebase

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Unpack

    from cxrules.builtin.typed_facts import TypedFacts
    from cxrules.columns.tables import TableJudge
    from cxrules.language.facts import Vocabulary

__all__ = ["Advisor", "recommend", "recommend_frame"]

DEFAULT_ENGINE = "bitmap"


class _Silent:
    """A stand-in for a logger until the process loads `logging`; before that, nobody can have set a level."""

    level = 0


# Silent until one of these two has its own level; the level of the host's root logger enables nothing. Checked
# before anything of the decision log is loaded.
_SILENT: Any = _Silent()
_LOGGER = _PACKAGE = _SILENT
_LOADED = sys.modules
_INFO = 20  # logging.INFO


def _hear() -> bool:
    """Fetch the loggers of a process that has loaded `logging`, and return whether one of them has a level."""
    global _LOGGER, _PACKAGE  # noqa: PLW0603 - once, from a stand-in to what it stands for
    import logging

    _PACKAGE = logging.getLogger("cxrules")
    _LOGGER = logging.getLogger("cxrules.decisions")
    _LOGGER.addHandler(logging.NullHandler())
    return bool(_LOGGER.level or _PACKAGE.level)


if "logging" in _LOADED:
    _hear()


class _ModelLike(Protocol):
    """The part of an Organisation that is used here: the names of the facts it was given, as attributes."""

    @property
    def model_fields_set(self) -> set[str]: ...


Given: TypeAlias = "Mapping[str, Any] | _ModelLike"


_Frame = TypeVar("_Frame")
Columns: TypeAlias = "Mapping[str, str | Mapping[str, str]]"


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
            TypeError: If either is of another type.
            ImportError: If the engine needs an extra that is not installed.
        """
        _check(rulebase, engine)
        if engine is None or isinstance(engine, str):
            engine = create_engine(
                DEFAULT_ENGINE if engine is None else engine, RuleBase.builtin() if rulebase is None else rulebase
            )
        elif rulebase is not None and engine.rulebase != rulebase:
            raise ValueError("the engine was built from a different rule base from the one given")
        self.engine = engine
        self.rulebase = engine.rulebase
        self.judge = Judge(engine)
        self._read = getattr(engine, "read", None)
        register_judge(self.judge)

    def recommend(self, organisation: Given | None = None, /, **facts: Any) -> Recommendation:
        """Decide on one organisation.

        Args:
            organisation: Facts as a mapping, or an `Organisation`.
            facts: Facts as keywords, in addition to it or instead. None means unknown.

        Raises:
            InvalidOrganisation: With every mistake in the facts.
        """
        if (
            _LOGGER.level
            or _PACKAGE.level
            or SWITCH.tracer
            or (_LOGGER is _SILENT and "logging" in _LOADED and _hear())
        ):
            return in_span(lambda: self._recommend_aloud(organisation, facts))
        return self._recommend(organisation, facts)

    def _recommend(self, organisation: Given | None, facts: dict[str, Any]) -> Recommendation:
        given = facts if organisation is None else _gather(organisation, facts, self.rulebase.vocabulary)
        read = None if self._read is None else self._read(given)
        if read is None:
            known = self.rulebase.vocabulary.validate(given)
            return Recommendation(self.judge, self.judge.decide(known))
        return Recommendation(self.judge, self.judge.decider.decide(*read))

    def _recommend_aloud(self, organisation: Given | None, facts: dict[str, Any]) -> Recommendation:
        """Decide, and log the decision with the time it took if its logger is enabled."""
        started = perf_counter()
        recommendation = self._recommend(organisation, facts)
        if (_LOGGER.level or _PACKAGE.level) and _LOGGER.isEnabledFor(_INFO):
            from cxrules.decision_log import emit

            emit(recommendation, perf_counter() - started)
        return recommendation

    def recommend_frame(  # noqa: PLR0913 - every option is a keyword
        self,
        frame: _Frame,
        *,
        columns: Columns | None = None,
        keep: bool | Iterable[str] = False,
        also: Iterable[str] = (),
        on_error: Literal["raise", "null"] = "raise",
        prefix: str = "",
        brief: bool = False,
    ) -> _Frame:
        """Decide on every row of a data frame. Needs the extra `frame`.

        The answer is a frame of the same kind, one row for each row: `model`, `status`, `reason`, `certainty`,
        `runner_up`, `lead`, the points of every model (`points_cxo_owned`, …), and `fired`, the fired rules as bits in
        the order of `rulebase.rule_ids`, the first in the lowest bit of the first byte. Each row matches what
        `recommend` says about its facts; `recommend_row` returns the whole answer for one row.

        Args:
            frame: A pandas or Polars frame (a lazy one too), a PyArrow table, batch or reader (which is answered by a
                reader, batch by batch, so that it may be larger than memory), a DuckDB relation, or anything with
                the Arrow PyCapsule interface (which is answered by a PyArrow table).
            columns: The column of each fact whose column has another name. A set may also have a Boolean column for
                each element: `{"marketing_journey_coverage": {"loyalty": "does loyalty"}}`.
            keep: The columns to pass through, or True for all that hold no fact.
            also: What else to include: `actions`, `patterns`, `incoherences` (the impossible conjunctions that the
                facts meet), and `matters` (the unknown facts of which a single answer could change the model).
            on_error: `raise` raises one error that lists every wrong value with its rows; `null` leaves such rows
                without an answer and gives the reason in the column `error`.
            prefix: A prefix for the names of the answer's columns.
            brief: Whether to leave out the points of every model and the fired rules, which take longer than the rest.

        Raises:
            InvalidOrganisation: With every mistake in the columns and cells.
            ImportError: If the extra `frame` is not installed.

        Examples:
            >>> import pyarrow
            >>> table = pyarrow.table({"ceo_involvement": ["champion", None], "silos": ["severe", "severe"]})
            >>> Advisor().recommend_frame(table).select(["model", "lead"]).to_pylist()
            [{'model': 'ceo_with_cco', 'lead': 11}, {'model': 'cxo_owned', 'lead': 3}]
        """
        frames = import_frames()
        asked = frames.Asked(columns, keep, also, on_error, prefix, brief)
        answers: _Frame = frames.FrameJudge(self.tables, asked)(frame)
        return answers

    def recommend_row(self, frame: object, row: int, *, columns: Columns | None = None) -> Recommendation:
        """Decide on one row of a data frame, from 0: the whole answer behind a row of `recommend_frame`.

        Raises:
            InvalidOrganisation: With every mistake in the columns and in the row.
            IndexError: If there is no such row.
            ImportError: If the extra `frame` is not installed.
        """
        return self.recommend(import_frames().read_row(frame, row, self.tables, columns))

    @cached_property
    def tables(self) -> TableJudge:
        """The judge of tables of codes and record batches: see `cxrules.columns.tables`. Needs the extra `frame`."""
        import_frames()
        from cxrules.columns.tables import TableJudge

        return TableJudge(self.judge.decider)

    def __reduce__(self) -> tuple[object, ...]:
        """Return what another process makes the same advisor of: what is compiled stays here."""
        if self.engine.name not in ENGINES:
            return Advisor, (None, self.engine)
        built_in = self.rulebase == RuleBase.builtin()
        return Advisor, (None if built_in else self.rulebase, self.engine.name)

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
        facts: Facts as keywords, in addition to the mapping or instead. A fact that is left out, or None, is unknown.

    Returns:
        The recommendation: model, certainty, reasons, sources, dissent.

    Raises:
        InvalidOrganisation: With every mistake in the facts.
        ValueError: If there is no such engine.
        TypeError: If the rule base or the engine is of another type.
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
        _check(rulebase, engine)
        advisor = _advisor_for(
            RuleBase.builtin() if rulebase is None else rulebase, DEFAULT_ENGINE if engine is None else engine
        )
    else:
        advisor = Advisor(rulebase, engine)
    return advisor.recommend(organisation, **facts)


def recommend_frame(  # noqa: PLR0913 - every option is a keyword
    frame: _Frame,
    *,
    columns: Columns | None = None,
    keep: bool | Iterable[str] = False,
    also: Iterable[str] = (),
    on_error: Literal["raise", "null"] = "raise",
    prefix: str = "",
    brief: bool = False,
) -> _Frame:
    """Decide on every row of a data frame with the built-in rule base: see `Advisor.recommend_frame`.

    Examples:
        >>> import pyarrow
        >>> table = pyarrow.table({"id": [7, 8], "silos": ["severe", None], "ceo_involvement": ["champion", None]})
        >>> recommend_frame(table, keep=["id"]).select(["id", "model", "reason"]).to_pylist()
        [{'id': 7, 'model': 'ceo_with_cco', 'reason': None}, {'id': 8, 'model': None, 'reason': 'nothing_known'}]
    """
    return _default_advisor().recommend_frame(
        frame, columns=columns, keep=keep, also=also, on_error=on_error, prefix=prefix, brief=brief
    )


def import_frames() -> ModuleType:
    """Return the module that reads and writes data frames.

    Raises:
        ImportError: If the extra `frame` is not installed.
    """
    try:
        from cxrules.columns import frames
    except ImportError as error:
        raise ImportError(f"data frames need an extra ({error}): pip install 'cxrules[frame]'") from error
    return frames


@cache
def _default_advisor() -> Advisor:
    return Advisor()


# Compiling costs more than deciding, so the last few advisors are kept; a program with many rule bases keeps its own.
@lru_cache(maxsize=8)
def _advisor_for(rulebase: RuleBase, engine: str) -> Advisor:
    return Advisor(rulebase, engine)


def _check(rulebase: object, engine: object) -> None:
    """Raise an error if something else was given as a rule base or an engine, such as a path."""
    if rulebase is not None:
        check_rulebase(rulebase)
    if not (engine is None or isinstance(engine, str) or hasattr(engine, "rulebase")):
        raise TypeError(f"the name of an engine, or an engine, is expected, not {show_value(engine)}")


def _gather(organisation: Given, facts: dict[str, Any], vocabulary: Vocabulary) -> Mapping[str, Any]:
    if not isinstance(organisation, Mapping):
        if not hasattr(organisation, "model_fields_set"):
            message = f"a mapping or an Organisation is expected, not {show_value(organisation)}"
            raise InvalidOrganisation([Diagnostic("wrong-type", Location(), message)])
        organisation = {name: getattr(organisation, name) for name in organisation.model_fields_set}
    if not facts:
        return organisation
    from cxrules.language.plain import unite_given

    return unite_given(organisation, facts, vocabulary)
