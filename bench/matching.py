"""Matching alone, and the whole answer: every peer on the same rule base and the same organisations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.organisations import KNOWN, list_organisations
from bench.peers import PEERS, Native, Peer, PeerEngine, Program, disagreements, list_peers
from bench.report import Section, Target, fold, show_microseconds, table
from bench.timing import Times, time_in_turn
from cxrules.advisor import Advisor
from cxrules.engines import Engine
from cxrules.language.facts import Facts
from cxrules.rulebase import RuleBase

__all__ = ["measure_matching", "measure_whole_answer", "translate_for_all"]

REFERENCE = PEERS[0].name
_EVERYTHING = f"{REFERENCE}, everything read"
_DECIDING = "cxrules, `recommend()`"
_IDS = ", ids"
_FAST = (REFERENCE, _DECIDING, "datalogic-py")
_EXPERTA = "cxrules experta"
_MILLISECONDS = ("OPA Rego (regopy)", "cxrules experta", "rule-engine")
_FEW = 40
_SLOW = "rule-engine"  # whole answers would take it minutes

MATCH = 5
IDS = 3.5
FASTER_THAN_EXPERTA = 50
WHOLE_ANSWER = 50  # microseconds


def translate_for_all(rulebase: RuleBase, organisations: Sequence[Facts]) -> dict[str, Program]:
    """Translate a rule base for every peer, and make sure that all fire the same rules.

    Raises:
        AssertionError: If a peer fires other rules than the first one.
    """
    programs = {peer.name: peer.make(rulebase) for peer in list_peers()}
    for name, program in programs.items():
        differing = disagreements(programs[REFERENCE], program, organisations)
        assert not differing, f"{name} fires other rules than {REFERENCE} for {differing[0]}"
    return programs


def measure_matching(rulebase: RuleBase, count: int, seconds: float) -> Section:
    """Time the matching of rules: from prepared facts to each engine's own form, and from JSON's facts to ids.

    Args:
        rulebase: The rule base.
        count: How many organisations.
        seconds: How long to measure.
    """
    organisations = list_organisations(rulebase, count)
    programs = translate_for_all(rulebase, organisations)
    plain = [json.loads(json.dumps(known)) for known in organisations]
    calls: dict[str, Callable[[Any], object]] = {_DECIDING: Advisor(rulebase).recommend}
    inputs: dict[str, Sequence[Any]] = {_DECIDING: plain}
    for peer in list_peers():
        program = programs[peer.name]
        calls[peer.name], inputs[peer.name] = program.match, [program.prepare(known) for known in organisations]
        calls[peer.name + _IDS], inputs[peer.name + _IDS] = _identify(peer, program), plain
    times = _time_in_groups(calls, inputs, seconds)
    others = [peer.name for peer in list_peers() if peer.third_party]
    if not others:
        raise SystemExit("No engine of others is installed: make bench installs them.")
    fastest = min(others, key=lambda name: times[name].median)
    fastest_ids = min(others, key=lambda name: times[name + _IDS].median)
    fired = sorted(len(programs[REFERENCE].fire(known)) for known in organisations)
    text = fold(
        f"""{_describe(rulebase, count)}; {fired[len(fired) // 2]} rules fire (median). Every engine fired the same
        rules for every organisation before anything was timed. *Matched*: from validated facts, prepared beforehand in
        the form that the engine takes, to what fired in the form that takes it least. *Ids*: from facts as JSON has
        them to the ids of the rules that fired, all that is needed for it included; cxrules validates the facts, the
        others take them as they come. Median microseconds of CPU time for one organisation. The fastest engine of
        others is {fastest}, on this rule base and this machine; whole recommendations of cxrules, which weigh and
        decide, are given as well. Engines that take milliseconds are timed on {_FEW} of the organisations."""
    )
    base, ids = times[REFERENCE].median, times[REFERENCE + _IDS].median
    returns = {peer.name: peer.returns for peer in PEERS} | {_DECIDING: "the whole answer, read when asked for"}
    rows = [
        [
            name,
            show_microseconds(times[name].median) if name != _DECIDING else "",
            f"{times[name].median / base:,.1f}" if name != _DECIDING else "",
            show_microseconds(taken.median),
            f"{taken.median / ids:,.1f}",
            returns[name],
        ]
        for name, taken in sorted(_whole(times).items(), key=lambda entry: entry[1].median)
    ]
    head = ["engine", "matched:", "times cxrules:", "ids:", "times cxrules:", "what it returns"]
    targets = [
        Target.at_least(
            f"validated facts to what fired, faster than the fastest engine of others ({fastest})",
            times[fastest].median / base,
            MATCH,
            "times",
        ),
        Target.at_least(
            f"facts as JSON has them to ids, faster than the fastest engine of others ({fastest_ids})",
            times[fastest_ids + _IDS].median / ids,
            IDS,
            "times",
        ),
        Target.at_most(
            f"the whole recommend(), compared with matching by {fastest}",
            times[_DECIDING].median / times[fastest].median,
            1,
            "times",
        ),
    ]
    if _EXPERTA in times:
        targets.append(
            Target.at_least(
                "matching, faster than experta", times[_EXPERTA].median / base, FASTER_THAN_EXPERTA, "times"
            )
        )
    return Section("Matching alone", f"{text}\n\n{table(head, rows)}", tuple(targets))


def _time_in_groups(
    calls: Mapping[str, Callable[[Any], object]], inputs: Mapping[str, Sequence[Any]], seconds: float
) -> dict[str, Times]:
    """Time engines of similar speed together: one that takes most of a millisecond leaves the others a cold cache."""
    groups: tuple[list[str], ...] = ([], [], [])
    for name in calls:
        engine = name.removesuffix(_IDS)
        groups[0 if engine in _FAST else 2 if engine in _MILLISECONDS else 1].append(name)
    times: dict[str, Times] = {}
    for group, most in zip(groups, (None, None, _FEW), strict=True):
        if group:
            times |= time_in_turn(
                {name: calls[name] for name in group}, {name: inputs[name][:most] for name in group}, seconds / 3
            )
    return times


def _identify(peer: Peer, program: Program) -> Callable[[Any], object]:
    """Return the shortest way of a peer from facts as JSON has them to the ids of the rules that fire."""
    if isinstance(program, Native):
        return program.identify
    return program.fire if peer.takes_json else lambda plain: program.fire(program.prepare(plain))


def _whole(times: Mapping[str, Times]) -> dict[str, Times]:
    """Return the time to the ids by name; for cxrules also the time to the decision."""
    return {name: times.get(name + _IDS, taken) for name, taken in times.items() if not name.endswith(_IDS)}


def measure_whole_answer(rulebase: RuleBase, count: int, seconds: float) -> Section:
    """Time facts in, recommendation out.

    Args:
        rulebase: The rule base.
        count: How many organisations.
        seconds: How long to measure.
    """
    organisations = list_organisations(rulebase, count)
    peers = [peer for peer in list_peers() if peer.name != _SLOW]
    advisors = {peer.name: Advisor(engine=_engine(rulebase, peer, peer.make(rulebase))) for peer in peers}
    _assert_same_answers(advisors, organisations)

    calls: dict[str, Callable[[Any], object]] = {name: advisor.recommend for name, advisor in advisors.items()}
    bitmap = advisors[REFERENCE]
    calls[_EVERYTHING] = lambda known: bitmap.recommend(known).model_dump()
    times = _time_in_groups(calls, dict.fromkeys(calls, organisations), seconds)
    returns = {
        peer.name: "fired rules; the rest by cxrules" if isinstance(advisors[peer.name].engine, PeerEngine) else "all"
        for peer in peers
    }
    returns["zen-engine, trace"] = "fired rules; each table's input, output and rows; the rest by cxrules"
    returns[REFERENCE] = "all, each part computed when it is read"
    returns[_EVERYTHING] = "all, as data that JSON can hold"
    text = fold(
        f"""{_describe(rulebase, count)}. The times are those of `recommend(facts)`: facts validated, rules matched,
        evidence weighed, policy applied. The other engines fire rules and decide nothing, so each takes the
        place of an engine of cxrules here, including the translation of the facts. Everything in the answers
        (ranking, voices, advice, claims for and against) was equal before anything was timed. Microseconds of CPU time
        for one organisation. Engines that take milliseconds are timed on {_FEW} of the organisations."""
    )
    text += f"\n\n{_table(times, returns)}"
    target = Target.at_most("recommend(), bitmap, median", times[REFERENCE].median, WHOLE_ANSWER, "µs")
    return Section("The whole answer", text, (target,))


def _engine(rulebase: RuleBase, peer: Peer, program: Program) -> Engine:
    native: Engine | None = getattr(program, "engine", None)
    return native or PeerEngine(rulebase, peer.name, program)


def _assert_same_answers(advisors: Mapping[str, Advisor], organisations: Sequence[Facts]) -> None:
    for known in organisations:
        expected = _answer(advisors[REFERENCE], known)
        for name, advisor in advisors.items():
            assert _answer(advisor, known) == expected, f"{name} answers differently from {REFERENCE} for {known}"


def _answer(advisor: Advisor, known: Facts) -> dict[str, Any]:
    answer = advisor.recommend(known).model_dump()
    del answer["engine"]
    return answer


def _describe(rulebase: RuleBase, count: int) -> str:
    return (
        f"The built-in rule base ({len(rulebase.rules)} rules, {len(rulebase.findings)} findings) "
        f"and {count} organisations of which {KNOWN} facts are known"
    )


def _table(times: Mapping[str, Times], returns: Mapping[str, str]) -> str:
    base = times[REFERENCE].median
    rows = [
        (
            name,
            show_microseconds(taken.median),
            show_microseconds(taken.p95),
            f"{taken.median / base:,.1f}",
            returns[name],
        )
        for name, taken in sorted(times.items(), key=lambda entry: entry[1].median)
    ]
    return table(["engine", "median:", "95th percentile:", "times cxrules bitmap:", "what it returns"], rows)
