"""Fired rules → every field of an answer, in one compiled pass over masks.

A part of an answer depends on little: a row of the ranking on its points and on the rules that exclude the model or set
it aside, a piece of advice on the rules that give it. Each is made once, as object, data and JSON, and kept. The tests
hold every field against the policy in plain words, on any rule base.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from cxrules.builtin.naming import as_model
from cxrules.language.facts import Facts, FactValue
from cxrules.language.ids import sorted_ids
from cxrules.language.rules import Effect
from cxrules.policy.answer_parts import Advice, Part, keep_part, make_part, write_json
from cxrules.policy.bytewise import BitNames, Union
from cxrules.policy.decider import Decider, sum_points
from cxrules.policy.decision import Decision
from cxrules.policy.dissent import Disagreement, Heard, Voice
from cxrules.policy.evidence import certainty
from cxrules.policy.ranking import RankedModel

__all__ = ["FIELDS", "Reader"]


class _Standing(NamedTuple):
    """The result of one pass: the masks and keys of every field that depends on weighing."""

    rows: list[tuple[bool, bool, bool, int, int, int, int, int]]
    voices: list[Heard]
    support: int
    dissent: int


class Reader:
    """Reads answers off decisions of one policy. Immutable apart from its caches."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        rulebase = self._rulebase = decider.rulebase
        self._models = tuple(map(as_model, rulebase.models))
        self._positions = {model: position for position, model in enumerate(rulebase.models)}
        self._rules, self._claims = BitNames(rulebase.rule_ids), BitNames(rulebase.claims)
        place = {claim: position for position, claim in enumerate(rulebase.claims)}
        rules = tuple(rulebase.rules.values())
        self._claims_of = Union([sum(1 << place[claim] for claim in set(rule.because)) for rule in rules])
        self._targets = {effect: tuple(self._list_targets(effect)) for effect in Effect}
        self._quoted = {
            effect: tuple([(write_json(target), concluders) for target, concluders in targets])
            for effect, targets in self._targets.items()
        }
        self._disagreement = Disagreement(decider)
        self._outright = [sum(1 << place[claim] for claim in set(model.against)) for model in rulebase.models.values()]
        self._facts = tuple(rulebase.vocabulary.facts)
        self._last: tuple[Decision | None, _Standing] = None, _Standing([], [], 0, 0)
        self._rows: dict[Any, Part] = {}
        self._voices: dict[Any, Part] = {}
        self._advice: dict[tuple[Effect, str | None], tuple[tuple[str, int, dict[int, Part]], ...]] = {}
        self._heads: dict[Any, str] = {}
        self._written_facts: dict[str, dict[Any, str]] = {name: {} for name in self._facts}
        self._certainties: dict[int, float] = {}
        self._origins: dict[str, str] = {}

    # -- one field -----------------------------------------------------------------------------------------------------

    def read(self, name: str, decision: Decision) -> Any:
        """Return one field of an answer."""
        return FIELDS[name](self, decision)

    # -- the whole answer ----------------------------------------------------------------------------------------------

    def list_data(self, decision: Decision, engine: str) -> dict[str, Any]:
        """Return the answer as data."""
        fired, known = decision.fired, decision.known
        standing = self._stand(decision)
        model = None if decision.model is None else self._rulebase.models[decision.model]
        incoherences = self._incoherences(known)
        claims = self._claims.read
        return {
            "model": decision.model,
            "name": None if model is None else model.name,
            "says": None if model is None else model.says,
            "status": decision.status.value,
            "reason": None if decision.reason is None else decision.reason.value,
            "certainty": self._certainty(decision.points),
            "ranking": [self._row(row).copy() for row in standing.rows],
            "voices": {voice[0]: dict(self._voice(voice).data) for voice in standing.voices},
            "fired": list(self._rules.read(fired)),
            "findings": self._reached(Effect.FINDING, fired),
            "accompaniments": self._reached(Effect.ACCOMPANIES, fired),
            "patterns": self._reached(Effect.RECOGNISES, fired),
            "actions": [part.copy() for part in self._advise(Effect.ACTION, fired, decision.model)],
            "warnings": [part.copy() for part in (*incoherences, *self._advise(Effect.WARNING, fired))],
            "incoherences": [part.copy() for part in incoherences],
            "cites": list(claims(self._claims_of(fired))),
            "support": list(claims(standing.support)),
            "dissent": list(claims(standing.dissent)),
            "facts": {
                name: list(value) if type(value) is tuple else value for name, value in self._in_order(known).items()
            },
            "engine": engine,
            "rulebase": {"name": self._rulebase.name, "revision": self._rulebase.revision},
        }

    def write(self, decision: Decision, engine: str) -> str:
        """Return the answer as JSON: what `json.dumps` makes of `list_data`."""
        fired, known = decision.fired, decision.known
        standing = self._stand(decision)
        incoherences = [part.written for part in self._incoherences(known)]
        claims = self._claims.write
        facts = self._write_facts(known)
        return "".join(
            [
                self._written_head(decision),
                f', "certainty": {self._certainty(decision.points)!r}, "ranking": [',
                ", ".join([self._row(row).written for row in standing.rows]),
                '], "voices": {',
                ", ".join([self._voice(voice).written for voice in standing.voices]),
                '}, "fired": ',
                self._rules.write(fired),
                ', "findings": ',
                self._written_targets(Effect.FINDING, fired),
                ', "accompaniments": ',
                self._written_targets(Effect.ACCOMPANIES, fired),
                ', "patterns": ',
                self._written_targets(Effect.RECOGNISES, fired),
                ', "actions": [',
                ", ".join([part.written for part in self._advise(Effect.ACTION, fired, decision.model)]),
                '], "warnings": [',
                ", ".join(incoherences + [part.written for part in self._advise(Effect.WARNING, fired)]),
                f'], "incoherences": [{", ".join(incoherences)}], "cites": ',
                claims(self._claims_of(fired)),
                ', "support": ',
                claims(standing.support),
                ', "dissent": ',
                claims(standing.dissent),
                f', "facts": {{{", ".join(facts)}}}, ',
                self._written_origin(engine),
            ]
        )

    # -- the pass ------------------------------------------------------------------------------------------------------

    def _stand(self, decision: Decision) -> _Standing:
        kept, standing = self._last
        if kept is not decision:  # readers of one field usually read the next
            standing = self._pass_over(decision)
            self._last = decision, standing
        return standing

    def _pass_over(self, decision: Decision) -> _Standing:
        decider, fired = self._decider, decision.fired
        bits = decider.count(fired)
        candidates = {position: points for points, position in decider.candidates(fired)}
        aside = self._set_aside(fired, candidates)
        rows = []
        for position, ledger in decider.numbered:
            _, excluding, required, _, for_one, for_two, against_one, against_two, _, _ = ledger
            points = candidates.get(position)
            out = points is None
            if points is None:
                points = sum_points(bits, for_one, for_two, against_one, against_two)
            excluders = fired & excluding
            missing = 0
            for place, concluders in enumerate(required):
                if not fired & concluders:
                    missing |= 1 << place
            behind = aside.get(position, 0)
            rows.append((excluders != 0, out, behind != 0, -points, position, excluders, missing, behind))
        rows.sort()
        winner = None if decision.model is None else self._positions[decision.model]
        voices, dissenting = self._disagreement.hear(fired, winner, aside)
        if winner is None:
            return _Standing(rows, voices, 0, 0)
        support = self._claims_of(self._disagreement.support(fired, winner))
        # Add what an article says outright against the kind of owner that wins.
        dissent = self._claims_of(dissenting) | self._outright[winner]
        return _Standing(rows, voices, support, dissent)

    def _set_aside(self, fired: int, candidates: Mapping[int, int]) -> dict[int, int]:
        """Return the candidates that a preference sets aside, each with the rules that do."""
        aside: dict[int, int] = {}
        if fired & self._decider.preferring and len(candidates) > 1:
            for bit, (_, preferred, over) in self._decider.preferences_by_bit:
                if fired & bit and self._positions[preferred] in candidates:
                    for model in over:
                        position = self._positions[model]
                        if position in candidates:
                            aside[position] = aside.get(position, 0) | bit
        return aside

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _row(self, row: tuple[bool, bool, bool, int, int, int, int, int]) -> Part:
        keep = self._rows
        part = keep.get(row)
        if part is None:
            excluded, out, _, negative, position, excluders, missing, behind = row
            model = self._models[position]
            requires = self._rulebase.models[model].requires
            lacking = tuple([name for place, name in enumerate(requires) if missing >> place & 1])
            read = self._rules.read
            thing = RankedModel(
                model, -negative, certainty(-negative), not out, excluded, read(excluders), lacking, read(behind)
            )
            part = keep_part(keep, row, make_part(thing))
        return part

    def _voice(self, voice: Heard) -> Part:
        keep = self._voices
        part = keep.get(voice)
        if part is None:
            source, best, points, on_winner = voice
            made = make_part(Voice(source, None if best is None else self._models[best], points, on_winner))
            part = keep_part(keep, voice, made._replace(written=f"{write_json(source)}: {made.written}"))
        return part

    def _advise(self, effect: Effect, fired: int, model: str | None = None) -> list[Part]:
        advice = self._advice.get((effect, model))
        if advice is None:
            advice = keep_part(self._advice, (effect, model), tuple(self._list_advice(effect, model)))
        found = []
        for target, concluders, keep in advice:
            rules = fired & concluders
            if rules:
                part = keep.get(rules)
                if part is None:
                    texts = self._rulebase.actions if effect is Effect.ACTION else self._rulebase.warnings
                    claims = self._claims.read(self._claims_of(rules))
                    part = keep_part(keep, rules, make_part(Advice(target, texts[target], claims)))
                found.append(part)
        return found

    def _list_advice(self, effect: Effect, model: str | None) -> Iterator[tuple[str, int, dict[int, Part]]]:
        """Return the advice that may accompany a model, each with its cache of parts."""
        for target, concluders in self._targets[effect]:
            if effect is not Effect.ACTION or self._rulebase.serves_model(target, model):
                yield target, concluders, {}

    def _incoherences(self, known: Facts) -> list[Part]:
        return [make_part(Advice(entry.id, entry.reason, ())) for entry in self._rulebase.incoherences(known)]

    def _reached(self, effect: Effect, fired: int) -> list[str]:
        return [target for target, concluders in self._targets[effect] if fired & concluders]

    def _written_targets(self, effect: Effect, fired: int) -> str:
        return f"[{', '.join([written for written, concluders in self._quoted[effect] if fired & concluders])}]"

    def _write_facts(self, known: Facts) -> list[str]:
        found = []
        for name, keep in self._written_facts.items():
            value = known.get(name)
            if value is not None:
                key = value if type(value) is str else (value, type(value))
                written = keep.get(key)
                if written is None:
                    written = keep_part(keep, key, f"{write_json(name)}: {write_json(value)}")
                found.append(written)
        return found

    def _written_origin(self, engine: str) -> str:
        written = self._origins.get(engine)
        if written is None:
            origin = {
                "engine": engine,
                "rulebase": {"name": self._rulebase.name, "revision": self._rulebase.revision},
            }
            written = keep_part(self._origins, engine, write_json(origin)[1:])
        return written

    def _written_head(self, decision: Decision) -> str:
        keep = self._heads
        key = decision.model, decision.status, decision.reason
        written = keep.get(key)
        if written is None:
            model = None if decision.model is None else self._rulebase.models[decision.model]
            head = {
                "model": decision.model,
                "name": None if model is None else model.name,
                "says": None if model is None else model.says,
                "status": decision.status,
                "reason": decision.reason,
            }
            written = keep_part(keep, key, write_json(head)[:-1])
        return written

    def _certainty(self, points: int) -> float:
        keep = self._certainties
        found = keep.get(points)
        return keep_part(keep, points, certainty(points)) if found is None else found

    def _in_order(self, known: Facts) -> dict[str, FactValue]:
        return {name: known[name] for name in self._facts if name in known}

    # -- compiling -----------------------------------------------------------------------------------------------------

    def _list_targets(self, effect: Effect) -> Iterator[tuple[str, int]]:
        rules: dict[str, list[str]] = defaultdict(list)
        for rule in self._rulebase.rules.values():
            for target in rule.targets(effect):
                rules[target].append(rule.id)
        for target in sorted_ids(rules):
            yield target, self._decider.mask(rules[target])


