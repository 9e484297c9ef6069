"""The decision: what the policy concludes from one set of fired rules, as plain data."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from cxrules.language.facts import Facts
from cxrules.policy.evidence import certainty

__all__ = ["Decision", "Reason", "Status"]


class Status(StrEnum):
    """How firm a decision is."""

    RECOMMENDED = "recommended"
    CONTESTED = "contested"
    UNDETERMINED = "undetermined"


class Reason(StrEnum):
    """The reason why no model is recommended."""

    NOTHING_KNOWN = "nothing_known"
    TOO_LITTLE = "too_little"
    ALL_EXCLUDED = "all_excluded"


class Decision(NamedTuple):
    """What the policy concludes from one set of fired rules.

    Attributes:
        known: The validated facts.
        fired: The fired rules, as the bits of an int in the order of `rulebase.rule_ids`.
        model: The recommended model, or None.
        status: How firmly it is recommended.
        reason: Why there is no model, or None.
        points: The points of the model; 0 without one.
        runner_up: The next candidate that no preference sets aside, or None.
        lead: By how many points the model leads the runner-up; its own points when there is none.
    """

    known: Facts
    fired: int
    model: str | None
    status: Status
    reason: Reason | None
    points: int
    runner_up: str | None
    lead: int

    @property
    def certainty(self) -> float:
        """The certainty of the evidence for the model: 0.0 to 1.0."""
        return certainty(self.points)
