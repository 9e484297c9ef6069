"""Fired rules → every field of an answer, in one compiled pass over masks.

A part of an answer depends on little: a row of the ranking on its points and on the rules that exclude the model or set
it aside, a piece of advice on the rules that give it. Each is made once, as object, data and JSON, and kept. The tests
compare every field with the policy in plain words, on any rule base.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, Self, TypeAlias

from cxrules.builtin.naming import as_model
from cxrules.language.facts import Facts, FactValue
from cxrules.language.rules import Effect
from cxrules.policy.answer_parts import Advice, Part, keep_part, make_part, write_json
from cxrules.policy.bytewise import BitNames
from cxrules.policy.decider import Decider
from cxrules.policy.decision import Decision
from cxrules.policy.dissent import Disagreement, Heard, Voice
from cxrules.policy.evidence import certainty
from cxrules.policy.ranking import RankedModel
from cxrules.policy.yields import Targets, Yields

__all__ = ["FIELDS", "Reader"]


class _Standing(NamedTuple):
    """The result of one pass: the masks and keys of every field that depends on weighing, and what the rules yield."""

    found: int
    rows: list[tuple[bool, bool, bool, int, int, int, int, int]]
    voices: list[Heard]
    support: int
    dissent: int


class _Advising(NamedTuple):
    """An effect whose targets are advice: their texts, and for each what was made of it, by the rules that give it."""

    targets: Targets
    texts: Mapping[str, str]
    kept: Sequence[dict[int, Part]]

    @classmethod
    def of(cls, targets: Targets, texts: Mapping[str, str]) -> Self:
        return cls(targets, texts, [{} for _ in targets.names])


class Reader:
    """Reads answers off decisions of one policy. Immutable apart from its caches."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        rulebase = self._rulebase = decider.rulebase
        self._models = tuple(map(as_model, rulebase.models))
        self._positions = {model: position for position, model in enumerate(rulebase.models)}
        self._rules, self._claims = BitNames(rulebase.rule_ids), BitNames(rulebase.claims)
        self._yields = Yields(decider)
        targets = self._yields.targets
        self._findings, self._accompaniments = targets[Effect.FINDING], targets[Effect.ACCOMPANIES]
        self._patterns = targets[Effect.RECOGNISES]
        self._actions = _Advising.of(targets[Effect.ACTION], rulebase.actions)
        self._warnings = _Advising.of(targets[Effect.WARNING], rulebase.warnings)
        place = {claim: position for position, claim in enumerate(rulebase.claims)}
        self._disagreement = Disagreement(decider)
        self._outright = [sum(1 << place[claim] for claim in set(model.against)) for model in rulebase.models.values()]
        self._minimum = rulebase.policy.minimum_evidence
        self._facts = tuple(rulebase.vocabulary.facts)
        self._last: tuple[Decision | None, _Standing] = None, _Standing(0, [], [], 0, 0)
        self._rows: dict[Any, Part] = {}
        self._voices: dict[Any, Part] = {}
        self._serving: dict[str | None, int] = {}
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
        found = standing.found
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
            "findings": list(self._findings.read(found)),
            "accompaniments": list(self._accompaniments.read(found)),
            "patterns": list(self._patterns.read(found)),
            "actions": [part.copy() for part in self._act(found, decision)],
            "warnings": [part.copy() for part in (*incoherences, *self._warn(found, fired))],
            "incoherences": [part.copy() for part in incoherences],
            "cites": list(claims(self._yields.claims(found))),
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
        found = standing.found
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
                self._findings.write(found),
                ', "accompaniments": ',
                self._accompaniments.write(found),
                ', "patterns": ',
                self._patterns.write(found),
                ', "actions": [',
                ", ".join([part.written for part in self._act(found, decision)]),
                '], "warnings": [',
                ", ".join(incoherences + [part.written for part in self._warn(found, fired)]),
                f'], "incoherences": [{", ".join(incoherences)}], "cites": ',
                claims(self._yields.claims(found)),
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
        fired, found = decision.fired, self._yields(decision.fired)
        bits = self._yields.evidence(found, fired)
        minimum = self._minimum
        rows = []
        running: list[int] = []
        for position, ledger in self._decider.numbered:
            _, excluding, required, _, for_one, for_two, against_one, against_two, firm_one, firm_two = ledger
            points = (
                (bits & for_one).bit_count()
                + 2 * (bits & for_two).bit_count()
                - (bits & against_one).bit_count()
                - 2 * (bits & against_two).bit_count()
            )
            excluders = fired & excluding
            missing = 0
            for place, concluders in enumerate(required):
                if not fired & concluders:
                    missing |= 1 << place
            out = (
                excluders != 0
                or missing != 0
                or points <= 0
                or (bits & firm_one).bit_count() + 2 * (bits & firm_two).bit_count() < minimum
            )
            if not out:
                running.append(position)
            rows.append((excluders != 0, out, False, -points, position, excluders, missing, 0))
        aside = self._set_aside(fired, running)
        for position, behind in aside.items():
            excluded, out, _, points, _, excluders, missing, _ = rows[position]
            rows[position] = (excluded, out, True, points, position, excluders, missing, behind)
        rows.sort()
        winner = None if decision.model is None else self._positions[decision.model]
        voices, dissenting = self._disagreement.hear(fired, winner, aside)
        if winner is None:
            return _Standing(found, rows, voices, 0, 0)
        support = self._claims_of(self._disagreement.support(fired, winner))
        # Add what an article says outright against the kind of owner that wins.
        dissent = self._claims_of(dissenting) | self._outright[winner]
        return _Standing(found, rows, voices, support, dissent)

    def _set_aside(self, fired: int, candidates: Collection[int]) -> dict[int, int]:
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

    def _act(self, found: int, decision: Decision) -> list[Part]:
        """Return the actions that fired rules advise and that serve the model."""
        serving = self._serving.get(decision.model)
        if serving is None:
            actions, serves = enumerate(self._actions.targets.names), self._rulebase.serves_model
            bits = sum(1 << place for place, action in actions if serves(action, decision.model))
            serving = keep_part(self._serving, decision.model, bits)
        return self._advise(self._actions, self._actions.targets.bits(found) & serving, decision.fired)

    def _warn(self, found: int, fired: int) -> list[Part]:
        """Return the warnings that fired rules give."""
        return self._advise(self._warnings, self._warnings.targets.bits(found), fired)

    def _advise(self, advising: _Advising, bits: int, fired: int) -> list[Part]:
        """Return some targets, given as bits, as advice by the fired rules."""
        targets, texts, kept = advising
        concluders = targets.rules
        advice = []
        while bits:
            place = bits.bit_length() - 1
            bits ^= 1 << place
            rules = fired & concluders[place]
            part = kept[place].get(rules)
            if part is None:
                target, claims = targets.names[place], self._claims.read(self._claims_of(rules))
                part = keep_part(kept[place], rules, make_part(Advice(target, texts[target], claims)))
            advice.append(part)
        advice.reverse()
        return advice

    def _incoherences(self, known: Facts) -> list[Part]:
        return [make_part(Advice(entry.id, entry.reason, ())) for entry in self._rulebase.incoherences(known)]

    def _claims_of(self, rules: int) -> int:
        """Return the claims behind some rules, as bits."""
        return self._yields.claims(self._yields(rules))

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


_FieldReader: TypeAlias = Callable[[Reader, Decision], Any]

# ruff: noqa: SLF001 - the fields of a reader
FIELDS: Mapping[str, _FieldReader] = {
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
    "findings": lambda reader, decision: reader._findings.read(reader._yields(decision.fired)),
    "accompaniments": lambda reader, decision: reader._accompaniments.read(reader._yields(decision.fired)),
    "patterns": lambda reader, decision: reader._patterns.read(reader._yields(decision.fired)),
    "actions": lambda reader, decision: _things(reader._act(reader._yields(decision.fired), decision)),
    "warnings": lambda reader, decision: _things(
        reader._incoherences(decision.known) + reader._warn(reader._yields(decision.fired), decision.fired)
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
