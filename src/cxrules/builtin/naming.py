"""The name of a model, wherever an answer has one: a member of the enum where the built-in rule base has that model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias, cast, overload

from cxrules.builtin.models import OwnershipModel
from cxrules.language.schema_types import MODEL

__all__ = ["ModelName", "as_model"]

if TYPE_CHECKING:
    ModelName: TypeAlias = OwnershipModel
else:
    ModelName = Annotated[str, MODEL]
"""In a schema one of an enum; to a type checker the enum. A rule base with its own models has plain strings."""


@overload
def as_model(name: str) -> OwnershipModel: ...


@overload
def as_model(name: str | None) -> OwnershipModel | None: ...


def as_model(name: str | None) -> OwnershipModel | None:
    """Return the name of a model as a member of the enum, or as it is where a rule base has its own models.

    Examples:
        >>> as_model("cxo_owned"), as_model("gardener"), as_model(None)
        (<OwnershipModel.cxo_owned: 'cxo_owned'>, 'gardener', None)
    """
    if name is None:
        return None
    return OwnershipModel.__members__.get(name) or cast("OwnershipModel", name)
