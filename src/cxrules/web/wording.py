"""How the page shows facts, rules and answers, in words and as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cxrules.document import unmark
from cxrules.explanation.prose.brief import tell_outcome
from cxrules.explanation.prose.rules import tell_conclusion, tell_condition
from cxrules.explanation.prose.sheet import tell_place
from cxrules.language.facts import Fact, FactValue, Kind, Vocabulary, join_words
from cxrules.language.plain import make_plain
from cxrules.language.rules import Rule

if TYPE_CHECKING:
    from cxrules.recommendation.answer import Recommendation
    from cxrules.rulebase import RuleBase

__all__ = [
    "describe_answer",
    "describe_question",
    "describe_rule",
    "split_paragraphs",
    "summarise",
]

_Plain = dict[str, Any]


def describe_rule(rulebase: RuleBase, rule: Rule) -> _Plain:
    """Return a rule in words, with the claims of its article."""
    claims = [rulebase.claims[name] for name in rule.because]
    engineer = rule.engineer
    return {
        "id": rule.id,
        "rationale": rule.rationale,
        "when": [tell_condition(rulebase, condition) for condition in rule.when],
        "then": [tell_conclusion(rulebase, each) for each in rule.then],
        "claims": [
            {
                "id": claim.id,
                "says": claim.says,
                "tone": claim.tone.name.lower(),
                "title": rulebase.sources[claim.source].title,
                "author": rulebase.sources[claim.source].author,
                "paragraphs": "paragraph " + join_words([str(number) for number in claim.paragraphs]),
            }
            for claim in claims
        ],
        "engineer": [text for text in (engineer.threshold, engineer.evidence, engineer.points_reason) if text],
    }


def describe_answer(vocabulary: Vocabulary, name: str, value: FactValue | None) -> str:
    """Return a value as the short answer to its question."""
    fact = vocabulary[name]
    if value is None:
        return "not known"
    if fact.kind is Kind.PERCENT:
        return f"{value}%"
    labels = {each.name: each.label for each in fact.values}
    if isinstance(value, tuple):
        return join_words([labels[element] for element in value]) if value else "none of them"
    return labels[str(value).lower() if isinstance(value, bool) else str(value)]


def describe_question(fact: Fact) -> _Plain:
    """Return a fact as the page asks it."""
    return {
        "name": fact.name,
        "label": fact.label or fact.topic,
        "question": fact.question,
        "help": fact.help,
        "kind": str(fact.kind),
        "values": [{"name": value.name, "label": value.label} for value in fact.values],
    }


def summarise(advice: Recommendation) -> _Plain:
    """Return the outcome of a decision: the model, how certain it is, and how every other model is placed."""
    rulebase = advice.rulebase
    derivation = advice.why()
    return {
        "model": None if advice.model is None else str(advice.model),
        "name": advice.name,
        "status": str(advice.status),
        "certainty": advice.certainty,
        "outcome": unmark(tell_outcome(rulebase, derivation)),
        "known": len(advice.facts),
        "facts": {name: make_plain(value) for name, value in advice.facts.items()},
        "ranking": [
            {
                "model": case.model.id,
                "name": case.model.name,
                "points": case.points,
                "place": tell_place(case, derivation.model),
            }
            for case in derivation.cases
        ],
    }


def split_paragraphs(text: str) -> list[_Plain]:
    """Return the paragraphs of a text, each with the bullet points below it."""
    parts = [part.strip().split("\n- ") for part in text.split("\n\n") if part.strip()]
    return [{"text": said, "items": items} for said, *items in parts]
