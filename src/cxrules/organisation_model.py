"""The facts of a vocabulary as a pydantic model, for the parameter of a web endpoint or the schema of a tool.

`cxrules.Organisation` is the model of the built-in vocabulary, written by a generator so that type checkers know it.
`make_organisation_model` makes the model of any other vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from cxrules.errors import InvalidOrganisation
from cxrules.language.facts import Fact, Kind, Vocabulary

__all__ = ["OrganisationModel", "Percent", "describe_fact", "make_organisation_model", "title_fact"]

_LEADS = {Kind.ORDERED: "From least to most: ", Kind.CHOICE: "One of: ", Kind.FLAG: "", Kind.SET: "Any of: "}


def _normalise_percent(value: float) -> int | float:
    return int(value) if value.is_integer() else value


Percent: TypeAlias = Annotated[float, Field(ge=0, le=100), AfterValidator(_normalise_percent)]
"""A number from 0 to 100; a whole one becomes an int, as in the vocabulary's own normal form."""


class OrganisationModel(BaseModel, frozen=True):  # as an argument, so that type checkers know it
    """Base of the models that hold what is known about an organisation.

    It accepts exactly what `Vocabulary.validate` accepts, and reports mistakes in the same words. It is frozen.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    @classmethod
    def _vocabulary(cls) -> Vocabulary:
        raise NotImplementedError

    @model_validator(mode="wrap")
    @classmethod
    def _examine(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, Mapping):
            return handler(data)
        try:
            known = cls._vocabulary().validate(data, doubt=False)  # it is questioned once it is decided on
        except InvalidOrganisation as error:
            raise _translate(cls.__name__, data, error) from None
        # A field given as None was given, and counts among `model_fields_set`.
        return handler({name: None for name, value in data.items() if value is None} | known)

    def __repr_args__(self) -> Iterable[tuple[str, Any]]:
        """Return what is known: most of many facts are not."""
        return [(name, value) for name, value in self if value is not None]


def make_organisation_model(vocabulary: Vocabulary, name: str = "Organisation") -> type[OrganisationModel]:
    """Make the pydantic model of a vocabulary, as `cxrules.Organisation` is for the built-in one.

    Args:
        vocabulary: The facts, such as `rulebase.vocabulary`.
        name: The name of the model, also in its JSON Schema.

    Returns:
        A new class. Its instances are what `Advisor.recommend` takes.

    Raises:
        ValueError: If a fact has a name that pydantic reserves, such as `json`.

    Examples:
        >>> from cxrules import RuleBase
        >>> Organisation = make_organisation_model(RuleBase.builtin().vocabulary)
        >>> Organisation(maturity="early").maturity
        'early'
    """
    taken = [fact for fact in vocabulary.facts if hasattr(OrganisationModel, fact)]
    if taken:
        raise ValueError(f"pydantic reserves these names: {', '.join(taken)}")

    class OfVocabulary(OrganisationModel, frozen=True):
        @classmethod
        def _vocabulary(cls) -> Vocabulary:
            return vocabulary

    fields: dict[str, Any] = {fact.name: (_annotate(fact) | None, _field(fact)) for fact in vocabulary.facts.values()}
    doc = "What is known about an organisation; what is left out, or null, is unknown."
    model: type[OrganisationModel] = create_model(name, __base__=OfVocabulary, __doc__=doc, **fields)
    return model


def title_fact(fact: Fact) -> str:
    """Return a short title: the fact's topic, with a capital."""
    return fact.topic[:1].upper() + fact.topic[1:]


def describe_fact(fact: Fact) -> str:
    """Return the question of a fact, with its values and their labels, for readers who see only the JSON Schema."""
    labels = "; ".join(f"{value.name} = {value.label}" for value in fact.values)
    return f"{fact.question} {_LEADS[fact.kind]}{labels}." if labels else fact.question


def _field(fact: Fact) -> Any:
    return Field(default=None, title=title_fact(fact), description=describe_fact(fact))


def _annotate(fact: Fact) -> Any:
    if fact.kind is Kind.FLAG:
        return bool
    if fact.kind is Kind.PERCENT:
        return Percent
    names: Any = Literal.__getitem__(fact.names)
    return tuple.__class_getitem__((names, ...)) if fact.kind is Kind.SET else names


def _translate(title: str, data: Mapping[str, Any], error: InvalidOrganisation) -> ValidationError:
    """Return diagnostics as pydantic's line errors."""
    lines = []
    for diagnostic in error.diagnostics:
        message = f"{diagnostic.message}; {diagnostic.hint}" if diagnostic.hint else diagnostic.message
        (name,) = diagnostic.location.path
        # Without a context a message is used verbatim, braces and all.
        mistake = PydanticCustomError(diagnostic.code, message)
        lines.append(InitErrorDetails(type=mistake, loc=(name,), input=data.get(name)))
    return ValidationError.from_exception_data(title, lines)
