"""Regions around witnesses: the facts that make something true, with everything else left open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cxrules.language.facts import Fact, Facts, Kind
from cxrules.verification.circuit import Bit, Possibility
from cxrules.verification.prover import Prover
from cxrules.verification.space import KNOWN, Regions

__all__ = ["WitnessRegion", "generalise"]

_UNKNOWN = "unknown"


@dataclass(frozen=True)
class WitnessRegion:
    """All organisations of which certain things are true, whatever else holds.

    Attributes:
        parts: For each fact that matters the labels that must be true of it, and those that must not. A label is a
            value, an element of a set, `?` for a set that is known, or the lowest number of a region of a percentage.
    """

    parts: Mapping[str, tuple[tuple[str, bool], ...]]

    def contains(self, labels: Mapping[str, Iterable[str]]) -> bool:
        """Return whether an organisation lies in it, given the labels that are true of each known fact."""
        return all(
            (label in labels.get(name, ())) is wanted for name, wants in self.parts.items() for label, wanted in wants
        )

    def describe(self, facts: Mapping[str, Fact], regions: Regions) -> dict[str, str]:
        """Describe the possible values of each fact that matters."""
        return {name: _describe(facts[name], dict(wants), regions) for name, wants in self.parts.items()}


def generalise(prover: Prover, known: Facts, excluded: Iterable[Bit]) -> tuple[WitnessRegion, Bit]:
    """Widen an organisation to a region that shares what is true of it.

    The excluded bits are false of the organisation and must stay false: in the region they cannot be true together.

    Returns:
        A region that cannot be widened by leaving out any one thing, and the bit that is true in it.
    """
    bits = prover.space.describe(known)
    excluded = list(excluded)
    core = list(bits)
    if prover.ask([*excluded, *bits.values()]) is Possibility.IMPOSSIBLE:
        core = [name for name, bit in bits.items() if prover.circuit.core([bit])]
        for name in list(core):
            rest = [other for other in core if other != name]
            if prover.ask([*excluded, *(bits[other] for other in rest)]) is Possibility.IMPOSSIBLE:
                core = rest
    parts: dict[str, list[tuple[str, bool]]] = {}
    for fact, label in core:
        true = label in prover.space.labels(fact, known[fact]) if fact in known else False
        parts.setdefault(fact, []).append((label, true))
    return WitnessRegion({fact: tuple(wants) for fact, wants in parts.items()}), prover.circuit.all_of(
        bits[name] for name in core
    )


def _describe(fact: Fact, wants: Mapping[str, bool], regions: Regions) -> str:
    if fact.kind is Kind.SET:
        words = [f"{'includes' if wanted else 'lacks'} {label}" for label, wanted in wants.items() if label != KNOWN]
        if KNOWN in wants:
            words.insert(0, "known" if wants[KNOWN] else _UNKNOWN)
        return ", ".join(words)
    if fact.kind is Kind.PERCENT:
        names = {str(region.start): f"{region.start:g} to below {region.end:g}" for region in regions[fact.name]}
    else:
        labels = ("true", "false") if fact.kind is Kind.FLAG else fact.names
        names = {label: label for label in labels}
    true = [names[label] for label, wanted in wants.items() if wanted]
    if true:
        return true[0]
    left = [name for label, name in names.items() if label not in wants]
    return " or ".join([*left, _UNKNOWN])
