"""The checks: each a small function from a prover to findings, and a page in docs/verification.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from cxrules.rulebase import RuleBase
from cxrules.verification.checks import conflicts
from cxrules.verification.checks import fact_uses as use
from cxrules.verification.checks import idle as vocabulary
from cxrules.verification.checks import redundant as overlap
from cxrules.verification.checks import unreachable as reach
from cxrules.verification.prover import Prover
from cxrules.verification.results import CheckFinding

__all__ = ["CHECKS", "Check", "count_subjects"]

Check: TypeAlias = Callable[[Prover], Iterator[CheckFinding]]

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
"""Every check by its code. Expectations, which are data, are checked as well."""

_SUBJECTS: Final[Mapping[str, Callable[[RuleBase], int]]] = {
    reach.DEAD_RULE: lambda base: len(base.rules),
    reach.UNREACHABLE_FINDING: lambda base: len(base.concluders),
    reach.PATTERN_NEVER_RECOGNISED: lambda base: len(base.patterns),
    **dict.fromkeys(
        (
            reach.MODEL_NEVER_RECOMMENDED,
            conflicts.EXCLUDED_YET_ALONE,
            use.COLOURS_EXCLUDES,
            use.COLOURS_SUFFICES,
            use.ADVICE_DECIDES,
        ),
        lambda base: len(base.models),
    ),
    conflicts.ARTICLE_AGAINST_ITSELF: lambda base: len(base.models) * len(base.sources),
    conflicts.ALL_EXCLUDED: lambda _: 1,
    overlap.IDLE_RULE: lambda base: sum(rule in base.bearing for rule in base.rules),
    vocabulary.IDLE_VALUE: vocabulary.count_values,
    vocabulary.IDLE_FACT: lambda base: len(base.vocabulary.facts),
}


def count_subjects(check: str, rulebase: RuleBase) -> int | None:
    """Return how many subjects a check has, if known before it is run; for idle rules and values, the most.

    Examples:
        >>> count_subjects("dead-rule", RuleBase.builtin()) == len(RuleBase.builtin().rules)
        True
    """
    counted = _SUBJECTS.get(check)
    return counted(rulebase) if counted else None
