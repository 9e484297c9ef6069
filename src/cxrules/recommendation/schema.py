"""A recommendation as pydantic sees it: the shape of `model_dump()`, and what makes `Recommendation` a field type."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import core_schema

from cxrules.policy.decision import Reason, Status

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

__all__ = ["AdviceData", "RankedModelData", "RecommendationData", "RuleBaseData", "VoiceData", "make_core_schema"]


class _Dumpable(Protocol):
    def model_dump(self) -> dict[str, Any]: ...


_Answer = TypeVar("_Answer", bound=_Dumpable)
_CLAIMS = "The ids of the claims behind the rules that conclude it"


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class RankedModelData(_Data):
    """One row of the ranking."""

    model: str = Field(description="The ownership model")
    points: int = Field(description="The sum of the evidence for it, less that against it")
    certainty: float = Field(ge=-1, le=1, description="The certainty factor of the points")
    candidate: bool = Field(description="Whether it passed exclusions, requirements and minimum evidence")
    excluded: bool = Field(description="Whether a rule that fired rules it out")
    excluded_by: list[str] = Field(description="The ids of the rules that rule it out")
    missing: list[str] = Field(description="Its requirements that are not established")
    set_aside_by: list[str] = Field(description="The ids of the rules that prefer another candidate")


class VoiceData(_Data):
    """What one article would say by itself."""

    source: str = Field(description="The id of the article")
    model: str | None = Field(description="The model it favours among those not excluded; null when none")
    points: int = Field(description="Its points for that model; 0 without one")
    points_on_winner: int = Field(description="Its points on the recommended model; 0 without one")


class AdviceData(_Data):
    """An action to take or a warning to heed."""

    id: str = Field(description="Its name in the rule base")
    text: str = Field(description="What it says, as a sentence")
    claims: list[str] = Field(description=_CLAIMS)


class RuleBaseData(_Data):
    """The rule base that gave the recommendation."""

    name: str = Field(description="What it is called")
    revision: str = Field(description="The SHA-256 of its canonical form")


class RecommendationData(_Data):
    """Who should own Customer Experience in one organisation, and everything that led there."""

    model_config = ConfigDict(title="Recommendation")

    model: str | None = Field(description="The recommended ownership model; null when undetermined")
    status: Status = Field(description="How firmly the recommendation stands")
    reason: Reason | None = Field(description="Why no model is recommended; null when one is")
    certainty: float = Field(ge=0, le=1, description="How certain the evidence makes the model")
    ranking: list[RankedModelData] = Field(description="Every model, best first")
    voices: dict[str, VoiceData] = Field(description="For each article, by id, what it would say by itself")
    fired: list[str] = Field(description="The ids of the rules that fired")
    findings: list[str] = Field(description="The findings established")
    accompaniments: list[str] = Field(description="What should accompany the model")
    patterns: list[str] = Field(description="The anti-patterns recognised")
    actions: list[AdviceData] = Field(description="What to do")
    warnings: list[AdviceData] = Field(description="What to beware of, beginning with what is impossible in the facts")
    cites: list[str] = Field(description="The ids of the claims behind every rule that fired")
    support: list[str] = Field(description="The ids of the claims behind the evidence for the model")
    dissent: list[str] = Field(description="The ids of the claims that disagree")
    facts: dict[str, bool | int | float | str | list[str]] = Field(description="The facts it rests on")
    engine: str = Field(description="The engine that matched the rules")
    rulebase: RuleBaseData = Field(description="The rule base that gave it")


def make_core_schema(
    kind: type[_Answer], restore: Callable[[dict[str, Any]], _Answer], handler: GetCoreSchemaHandler
) -> CoreSchema:
    """Make the schema by which pydantic validates and serialises a recommendation.

    It takes a recommendation as it is; from the data that `model_dump()` returned it makes a copy, as unpickling does.
    It serialises by `model_dump()`.
    """
    data = handler.generate_schema(RecommendationData)
    copy = core_schema.no_info_after_validator_function(lambda plain: restore(plain.model_dump(mode="json")), data)
    return core_schema.json_or_python_schema(
        json_schema=copy,
        python_schema=core_schema.union_schema([core_schema.is_instance_schema(kind), copy], mode="left_to_right"),
        serialization=core_schema.plain_serializer_function_ser_schema(kind.model_dump),
    )
