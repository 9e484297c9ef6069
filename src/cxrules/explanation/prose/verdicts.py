"""What each article would say, who disagrees, and how strongly."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from cxrules.explanation.derivation import Derivation, Weighed, facts_clause
from cxrules.explanation.text.words import clause, count, join_clauses, name, title
from cxrules.language.facts import join_words
from cxrules.policy.decision import Decision
from cxrules.policy.dissent import Voice
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase

__all__ = ["ArticleVerdict", "list_verdicts", "tell_verdicts"]

_DEGREES = ((4, "strongly"), (2, "clearly"), (1, "mildly"))


@dataclass(frozen=True, slots=True)
class ArticleVerdict:
    """The verdict of one article on the outcome.

    Attributes:
        source: The article.
        stance: `agrees`, `disagrees`, `silent`, or `proposes` where no model is recommended.
        model: The model that its own rules favour, or None.
        text: The verdict as a sentence, with marks around names.
    """

    source: str
    stance: str
    model: str | None
    text: str


def list_verdicts(judge: Judge, decision: Decision, derivation: Derivation) -> tuple[ArticleVerdict, ...]:
    """Describe the verdict of each article in turn."""
    return tuple(
        _judge_voice(judge.rulebase, decision, derivation, voice)
        for voice in judge.reader.read("voices", decision).values()
    )


def _judge_voice(rulebase: RuleBase, decision: Decision, derivation: Derivation, voice: Voice) -> ArticleVerdict:
    here = voice.points_on_winner
    if voice.model is None:
        if here < 0:
            text = f"Has reservations ({_weigh(here)} the recommendation) but proposes nothing better."
            return ArticleVerdict(voice.source, "disagrees", None, text)
        return ArticleVerdict(voice.source, "silent", None, "Takes no side here.")
    model = str(voice.model)
    if model == decision.model:
        return ArticleVerdict(voice.source, "agrees", model, f"Agrees, with {count(here, 'point')} for it.")
    beside = f"; {_weigh(here)} the recommendation" if decision.model is not None else ""
    ground = _ground(derivation, voice.source, model)
    text = f"Would choose {name(rulebase, model)} ({_weigh(voice.points)} it{beside}){ground}."
    return ArticleVerdict(voice.source, "disagrees" if decision.model is not None else "proposes", model, text)


def _weigh(points: int) -> str:
    return f"{count(abs(points), 'point')} {'against' if points < 0 else 'for'}"


def tell_verdicts(judge: Judge, decision: Decision, derivation: Derivation) -> tuple[str, ...]:
    """Describe who agrees with the recommendation, who disagrees and how strongly, and who takes no side."""
    verdicts: Collection[Voice] = judge.reader.read("voices", decision).values()
    with_model = [voice for voice in verdicts if voice.model is not None]
    differing = [voice for voice in with_model if voice.model != decision.model]
    differing.sort(key=lambda voice: voice.points_on_winner - voice.points)
    return (
        *_tell_agreement(judge.rulebase, [voice for voice in with_model if voice.model == decision.model]),
        *[_tell_difference(judge.rulebase, decision, derivation, voice) for voice in differing],
        *_tell_others(judge.rulebase, [voice for voice in verdicts if voice.model is None]),
    )


def _tell_agreement(rulebase: RuleBase, agreeing: list[Voice]) -> Iterator[str]:
    by_degree: dict[str, list[str]] = {word: [] for _, word in _DEGREES}
    for voice in agreeing:
        by_degree[_degree(voice.points_on_winner)].append(title(rulebase, voice.source))
    groups = [(titles, word) for word, titles in by_degree.items() if titles]
    if groups:
        parts = [f"{join_words(titles)} {word} {_verb(titles, 'agrees', 'agree')}" for titles, word in groups]
        yield f"{join_clauses(parts)}."


def _tell_difference(rulebase: RuleBase, decision: Decision, derivation: Derivation, voice: Voice) -> str:
    model = str(voice.model)
    says = f"would choose {name(rulebase, model)}"
    if decision.model is not None:
        says = f"{_degree(voice.points - voice.points_on_winner)} disagrees and {says}"
    return f"{title(rulebase, voice.source)} {says}{_ground(derivation, voice.source, model)}."


def _ground(derivation: Derivation, source: str, model: str) -> str:
    """Describe why an article would choose another model, or why that is ruled out here."""
    ruled_out = derivation.case(model).excluded_by
    if ruled_out:
        first = ruled_out[0]
        because = facts_clause(first.roots()) or clause(first.rule.rationale)
        return f", which is ruled out here because {because}"
    best = _strongest(derivation, source, model)
    return f": {clause(best.step.rule.rationale)}" if best else ""


def _tell_others(rulebase: RuleBase, neither: Iterable[Voice]) -> Iterator[str]:
    against: list[str] = []
    silent: list[str] = []
    for voice in neither:
        (against if voice.points_on_winner < 0 else silent).append(title(rulebase, voice.source))
    if against:
        proposes = _verb(against, "has reservations but proposes", "have reservations but propose")
        yield f"{join_words(against)} {proposes} nothing better."
    if silent:
        yield f"{join_words(silent)} {_verb(silent, 'takes', 'take')} no side here."


def _strongest(derivation: Derivation, source: str, model: str) -> Weighed | None:
    items = [
        item
        for item in derivation.case(model).evidence
        if item.step.source.id == source and item.points > 0 and not item.step.rule.engineer.reading
    ]
    return max(items, key=lambda item: item.points, default=None)


def _degree(points: int) -> str:
    return next((word for least, word in _DEGREES if points >= least), _DEGREES[-1][1])


def _verb(subjects: list[str], singular: str, plural: str) -> str:
    return singular if len(subjects) == 1 else plural
