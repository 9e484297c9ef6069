"""The form of every kind of file, as pydantic models: loading checks it first, and JSON Schemas are made from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from cxrules.language.facts import Only, Use
from cxrules.language.patterns import CLAIM_ID, DASHED_ID, FINGERPRINT, NAME, SOURCE_ID, TEXT
from cxrules.language.rules import ClaimKind

__all__ = [
    "KINDS",
    "ClaimsFile",
    "FactsFile",
    "ModelsFile",
    "RulesFile",
    "SourcesFile",
]

Text: TypeAlias = Annotated[str, Field(min_length=1, pattern=TEXT)]
Name: TypeAlias = Annotated[str, Field(pattern=NAME)]
DashedId: TypeAlias = Annotated[str, Field(pattern=DASHED_ID)]
SourceId: TypeAlias = Annotated[str, Field(pattern=SOURCE_ID)]
ClaimId: TypeAlias = Annotated[str, Field(pattern=CLAIM_ID)]
Ordinal: TypeAlias = Annotated[int, Field(ge=1)]
Percentage: TypeAlias = Annotated[float, Field(ge=0, le=100)]
Reference: TypeAlias = str  # whether it names anything is checked later, with a suggestion


class Form(BaseModel):
    """Base of every mapping in a file: unknown keys are refused and no type is guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SourceForm(Form):
    """An article."""

    id: SourceId = Field(description="A capital letter and digits, such as A0")
    title: Text = Field(description="The title, or the first words that serve as one")
    author: Text = Field(description="Who wrote it; unsigned when nobody signed it")
    file: Text | None = Field(
        default=None,
        description="The name of the file with its text; left out if there is no such file",
    )
    paragraphs: list[Ordinal] | None = Field(
        default=None, min_length=1, description="The lines of that file on which paragraphs 1, 2, 3 … are"
    )


class SourcesFile(Form):
    """The articles that a rule base is derived from."""

    sources: list[SourceForm] = Field(description="The articles")


class ClaimForm(Form):
    """One thing an article says, in our own words."""

    id: ClaimId = Field(description="The id of the source, a dash and a number, such as A0-12")
    paragraphs: list[Ordinal] = Field(min_length=1, description="The paragraphs that say it, from 1")
    says: Text = Field(description="What they say, in our own words")
    tone: Literal["hedged", "plain", "emphatic"] = Field(description="How firmly they say it, for 1, 2 or 3 points")
    kind: Annotated[ClaimKind, Field(strict=False)] = Field(
        description="What it does in its article. Evidence: rule_for, rule_against, precondition, transition, risk"
    )
    fingerprint: Annotated[str, Field(pattern=FINGERPRINT)] | None = Field(
        default=None,
        description="SHA-256 of the text of the paragraphs, white space folded, joined by one space; "
        "`cxrules claims --fingerprint` computes it",
    )
    set_aside: Text | None = Field(default=None, description="Why no rule, model or pattern rests on this claim")


class ClaimsFile(Form):
    """What one article says."""

    source: SourceId = Field(description="The id of the article")
    claims: list[ClaimForm] = Field(description="What it says, one claim for each entry")


class ValueForm(Form):
    """One value of a fact."""

    label: Text = Field(description="A short answer to the question")
    says: Text = Field(description="A clause that states it, lower case, no full stop; a noun phrase in a set")


class FlagValues(Form):
    """The two values of a flag."""

    true: ValueForm
    false: ValueForm


class ImmutableForm(Form):
    """A fact that nobody in the organisation can change."""

    immutable: Literal[True] = Field(description="Nobody in the organisation can change it")


class EffortForm(Form):
    """How hard a fact is to change."""

    effort: Annotated[int, Field(ge=1, le=3)] = Field(description="1 a decision, 2 a project, 3 a programme of years")


class ChangeForm(EffortForm):
    """How hard a fact is to change, and in which direction it can."""

    only: Annotated[Only, Field(strict=False)] | None = Field(
        default=None, description="The one direction in which it can change; a set only grows or only shrinks"
    )


def _tell_change(form: object) -> str:
    return "immutable" if isinstance(form, ImmutableForm) or "immutable" in _keys(form) else "effort"


def _keys(form: object) -> Collection[object]:
    return form if isinstance(form, Mapping) else ()


AnyChangeForm: TypeAlias = Annotated[
    Annotated[ChangeForm, Tag("effort")] | Annotated[ImmutableForm, Tag("immutable")], Discriminator(_tell_change)
]
AnyChoiceChangeForm: TypeAlias = Annotated[
    Annotated[EffortForm, Tag("effort")] | Annotated[ImmutableForm, Tag("immutable")], Discriminator(_tell_change)
]
_CHANGE: Final = "How hard it is to change; a decision if left out"


