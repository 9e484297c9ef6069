"""The full explanation: every model with all its evidence, every rule that fired, every claim behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cxrules.document import Block, Items, Paragraph, Section, mark_title
from cxrules.explanation.contradictions import tell_contradictions
from cxrules.explanation.counterfactuals import counterfactuals
from cxrules.explanation.derivation import Case, Derivation, Established, Step, Weighed, facts_clause, reason
from cxrules.explanation.next_questions import next_questions
from cxrules.explanation.prose.brief import tell_outcome
from cxrules.explanation.prose.verdicts import tell_verdicts
from cxrules.explanation.text.words import count, join_names, lower_first, name, paragraphs, sentence
from cxrules.explanation.trace import trace
from cxrules.explanation.why_not import Obstacle, rebut, why_not
from cxrules.language.rules import Claim, Effect
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge

__all__ = ["write_full"]

# These obstacles are covered by the lists that follow; the others are explained in full.
_PLACES = {
    Obstacle.EXCLUDED: "It is ruled out.",
    Obstacle.NO_EVIDENCE: "The evidence is not in its favour.",
    Obstacle.TOO_LITTLE_EVIDENCE: "Too little of the evidence for it is specific to this organisation.",
    Obstacle.SET_ASIDE: "It would be acceptable, but another ranks above it.",
    Obstacle.OUTWEIGHED: "It is outweighed.",
}


def write_full(judge: Judge, decision: Decision, *, searches: bool = True) -> tuple[Block, ...]:
    """Write the full explanation."""
    derivation = trace(judge, decision, complete=True)
    writer = _Writer(judge, decision, derivation)
    sections = (
        ("The outcome", writer.outcome()),
        ("What is known", writer.facts()),
        ("What follows from it", writer.findings()),
        *writer.models(),
        ("What the articles would say", writer.verdicts()),
        ("What else is recognised", writer.recognised()),
        ("What to do", writer.advice(Effect.ACTION, judge.rulebase.actions)),
        ("Risks to watch", writer.warnings()),
        ("What else applies", writer.rest()),
        ("What is not known", writer.unknown() if searches else ()),
        ("What would change it", writer.changes() if searches else ()),
        ("Sources", writer.sources()),
    )
    return tuple(Section(heading, tuple(blocks)) for heading, blocks in sections if blocks)


class _Writer:
    """Writes the sections about one decision, and keeps track of the rules already explained."""

    def __init__(self, judge: Judge, decision: Decision, derivation: Derivation) -> None:
        self._judge = judge
        self._rulebase = judge.rulebase
        self._decision = decision
        self._derivation = derivation
        self._steps = {step.rule.id: step for step in derivation.steps()}
        self._told: set[str] = set()

    def outcome(self) -> tuple[Block, ...]:
        contradictions = tell_contradictions(self._judge, self._decision)
        text = tell_outcome(self._rulebase, self._derivation)
        if self._decision.model is not None:
            text += f" The certainty of the evidence for it is {self._decision.certainty:.2f}."
        return (*contradictions, Paragraph(text))

    def facts(self) -> tuple[Block, ...]:
        stated = tuple(sentence(given.states) for given in self._derivation.facts)
        return (Items("", stated),) if stated else (Paragraph("No fact is known."),)

    def findings(self) -> tuple[Block, ...]:
        found: dict[str, Established] = {}
        for step in self._steps.values():
            found.update({finding.finding: finding for finding in step.findings})
        for case in self._derivation.cases:
            found.update({finding.finding: finding for finding in case.met})
        texts = [
            " ".join((sentence(found[finding].states), *(self._tell(step) for step in found[finding].steps)))
            for finding in self._rulebase.findings
            if finding in found
        ]
        return (Items("", tuple(texts)),) if texts else ()

    def models(self) -> Iterator[tuple[str, tuple[Block, ...]]]:
        for case in self._derivation.cases:
            yield f"The case of {name(self._rulebase, case.model.id)}", tuple(self._tell_case(case))

    def verdicts(self) -> tuple[Block, ...]:
        if not self._decision.known:
            return ()
        blocks: list[Block] = [Items("", tell_verdicts(self._judge, self._decision, self._derivation))]
        claims = [self._rulebase.claims[claim] for claim in self._judge.reader.read("dissent", self._decision)]
        if claims:
            texts = tuple(f"{_open_end(claim.says)} ({self._cite(claim)})." for claim in claims)
            blocks.append(Items("What speaks against the recommendation, or for what ranks below it", texts))
        return tuple(blocks)

    def recognised(self) -> tuple[Block, ...]:
        named = {**self._rulebase.patterns, **self._rulebase.accompaniments}
        texts = [
            f"{sentence(f'{named[target].name}: {named[target].says}')} {self._tell_all(steps)}"
            for effect in (Effect.RECOGNISES, Effect.ACCOMPANIES)
            for target, steps in self._by_target(effect).items()
        ]
        return (Items("", tuple(texts)),) if texts else ()

    def advice(self, effect: Effect, wording: Mapping[str, str]) -> tuple[Block, ...]:
        texts = [
            f"{wording[target]} {self._tell_all(steps)}"
            for target, steps in self._by_target(effect).items()
            if effect is not Effect.ACTION or self._rulebase.serves_model(target, self._decision.model)
        ]
        return (Items("", tuple(texts)),) if texts else ()

    def kept_back(self) -> tuple[Block, ...]:
        """Return the advice that rests on a fact but serves a model other than the recommended one."""
        model, serves = self._decision.model, self._rulebase.serves
        texts = [
            f"{self._rulebase.actions[action]} This serves {join_names(self._rulebase, serves[action], 'or')}. "
            f"{self._tell_all(steps)}"
            for action, steps in self._by_target(Effect.ACTION).items()
            if not self._rulebase.serves_model(action, model) and any(facts_clause(step.roots()) for step in steps)
        ]
        return (Items("Advice that would serve another owner", tuple(texts)),) if texts else ()

    def warnings(self) -> tuple[Block, ...]:
        return self.advice(Effect.WARNING, self._rulebase.warnings)

    def rest(self) -> tuple[Block, ...]:
        texts = [
            self._tell(step)
            for rule, step in self._steps.items()
            if rule not in self._told and facts_clause(step.roots())
        ]
        return (Items("", tuple(texts)),) if texts else ()

    def unknown(self) -> tuple[Block, ...]:
        return next_questions(self._judge, self._decision).tell()

    def changes(self) -> tuple[Block, ...]:
        return (*counterfactuals(self._judge, self._decision).tell(), *self.kept_back())

    def sources(self) -> tuple[Block, ...]:
        cited = {claim.id: claim for step in self._steps.values() for claim in step.claims}
        by_source: dict[str, list[str]] = {source: [] for source in self._rulebase.sources}
        for claim in (cited[claim] for claim in self._rulebase.claims if claim in cited):
            by_source[claim.source].append(f"{sentence(claim.says)} ({sentence(paragraphs([claim]))})")
        sources = self._rulebase.sources
        return tuple(
            Items(f"{mark_title(sources[source].title)} ({sources[source].author})", tuple(claims))
            for source, claims in by_source.items()
            if claims
        )

    def _tell_case(self, case: Case) -> Iterator[Block]:
        yield Paragraph(f"{sentence(case.model.says)} {self._place(case)} {_sum_up(case)}")
        if case.evidence:
            yield Items("The evidence", tuple(self._weigh(item) for item in case.evidence))
        again = [self._tell(step) for step in self._list_again(case)]
        if again:
            yield Items("Resting on claims that are already counted", tuple(again))
        if case.excluded_by:
            yield Items("What rules it out", tuple(self._tell(step) for step in case.excluded_by))
        if case.set_aside_by:
            yield Items("What ranks another above it", tuple(self._tell(step) for step in case.set_aside_by))
        met = [sentence(finding.states) for finding in case.met]
        if met:
            yield Items("Requirements that are met", tuple(met))
        if case.missing:
            yield Items("Requirements that are not met", tuple(sentence(states) for _, states in case.missing))

    def _list_again(self, case: Case) -> list[Step]:
        """Return the rules whose evidence for or against a model is already counted through the same claim."""
        decider, counted = self._judge.decider, {item.step.rule.id for item in case.evidence}
        return [
            self._steps[item.rule]
            for item in decider.evidence
            if item.model == case.model.id and item.rule not in counted and decider.has(self._decision.fired, item.rule)
        ]

    def _place(self, case: Case) -> str:
        objection = why_not(self._judge, self._decision, case.model.id, self._derivation)
        if objection.kind is None:
            return "It is the recommendation."
        return _PLACES.get(objection.kind) or rebut(self._judge, objection)

    def _weigh(self, item: Weighed) -> str:
        side = "for" if item.points > 0 else "against"
        weight = count(abs(item.points), "point")
        return f"{sentence(f'{weight} {side} it')} {self._tell(item.step)}"

    def _tell_all(self, steps: Iterable[Step]) -> str:
        return " ".join(self._tell(step) for step in steps)

    def _tell(self, step: Step) -> str:
        """Return a rule as a reason, with the engineer's additions to the article."""
        self._told.add(step.rule.id)
        engineer = step.rule.engineer
        added = [
            f"{what}: {lower_first(why)}"
            for what, why in (
                ("the boundary is the engineer's", engineer.threshold),
                ("the engineer counts it as evidence", engineer.evidence),
                ("the weight is the engineer's", engineer.points_reason),
                ("the reading is the engineer's", engineer.reading),
            )
            if why
        ]
        return " ".join((reason(step), *(sentence(text) for text in added)))

    def _by_target(self, effect: Effect) -> dict[str, list[Step]]:
        found: dict[str, list[Step]] = {}
        for rule in self._judge.decider.names(self._decision.fired):
            for target in self._rulebase.rules[rule].targets(effect):
                found.setdefault(target, []).append(self._steps[rule])
        return dict(sorted(found.items()))

    def _cite(self, claim: Claim) -> str:
        return f"{mark_title(self._rulebase.sources[claim.source].title)}, {paragraphs([claim])}"


def _sum_up(case: Case) -> str:
    """Add up the evidence in words, so that readers can check the sum and the certainty."""
    gains = sum(item.points for item in case.evidence if item.points > 0)
    losses = -sum(item.points for item in case.evidence if item.points < 0)
    if not case.evidence:
        return "There is no evidence for it or against it."
    if gains and losses:
        sides = f"{count(gains, 'point')} for it and {count(losses, 'point')} against it"
    elif gains:
        sides = f"{count(gains, 'point')} for it and none against it"
    else:
        sides = f"{count(losses, 'point')} against it and none for it"
    return sentence(f"{sides} leave {_balance(gains - losses)}, a certainty of {case.certainty:.2f}")


def _balance(points: int) -> str:
    return f"{count(abs(points), 'point')}{' against it' if points < 0 else ''}"


def _open_end(text: str) -> str:
    return text.strip().rstrip(".")
