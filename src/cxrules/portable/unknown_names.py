"""Whether the data of an answer names only what its rule base has, as data from outside need not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cxrules.errors import SHOWN, InvalidOrganisation, no_such
from cxrules.rulebase import RuleBase

__all__ = ["find_unknown_names"]

_NAMING: Final = {
    "model": "models",
    "target": "models",
    "winner": "models",
    "over": "models",
    "runner_up": "models",
    "rule": "rules",
    "fired": "rules",
    "excluded_by": "rules",
    "set_aside_by": "rules",
    "source": "sources",
    "carrier": "claims",
    "claim": "claims",
    "claims": "claims",
    "cites": "claims",
    "support": "claims",
    "dissent": "claims",
    "finding": "findings",
    "findings": "findings",
    "fact": "facts",
    "wanted": "facts",
}
"""The fields that name parts of a rule base, one or several."""

_FACTS: Final = ("facts", "changes", "assumed")
"""The fields that map facts to values."""


def find_unknown_names(data: Any, rulebase: RuleBase) -> list[str]:
    """Return what in the data of an answer names nothing in its rule base, each with what was probably meant.

    Of a great many, the first are returned.
    """
    known: dict[str, tuple[str, ...]] = {
        "models": tuple(rulebase.models),
        # Where a contradiction was asked about, it stands for a rule.
        "rules": (*rulebase.rules, *(entry.id for entry in rulebase.impossible)),
        "sources": tuple(rulebase.sources),
        "claims": tuple(rulebase.claims),
        "findings": tuple(rulebase.findings),
        "facts": tuple(rulebase.vocabulary.facts),
    }
    found: dict[str, None] = {}
    for mistake in _look(data, known, rulebase):
        found[mistake] = None
        if len(found) == SHOWN:
            return [*found, "… and perhaps more"]
    return list(found)


def _look(data: Any, known: Mapping[str, tuple[str, ...]], rulebase: RuleBase) -> Iterator[str]:
    waiting = [data]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            # A fact may be called as any field is.
            waiting += [value for name, value in part.items() if name not in ("texts", "rulebase", *_FACTS)]
            waiting += [value for name in _FACTS if isinstance(value := part.get(name), list)]
            for name, value in part.items():
                names = known.get(_NAMING.get(name, ""), ())
                for each in (value if isinstance(value, list) else [value]) if names else ():
                    if isinstance(each, str) and each not in names and each not in _nothing(name, part):
                        yield f"{name}: {no_such(_NAMING[name].removesuffix('s'), each, names)}"
            yield from _check_facts(part, rulebase)


def _nothing(name: str, part: dict[str, Any]) -> tuple[str, ...]:
    """Return what says in a field that there is nothing to name."""
    return ("",) if name == "finding" or "condition" in part else ()


def _check_facts(part: dict[str, Any], rulebase: RuleBase) -> Iterator[str]:
    given = [value for name in _FACTS if isinstance(value := part.get(name), dict)]
    fact = part.get("fact")
    if isinstance(fact, str) and fact in rulebase.vocabulary.facts:
        given += [{fact: answer.get("value")} for answer in (part, *part.get("answers", ()))]
    for each in given:
        try:
            rulebase.vocabulary.validate(each, doubt=False)
        except InvalidOrganisation as error:
            yield from map(str, error.diagnostics)
