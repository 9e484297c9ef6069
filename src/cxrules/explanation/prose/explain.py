"""Explains a decision in prose, briefly or in full."""

from __future__ import annotations

from typing import Literal

from cxrules.arguments import check_count
from cxrules.document import Block, to_markdown, to_plain
from cxrules.errors import no_such
from cxrules.explanation.prose.brief import write_brief
from cxrules.explanation.prose.full import write_full
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge

__all__ = ["explain", "explain_in_markdown"]


def explain(
    judge: Judge,
    decision: Decision,
    detail: Literal["brief", "full"] = "brief",
    width: int | None = None,
    *,
    searches: bool = True,
) -> str:
    """Explain a decision in plain text.

    With a width of None every paragraph and entry stays on one line. Without `searches` it does not look for what to
    find out and what would change the answer.

    Raises:
        ValueError: If `detail` is neither `brief` nor `full`, or the width not a whole number from 1.
    """
    if width is not None:
        width = check_count("the width of a text", width)
    return to_plain(_write(judge, decision, detail, searches=searches), width)


def explain_in_markdown(
    judge: Judge, decision: Decision, detail: Literal["brief", "full"] = "brief", *, searches: bool = True
) -> str:
    """Explain a decision in Markdown; see `explain`.

    Raises:
        ValueError: If `detail` is neither `brief` nor `full`.
    """
    return to_markdown(_write(judge, decision, detail, searches=searches))


def _write(judge: Judge, decision: Decision, detail: str, *, searches: bool = True) -> tuple[Block, ...]:
    if not isinstance(detail, str):
        raise no_such("detail", detail, ("brief", "full"))
    if detail == "brief":
        return write_brief(judge, decision, searches=searches)
    if detail == "full":
        return write_full(judge, decision, searches=searches)
    raise no_such("detail", detail, ("brief", "full"))
