"""Types that tell schemas what a text names or which range a number has; `str` and `float` to a type checker."""

from __future__ import annotations

from typing import Annotated, TypeAlias

__all__ = ["MODEL", "SIGNED", "UNSIGNED", "Certainty", "SignedCertainty"]

MODEL = "the name of a model"
UNSIGNED = (0, 1)
SIGNED = (-1, 1)

Certainty: TypeAlias = Annotated[float, UNSIGNED]
"""How certain something is, 0.0 to 1.0."""

SignedCertainty: TypeAlias = Annotated[float, SIGNED]
"""The certainty factor of a sum of points, -1.0 to 1.0."""
