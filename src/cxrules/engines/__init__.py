"""Engines answer one question: which rules fire for these facts? All that follows is shared code that no engine knows.

An engine is built from a rule base and answers `match(known)`: the fired rules as the bits of an int, bit `i` for the
rule at index `i` of `rulebase.rule_ids`. A new engine is one file and one line in `ENGINES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from cxrules.errors import no_such
from cxrules.language.facts import Facts
from cxrules.rulebase import RuleBase

__all__ = ["ENGINES", "Engine", "create_engine", "mask_of", "places_of", "unite"]


def mask_of(places: Iterable[int]) -> int:
    """Return the int with these bits."""
    mask = 0
    for place in places:
        mask |= 1 << place
    return mask


def places_of(mask: int) -> Iterator[int]:
    """Return which bits an int has, the lowest first.

    Examples:
        >>> list(places_of(mask_of([5, 0, 3])))
        [0, 3, 5]
    """
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def unite(masks: Iterable[int]) -> int:
    """Return the int with the bits of all of these."""
    united = 0
    for mask in masks:
        united |= mask
    return united


@runtime_checkable
class Engine(Protocol):
    """The interface of every engine. Threads may share an engine."""

    name: str
    rulebase: RuleBase

    def match(self, known: Facts) -> int:
        """Return the least fixpoint: the rules that fire for validated facts, as the bits of an int."""
        ...


ENGINES = MappingProxyType(
    {
        "bitmap": "cxrules.engines.bitmap:BitmapEngine",
        "experta": "cxrules.engines.experta:ExpertaEngine",
    }
)
"""The engines by name, as `module:class`; a module is imported when its engine is first asked for."""


def create_engine(name: str, rulebase: RuleBase) -> Engine:
    """Compile a rule base for an engine.

    Raises:
        ValueError: If there is no such engine.
        ImportError: If the engine needs an extra that is not installed.
    """
    if name not in ENGINES:
        raise no_such("engine", name, tuple(ENGINES))
    module, _, attribute = ENGINES[name].partition(":")
    engine: Engine = getattr(import_module(module), attribute)(rulebase)
    return engine