class _FactForm(Form):
    use: Annotated[Use, Field(strict=False)] = Field(
        description="decides: may choose or veto a model; colours: its certainty; advises: actions; warns: a symptom"
    )
    question: Text = Field(description="A question that a person can answer")
    topic: Text = Field(description='A noun phrase for it, as in "what is not known: marketing\'s time"')
    section: Text | None = Field(default=None, description="The heading under which a form asks it")
    label: Text | None = Field(default=None, description="A short name for people")
    help: Text | None = Field(default=None, description="What helps to answer, if the question needs explaining")
    asked_if: dict[Name, list[Reference]] = Field(
        default={}, description="Premises: asked only where each of these facts is known to have one of the values"
    )
    change: AnyChangeForm = Field(default=ChangeForm(effort=1), description=_CHANGE)


Values: TypeAlias = dict[Name, ValueForm]


class OrderedForm(_FactForm):
    """A fact whose values have an order."""

    kind: Literal["ordered"] = Field(description="The values have an order")
    values: Values = Field(min_length=2, description="The values, from least to most")


class ChoiceForm(_FactForm):
    """A fact whose values have no order, so that its change has no direction."""

    kind: Literal["choice"] = Field(description="The values have no order")
    values: Values = Field(min_length=2, description="The values")
    change: AnyChoiceChangeForm = Field(default=EffortForm(effort=1), description=_CHANGE)  # type: ignore[assignment]


class FlagForm(_FactForm):
    """A fact that is true or false."""

    kind: Literal["flag"] = Field(description="True or false")
    values: FlagValues = Field(description="What true and false mean")


class PercentForm(_FactForm):
    """A number from 0 to 100."""

    kind: Literal["percent"] = Field(description="A number from 0 to 100")
    says: Text = Field(description="A clause with {value} in it")


class SetForm(_FactForm):
    """Any subset of its values; a set that is given is complete."""

    kind: Literal["set"] = Field(description="Any subset of the values")
    says: Text = Field(description="A clause with {values} in it")
    says_empty: Text = Field(description="The clause for the empty set")
    values: Values = Field(min_length=1, description="The elements")


AnyFactForm: TypeAlias = Annotated[
    OrderedForm | ChoiceForm | FlagForm | PercentForm | SetForm, Field(discriminator="kind")
]


def _tell_bound(bound: object) -> str:
    return "name" if isinstance(bound, str) else "number"


Bound: TypeAlias = Annotated[
    Annotated[Percentage, Tag("number")] | Annotated[Reference, Tag("name")], Discriminator(_tell_bound)
]


class ComparisonForm(Form):
    """A test with an operator, rather than a value or a list of values."""

    at_least: Bound | None = Field(default=None, description="Ordered facts and percentages")
    at_most: Reference | None = Field(default=None, description="Ordered facts")
    below: Percentage | None = Field(default=None, description="Percentages")
    includes_any: list[Reference] | None = Field(default=None, description="Sets: at least one of these")
    includes_all: list[Reference] | None = Field(default=None, description="Sets: every one of these")
    lacks_all: list[Reference] | None = Field(default=None, description="Sets: none of these")


def _tell_test(form: object) -> str:
    if isinstance(form, bool):
        return "flag"
    if isinstance(form, list | tuple):
        return "names"
    if isinstance(form, Mapping | ComparisonForm):
        return "comparison"
    return "number" if isinstance(form, int | float) else "name"


Test: TypeAlias = Annotated[
    Annotated[bool, Tag("flag")]
    | Annotated[Reference, Tag("name")]
    | Annotated[float, Tag("number")]  # suits no kind of fact, and is refused later, when the kind is known
    | Annotated[list[Reference], Tag("names")]
    | Annotated[ComparisonForm, Tag("comparison")],
    Discriminator(_tell_test),
]
Tests: TypeAlias = dict[Reference, Test]


