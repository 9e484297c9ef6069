"""The policy, straight from its definition, without masks or shortcuts."""

from __future__ import annotations

from collections.abc import Iterable

from cxrules import RuleBase
from cxrules.builtin.naming import as_model
from cxrules.language.facts import Facts
from cxrules.language.ids import id_order
from cxrules.language.rules import Effect, Rule
from cxrules.policy.dissent import Voice
from cxrules.policy.evidence import Evidence
from tests.oracle import OracleEngine


class PlainPolicy:
    """What follows from the fired rules by the definition of the policy."""

    def __init__(self, rulebase: RuleBase, known: Facts) -> None:
        self.rulebase = rulebase
        self.known = known
        self.fired = self.fire(known)
        self.rules = [rulebase.rules[rule] for rule in self.fired]
        self.standing = self.fire({})  # rules that fire when nothing is known are standing
        self.findings = {target for rule in self.rules for target in rule.targets(Effect.FINDING)}
        self.all_items = [item for rule in self.rules for item in self.evidence_of(rule)]
        self.items = self.count_claims_once()
        self.models = list(rulebase.models)
        self.own_points = {source: self.count_for(source) for source in rulebase.sources}
        self.refused = {source: self.refuses(source) for source in rulebase.sources}
        self.excluded = {target for rule in self.rules for target in rule.targets(Effect.EXCLUDES)}
        self.candidates = [model for model in self.models if self.is_candidate(model)]
        self.aside = self.set_aside()
        standing_last = [model for model in self.candidates if model not in self.aside]
        self.order = sorted(standing_last, key=lambda model: (-self.points(model), self.models.index(model)))
        self.winner = self.order[0] if self.order else None

    def fire(self, known: Facts) -> list[str]:
        bits = OracleEngine(self.rulebase).match(known)
        return [rule for bit, rule in enumerate(self.rulebase.rule_ids) if bits >> bit & 1]

    def evidence_of(self, rule: Rule) -> Iterable[Evidence]:
        reasons = ["rule_for", "rule_against", "precondition", "transition", "risk"]
        claims = [self.rulebase.claims[claim] for claim in rule.because]
        counting = [claim for claim in claims if claim.kind in reasons or rule.engineer.evidence] or claims
        carrier = min(counting, key=lambda claim: (-claim.tone, id_order(claim.id)))
        points = 1 if rule.id in self.standing else int(carrier.tone)
        if rule.engineer.points is not None:
            points = rule.engineer.points
        for effect, sign in ((Effect.SUPPORTS, 1), (Effect.OPPOSES, -1)):
            for model in set(rule.targets(effect)):
                yield Evidence(rule.id, model, sign * points, carrier.source, carrier.id, rule.id in self.standing)

    def count_claims_once(self) -> list[Evidence]:
        counted: list[Evidence] = []
        for item in sorted(self.all_items, key=lambda item: (-abs(item.points), item.standing)):
            if not any(
                (item.model, item.points > 0, item.carrier) == (other.model, other.points > 0, other.carrier)
                for other in counted
            ):
                counted.append(item)
        return counted

    def points(self, model: str, source: str | None = None) -> int:
        return sum(item.points for item in self.items if item.model == model and source in (None, item.source))

    def is_candidate(self, model: str) -> bool:
        if model in self.excluded or self.missing(model):
            return False
        firm = [item.points for item in self.items if item.model == model and item.points > 0 and not item.standing]
        return self.points(model) > 0 and sum(firm) >= self.rulebase.policy.minimum_evidence

    def missing(self, model: str) -> tuple[str, ...]:
        return tuple(name for name in self.rulebase.models[model].requires if name not in self.findings)

    def set_aside(self) -> dict[str, set[str]]:
        aside: dict[str, set[str]] = {}
        for rule in self.rules:
            for conclusion in rule.then:
                if conclusion.effect is Effect.PREFERS and conclusion.target in self.candidates:
                    for model in set(conclusion.over) & set(self.candidates):
                        aside.setdefault(model, set()).add(rule.id)
        return aside

    def outcome(self) -> tuple[str | None, str, str | None, int, str | None, int]:
        if self.winner is None:
            reason = "too_little"
            if not self.known:
                reason = "nothing_known"
            elif self.excluded.issuperset(self.models):
                reason = "all_excluded"
            return None, "undetermined", reason, 0, None, 0
        points = self.points(self.winner)
        if len(self.order) == 1:
            return self.winner, "recommended", None, points, None, points
        lead = points - self.points(self.order[1])
        status = "contested" if lead < self.rulebase.policy.lead else "recommended"
        return self.winner, status, None, points, self.order[1], lead

    def own_rules(self, source: str) -> list[Rule]:
        """The rules of an article, without those that the engineer derives from other claims."""
        return [
            rule
            for rule in self.rules
            if self.rulebase.claims[rule.because[0]].source == source and not rule.engineer.reading
        ]

    def count_for(self, source: str) -> dict[str, int]:
        """The points of every model by an article's own rules."""
        strongest: dict[str, dict[tuple[bool, str], int]] = {model: {} for model in self.models}
        own = {rule.id for rule in self.own_rules(source)}
        for item in self.all_items:
            if item.rule in own:
                key = (item.points > 0, item.carrier)
                counted = strongest[item.model]
                counted[key] = max(counted.get(key, 0), item.points, key=abs)
        return {model: sum(counted.values()) for model, counted in strongest.items()}

    def refuses(self, source: str) -> set[str]:
        """The models that an article rules out, or puts behind a model that it supports."""
        refused: set[str] = set()
        for rule in self.own_rules(source):
            refused.update(rule.targets(Effect.EXCLUDES))
            for conclusion in rule.then:
                if conclusion.effect is Effect.PREFERS and self.own_points[source][conclusion.target] > 0:
                    refused.update(conclusion.over)
        return refused

    def voice(self, source: str) -> Voice:
        points = self.own_points[source]
        on_winner = points[self.winner] if self.winner else 0
        own_models = [model for model in self.models if model not in self.refused[source]]
        best = max([points[model] for model in own_models], default=0)
        if best <= 0:
            return Voice(source, None, 0, on_winner)
        favoured = [model for model in own_models if points[model] == best]
        return Voice(source, as_model(self.winner if self.winner in favoured else favoured[0]), best, on_winner)

    def dissenting(self) -> set[str]:
        found: set[str] = set()
        if self.winner is not None:
            for item in self.all_items:
                points = self.own_points[item.source]
                rival = item.model not in self.refused[item.source] and points[item.model] > max(0, points[self.winner])
                against = item.points < 0 and item.model == self.winner
                if against or (item.points > 0 and item.model != self.winner and (rival or item.model in self.aside)):
                    found.update(self.rulebase.rules[item.rule].because)
            found.update(self.rulebase.models[self.winner].against)
        return found

    def supporting(self) -> set[str]:
        rules = {item.rule for item in self.all_items if item.model == self.winner and item.points > 0}
        while True:
            needed = {name for rule in rules for name in self.rulebase.rules[rule].needs()}
            more = rules | {rule.id for rule in self.rules if needed & set(rule.targets(Effect.FINDING))}
            if more == rules:
                return {claim for rule in rules for claim in self.rulebase.rules[rule].because}
            rules = more