_Field: TypeAlias = Callable[[Reader, Decision], Any]

# ruff: noqa: SLF001 - the fields of a reader
FIELDS: Mapping[str, _Field] = {
    "model": lambda _, decision: decision.model,
    "name": lambda reader, decision: reader._rulebase.models[decision.model].name if decision.model else None,
    "says": lambda reader, decision: reader._rulebase.models[decision.model].says if decision.model else None,
    "status": lambda _, decision: decision.status,
    "reason": lambda _, decision: decision.reason,
    "certainty": lambda reader, decision: reader._certainty(decision.points),
    "ranking": lambda reader, decision: tuple([reader._row(row).thing for row in reader._stand(decision).rows]),
    "voices": lambda reader, decision: {
        voice[0]: reader._voice(voice).thing for voice in reader._stand(decision).voices
    },
    "fired": lambda reader, decision: reader._rules.read(decision.fired),
    "findings": lambda reader, decision: tuple(reader._reached(Effect.FINDING, decision.fired)),
    "accompaniments": lambda reader, decision: tuple(reader._reached(Effect.ACCOMPANIES, decision.fired)),
    "patterns": lambda reader, decision: tuple(reader._reached(Effect.RECOGNISES, decision.fired)),
    "actions": lambda reader, decision: _things(reader._advise(Effect.ACTION, decision.fired, decision.model)),
    "warnings": lambda reader, decision: _things(
        reader._incoherences(decision.known) + reader._advise(Effect.WARNING, decision.fired)
    ),
    "incoherences": lambda reader, decision: _things(reader._incoherences(decision.known)),
    "cites": lambda reader, decision: reader._claims.read(reader._claims_of(decision.fired)),
    "support": lambda reader, decision: reader._claims.read(reader._stand(decision).support),
    "dissent": lambda reader, decision: reader._claims.read(reader._stand(decision).dissent),
    "facts": lambda reader, decision: reader._in_order(decision.known),
}
"""The fields of an answer that follow from its decision, in the order of the data, each with its reader."""


def _things(parts: list[Part]) -> tuple[Any, ...]:
    return tuple([part.thing for part in parts])
