"""The questions one can ask a recommendation. Each is answered when asked, by the modules of `explanation`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from cxrules.decision import Decision, Judge

__all__ = ["Detail", "Inquiry"]

Detail: TypeAlias = Literal["brief", "full"]
"""How much an explanation says."""


class Inquiry:
    """What offers the questions: whoever has a judge and a decision of his.

    Every question raises `MissingRuleBase` when it is put to a copy whose rule base is not at hand.
    """

    __slots__ = ()

    @property
    def judge(self) -> Judge:
        """The engine and policy that decided."""
        raise NotImplementedError

    @property
    def decision(self) -> Decision:
        """The decision."""
        raise NotImplementedError

    def explain(self, detail: Detail = "brief") -> str:
        """Explain the recommendation in plain text.

        Args:
            detail: `brief` for the outcome, the decisive reasons, the contrast, who disagrees and what is unknown;
                `full` for everything behind it.
        """
        from cxrules import explanation  # noqa: PLC0415 - prose is written when asked for

        return explanation.explain(self.judge, self.decision, detail)
