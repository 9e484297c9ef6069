"""What each article would say, who disagrees, and how strongly."""

from __future__ import annotations

from collections.abc import Iterable

from cxrules.decision import Decision, Judge
from cxrules.explanation.derivation import Derivation, Weighed
from cxrules.explanation.words import cite, name, reason, title
from cxrules.facts import join_words
from cxrules.ranking import Voice, voices

__all__ = ["tell_verdicts"]

_STRONGLY = 4
_CLEARLY = 2


def tell_verdicts(judge: Judge, decision: Decision, derivation: Derivation) -> str:
    """Tell who agrees with the recommendation, who disagrees and how strongly, and who takes no side."""
    verdicts = voices(judge.decider, decision)
    agree = [voice for voice in verdicts.values() if voice.model is not None and voice.model == decision.model]
    differ = [voice for voice in verdicts.values() if voice.model is not None and voice.model != decision.model]
    neither = [voice for voice in verdicts.values() if voice.model is None]
    differ.sort(key=lambda voice: voice.points_on_winner - voice.points)
    told = [_tell_agreement(judge, agree)] if agree else []
    told += [_tell_difference(judge, derivation, voice) for voice in differ]
    told += _tell_others(judge, derivation, neither)
    return " ".join(told)


def _tell_agreement(judge: Judge, voices_: list[Voice]) -> str:
    ordered = sorted(voices_, key=lambda voice: -voice.points_on_winner)
    agreeing = [f"{title(judge.rulebase, voice.source)} {_degree(voice.points_on_winner)}" for voice in ordered]
    return f"{join_words(agreeing)} {'agrees' if len(agreeing) == 1 else 'agree'} with this."


def _tell_difference(judge: Judge, derivation: Derivation, voice: Voice) -> str:
    rulebase = judge.rulebase
    distance = voice.points - voice.points_on_winner
    said = f"{title(rulebase, voice.source)} disagrees {_degree(distance)} and would choose {name(rulebase, str(voice.model))}"
    best = _strongest(derivation, voice.source, str(voice.model))
    return f"{said}: {best.step.rule.rationale.rstrip('. ')}." if best else f"{said}."


def _tell_others(judge: Judge, derivation: Derivation, neither: list[Voice]) -> Iterable[str]:
    against, silent = [], []
    for voice in neither:
        (against if voice.points_on_winner < 0 else silent).append(title(judge.rulebase, voice.source))
    if against:
        yield f"{join_words(against)} {'has' if len(against) == 1 else 'have'} reservations and no better proposal."
    if silent:
        yield f"{join_words(silent)} {'takes' if len(silent) == 1 else 'take'} no side here."


def _strongest(derivation: Derivation, source: str, model: str) -> Weighed | None:
    items = [item for item in derivation.case(model).evidence if item.step.source.id == source and item.points > 0]
    return max(items, key=lambda item: item.points, default=None)


def _degree(points: int) -> str:
    return "strongly" if points >= _STRONGLY else "clearly" if points >= _CLEARLY else "mildly"