class When(BaseModel):
    """A conjunction of tests of facts and findings; empty for a standing rule."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)
    __pydantic_extra__: dict[str, Test]

    any_of: list[Tests] | None = Field(
        default=None, min_length=2, description="Alternatives, each a conjunction of tests; one of them must hold"
    )


class ImpossibleForm(Form):
    """A conjunction of facts that is true of no organisation."""

    id: DashedId = Field(description="Lower case and dashes")
    when: Tests = Field(min_length=1, description="Tests of facts")
    reason: Text = Field(description="Why no organisation is like that")


class FactsFile(Form):
    """What can be known about an organisation."""

    facts: dict[Name, AnyFactForm] = Field(default={}, description="The facts by name")
    impossible: list[ImpossibleForm] = Field(default=[], description="Conjunctions that are true of no organisation")


class NamedForm(Form):
    """Something with a name for people."""

    name: Text = Field(description="A short name")
    says: Text = Field(description="A clause that says what it is")
    claims: list[Reference] = Field(default=[], description="The claims that define it")


class ModelForm(NamedForm):
    """An ownership model."""

    kind: Literal["owner", "interim", "fallback", "deferral"] = Field(default="owner", description="What sort of model")
    requires: list[Reference] = Field(default=[], description="Findings without which it cannot be recommended")
    against: list[Reference] = Field(
        default=[], description="Claims that speak explicitly against this kind of owner: dissent if it wins"
    )


class PolicyForm(Form):
    """The numbers of the decision policy."""

    minimum_evidence: Annotated[int, Field(ge=0)] = Field(
        description="Supporting points from non-standing rules that a candidate needs"
    )
    lead: Annotated[int, Field(ge=0)] = Field(
        description="Points by which the first must lead the second; with fewer, the outcome is contested"
    )


class ModelsFile(Form):
    """Ownership models, what accompanies them, patterns, and the decision policy."""

    name: Text | None = Field(default=None, description="The name of the rule base in records")
    models: dict[Name, ModelForm] = Field(default={}, description="The models in the declared order of preference")
    accompaniments: dict[Name, NamedForm] = Field(default={}, description="What accompanies a model without owning CX")
    patterns: dict[Name, NamedForm] = Field(default={}, description="States to recognise and argue against")
    policy: PolicyForm | None = Field(default=None, description="The numbers of the decision policy")


class ConclusionForm(Form):
    """One conclusion: exactly one effect."""

    finding: Reference | None = Field(default=None, description="Establishes a finding, for other rules to test")
    supports: Reference | None = Field(default=None, description="Evidence for a model")
    opposes: Reference | None = Field(default=None, description="Evidence against a model")
    excludes: Reference | None = Field(default=None, description="Rules a model out")
    prefers: Reference | None = Field(default=None, description="Prefers a model to those under over")
    over: list[Reference] | None = Field(default=None, min_length=1, description="The models that rank lower")
    accompanies: Reference | None = Field(default=None, description="Adds an accompaniment")
    recognises: Reference | None = Field(default=None, description="Recognises a pattern")
    action: Reference | None = Field(default=None, description="Advises an action")
    warning: Reference | None = Field(default=None, description="Gives a warning")


class WeightForm(Form):
    """A weight that replaces the author's tone."""

    points: Annotated[int, Field(ge=1, le=3)] = Field(description="1 to 3")
    reason: Text = Field(description="Why the weight of the rule differs from its tone")


class EngineerForm(Form):
    """What no author says, each with the reason."""

    threshold: Text | None = Field(default=None, description="Why a boundary is drawn where no author draws it")
    evidence: Text | None = Field(
        default=None, description="Why a role, statistic or definition is counted as evidence here"
    )
    weight: WeightForm | None = Field(default=None, description="A weight that replaces the author's tone")
    reading: Text | None = Field(
        default=None, description="Why the rule says more than the author; it counts, but is not the author's voice"
    )


class RuleForm(Form):
    """One idea of one article, as a rule."""

    id: DashedId = Field(description="Lower case and dashes")
    because: list[Reference] = Field(min_length=1, description="The claims behind it, all of one article")
    rationale: Text = Field(description="One sentence that says why the conclusions follow")
    when: When = Field(description="What must hold; {} for a standing rule")
    then: list[ConclusionForm] = Field(min_length=1, description="What follows")
    engineer: EngineerForm | None = Field(default=None, description="What no author says, each with the reason")


class RulesFile(Form):
    """The findings, actions, warnings and rules of one topic."""

    findings: dict[Name, Text] = Field(default={}, description="What each finding states: a clause")
    actions: dict[Name, Text] = Field(default={}, description="What each action advises: a sentence")
    serves: dict[Name, list[Reference]] = Field(
        default={}, description="The models that an action serves, unless it serves all of them"
    )
    warnings: dict[Name, Text] = Field(default={}, description="What each warning says: a sentence")
    rules: list[RuleForm] = Field(default=[], description="The rules")


KINDS: Final[dict[str, type[Form]]] = {
    "sources": SourcesFile,
    "claims": ClaimsFile,
    "facts": FactsFile,
    "models": ModelsFile,
    "rules": RulesFile,
}
"""The kinds of file."""
