"""The ranking of the models and the evidence behind it, computed on request."""

from __future__ import annotations

from cxrules.builtin.naming import ModelName, as_model
from cxrules.document import Block, Table, Told, mark_name
from cxrules.language.facts import join_words
from cxrules.language.ids import sorted_ids
from cxrules.language.schema_types import SignedCertainty
from cxrules.late import dataclass
from cxrules.policy.decider import Decider
from cxrules.policy.evidence import Evidence, certainty

__all__ = ["Preference", "RankedModel", "Ranking", "fired_evidence", "list_preferences", "rank"]


@dataclass(frozen=True, slots=True)
class RankedModel:
    """One row of the ranking.

    Attributes:
        model: The model.
        points: The sum of the evidence, of either sign.
        certainty: The certainty factor of the points, from -1.0 to 1.0.
        candidate: Whether it passed exclusions, requirements and minimum evidence.
        excluded: Whether a fired rule rules it out.
        excluded_by: The rules that do.
        missing: Its requirements that are not established.
        set_aside_by: The rules that prefer another candidate.
    """

    model: ModelName
    points: int
    certainty: SignedCertainty
    candidate: bool
    excluded: bool
    excluded_by: tuple[str, ...]
    missing: tuple[str, ...]
    set_aside_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preference:
    """A preference of a fired rule between candidates.

    Attributes:
        rule: The rule.
        model: The candidate that it prefers.
        over: The candidates that it sets aside, in the order of the rule.
    """

    rule: str
    model: ModelName
    over: tuple[ModelName, ...]


class Ranking(tuple[RankedModel, ...], Told):
    """The rows of a ranking, best first: a tuple that a notebook shows as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the models, best first, with their points."""
        return f"Ranking({', '.join(f'{row.model} {row.points}' for row in self)})"

    def tell(self) -> tuple[Block, ...]:
        """Return it as a table that names models and rules as the rule base does."""
        rows = tuple((mark_name(row.model), str(row.points), f"{row.certainty:.2f}", _place(row)) for row in self)
        return (Table(("model", "points", "certainty", "standing"), rows),)


def _place(row: RankedModel) -> str:
    if row.excluded:
        return f"ruled out by {join_words(row.excluded_by)}"
    if row.missing:
        return f"requires {join_words(row.missing)}"
    if not row.candidate:
        return "too little evidence"
    return f"put behind another by {join_words(row.set_aside_by)}" if row.set_aside_by else "candidate"


def rank(decider: Decider, fired: int) -> tuple[RankedModel, ...]:
    """Rank every model, best first: candidates, candidates set aside, open models, excluded models; each by points."""
    models = tuple(decider.rulebase.models)
    points = decider.weigh(decider.count(fired))
    running = {models[position] for _, position in decider.candidates(fired)}
    aside = decider.set_aside(fired, running)
    rows = []
    for model, excluded in zip(models, decider.excluded(fired), strict=True):
        rows.append(
            RankedModel(
                as_model(model),
                points[model],
                certainty(points[model]),
                model in running,
                excluded,
                decider.excluders(fired, model) if excluded else (),
                decider.missing(fired, model),
                sorted_ids(aside.get(model, ())),
            )
        )
    rows.sort(key=lambda row: (row.excluded, not row.candidate, bool(row.set_aside_by), -row.points))
    return tuple(rows)


def list_preferences(decider: Decider, fired: int) -> tuple[Preference, ...]:
    """Return the preferences that set candidates aside, in the order of their rules."""
    models = tuple(decider.rulebase.models)
    running = {models[position] for _, position in decider.candidates(fired)}
    found = []
    for bit, (rule, preferred, over) in decider.preferences_by_bit:
        behind = tuple([as_model(model) for model in over if model in running])
        if fired & bit and preferred in running and behind:
            found.append(Preference(rule, as_model(preferred), behind))
    return tuple(found)


def fired_evidence(decider: Decider, fired: int) -> tuple[Evidence, ...]:
    """Return the evidence that counts: for each model and carrier, that of one fired rule."""
    bits = decider.count(fired)
    counting = [item for bit, item in decider.items if bits & bit]
    return tuple([item if decider.has(fired, item.rule) else _fired_twin(decider, fired, item) for item in counting])


def _fired_twin(decider: Decider, fired: int, item: Evidence) -> Evidence:
    """Return the same evidence by a rule that fired."""
    return next(twin for twin in decider.carried[item.carriage] if decider.has(fired, twin.rule))
