"""The content of the page and of the report, as data, so that both use the same words and order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cxrules.explanation.derivation import Case, Derivation
from cxrules.explanation.next_questions import NextQuestions
from cxrules.explanation.prose.actions import rank_actions, tell_patterns
from cxrules.explanation.prose.brief import tell_outcome
from cxrules.explanation.prose.reasons import choose_reasons, tell_contrast, tell_exclusions
from cxrules.explanation.prose.verdicts import ArticleVerdict, list_verdicts
from cxrules.explanation.text.words import count, sentence
from cxrules.explanation.trace import trace
from cxrules.language.facts import join_words
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge

__all__ = ["Sheet", "make_sheet", "tell_outlook", "tell_place"]

POINTS: Final = (
    "Each argument counts for or against a model with one to three points, by how firmly its author puts it."
)
"""The explanation of points."""

_LIKELY = 0.9
_NEARLY_ALL = 0.99
_FEW = 2
_MANY = 20


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything about a decision that needs no search, in words. Texts have marks around names and titles.

    Attributes:
        outcome: The outcome in one sentence.
        certainty: How certain the evidence is, and what that means; empty if nothing is recommended.
        heading: The heading of the reasons.
        reasons: The deciding reasons, by rule.
        contrast: Why the closest other model is not recommended.
        actions: What to do, by name, the most important first.
        beware: What to beware of: patterns recognised, then warnings.
        verdicts: What each article says.
        cases: Every model, best first.
        answers: What is known, as questions and answers.
    """

    outcome: str
    certainty: str
    heading: str
    reasons: dict[str, str]
    contrast: str
    actions: dict[str, str]
    beware: tuple[str, ...]
    verdicts: tuple[ArticleVerdict, ...]
    cases: tuple[Case, ...]
    answers: tuple[tuple[str, str], ...]


def make_sheet(judge: Judge, decision: Decision) -> Sheet:
    """Make the sheet of a decision."""
    rulebase = judge.rulebase
    derivation = trace(judge, decision)
    excluders = tell_exclusions(judge, derivation)
    reasons = excluders or choose_reasons(judge, decision, derivation)
    verdicts = list_verdicts(judge, decision, derivation)
    contradictory = {each.id for each in rulebase.incoherences(decision.known)}  # reported before anything else
    warnings = [each.text for each in judge.reader.read("warnings", decision) if each.id not in contradictory]
    return Sheet(
        outcome=tell_outcome(rulebase, derivation),
        certainty=_tell_certainty(decision, derivation, verdicts),
        heading="What rules them out" if excluders else "Why",
        reasons=reasons,
        contrast=tell_contrast(judge, decision, derivation, reasons),
        actions={name: rulebase.actions[name] for name in rank_actions(judge, decision, reasons)},
        beware=(*tell_patterns(judge, decision), *warnings),
        verdicts=verdicts,
        cases=derivation.cases,
        answers=tuple(
            [
                (fact.question, sentence(fact.state(decision.known[name])))
                for name, fact in rulebase.vocabulary.facts.items()
                if name in decision.known
            ]
        ),
    )


def _tell_certainty(decision: Decision, derivation: Derivation, verdicts: Sequence[ArticleVerdict]) -> str:
    if decision.model is None:
        return ""
    points = count(derivation.case(decision.model).points, "point")
    said = [
        f"The certainty of the evidence is {decision.certainty:.0%}.",
        f"It measures what speaks for this owner minus what speaks against it ({points} in all); it is not a vote.",
    ]
    stances = Counter(verdict.stance for verdict in verdicts)
    if stances["disagrees"]:
        counted = [
            f"{count(stances[stance], 'article')} {singular if stances[stance] == 1 else plural}"
            for stance, singular, plural in _STANCES
            if stances[stance]
        ]
        said.append(
            f"{sentence(join_words(counted))} An article that would choose another owner lowers the certainty only by "
            "what it says against this one; what it says for the other counts there."
        )
    return " ".join(said)


_STANCES = (
    ("agrees", "agrees", "agree"),
    ("disagrees", "disagrees", "disagree"),
    ("silent", "takes no side", "take no side"),
)


def tell_place(case: Case, model: str | None) -> str:
    """Describe where the policy ranks a model.

    Args:
        case: The case for and against it.
        model: The recommended model, or None.
    """
    if case.model.id == model:
        return "Recommended"
    if case.excluded_by:
        return "Ruled out"
    if case.missing:
        return "A requirement is not met"
    if case.set_aside_by:
        return "Set aside for another"
    return "A candidate" if case.candidate else "Too little speaks for it"


def tell_outlook(following: NextQuestions, known: int, *, skipped: bool = False) -> str:
    """Describe whether enough is known, or how many more answers would be enough.

    Args:
        following: What can still be asked.
        known: How many facts are known.
        skipped: Whether some were asked for but stay unknown.
    """
    left = len(following.questions)
    if not left:
        if following.model is None:
            return "No answer that is still missing can lead to a recommendation."
        settled = "Settled: no answer to a question that is left can change the recommendation"
        return f"{settled}; what was answered with “Don't know” may." if skipped else f"{settled}."
    usually = "fewer than half of them" if left >= _MANY else "fewer"
    settles = f"at most {count(left, 'more answer')}{f', usually {usually},' if left > _FEW else ''} will settle it"
    if not known:
        return f"The first few answers bring a recommendation; {settles}."
    if following.model is None:
        return f"Not enough for a recommendation yet; {settles}."
    share = following.prospects.get(following.model, 0.0)
    if not following.prospects or share < _LIKELY:
        stays = f"it stays in about {share:.0%} of the ways in which the rest may be answered; "
        return f"Not settled yet: {stays if following.prospects else ''}{settles}."
    stays = "nearly all" if share > _NEARLY_ALL else f"about {share:.0%}"
    return f"Enough to go on: it stays in {stays} of the ways in which the rest may be answered; {settles}."
