"""The checks: each a small function from a prover to findings, and a page in docs/verification.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import TypeAlias

from cxrules.verification.checks import conflicts
from cxrules.verification.checks import fact_uses as use
from cxrules.verification.checks import idle as vocabulary
from cxrules.verification.checks import redundant as overlap
from cxrules.verification.checks import unreachable as reach
from cxrules.verification.prover import Prover
from cxrules.verification.results import Finding

__all__ = ["CHECKS", "Check"]

Check: TypeAlias = Callable[[Prover], Iterator[Finding]]

CHECKS = MappingProxyType(
    {
        reach.DEAD_RULE: reach.dead_rules,
        reach.UNREACHABLE_FINDING: reach.unreachable_findings,
        reach.MODEL_NEVER_RECOMMENDED: reach.models_never_recommended,
        reach.PATTERN_NEVER_RECOGNISED: reach.patterns_never_recognised,
        reach.IDLE_PREFERENCE: reach.idle_preferences,
        conflicts.EXCLUDED_YET_ALONE: conflicts.excluded_yet_alone,
        conflicts.ARTICLE_AGAINST_ITSELF: conflicts.articles_against_themselves,
        conflicts.ALL_EXCLUDED: conflicts.all_excluded,
        overlap.SUBSUMED: overlap.subsumed_conclusions,
        overlap.DOUBLE_COUNTED: overlap.double_counted,
        overlap.IDLE_RULE: overlap.idle_rules,
        use.COLOURS_EXCLUDES: use.colours_that_exclude,
        use.COLOURS_SUFFICES: use.colours_that_suffice,
        use.ADVICE_DECIDES: use.advice_that_decides,
        vocabulary.IDLE_THRESHOLD: vocabulary.idle_thresholds,
        vocabulary.IDLE_VALUE: vocabulary.idle_values,
        vocabulary.IDLE_FACT: vocabulary.idle_facts,
    }
)
"""Every check by its code; expectations, which are data, are checked beside them."""
