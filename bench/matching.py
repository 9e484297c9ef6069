"""Matching alone, and the whole answer: every peer on the same rule base and the same organisations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.organisations import KNOWN, list_organisations
from bench.peers import PEERS, Peer, PeerEngine, Program, disagreements
from bench.report import Section, Target, fold, show_microseconds, table
from bench.timing import Times, time_in_turn
from cxrules.advisor import Advisor
from cxrules.engines import Engine
from cxrules.language.facts import Facts
from cxrules.rulebase import RuleBase

__all__ = ["measure_matching", "measure_whole_answer", "translate_for_all"]

REFERENCE = PEERS[0].name
_EVERYTHING = f"{REFERENCE}, everything read"

FASTER_THAN_OTHERS = 8
FASTER_THAN_EXPERTA = 50
WHOLE_ANSWER = 50  # microseconds


def translate_for_all(rulebase: RuleBase, organisations: Sequence[Facts]) -> dict[str, Program]:
    """Translate a rule base for every peer, and make sure that all fire the same rules.

    Raises:
        AssertionError: If a peer fires other rules than the first one.
    """
    programs = {peer.name: peer.make(rulebase) for peer in PEERS}
    for name, program in programs.items():
        differing = disagreements(programs[REFERENCE], program, organisations)
        assert not differing, f"{name} fires other rules than {REFERENCE} for {differing[0]}"
    return programs


def measure_matching(rulebase: RuleBase, count: int, seconds: float) -> Section:
    """Time facts in, ids of the fired rules out.

    Args:
        rulebase: The rule base.
        count: How many organisations.
        seconds: How long to measure.
    """
    organisations = list_organisations(rulebase, count)
    programs = translate_for_all(rulebase, organisations)
    times = time_in_turn(
        {name: program.fire for name, program in programs.items()},
        {name: [program.prepare(known) for known in organisations] for name, program in programs.items()},
        seconds,
    )
    fastest = min((peer.name for peer in PEERS if peer.third_party), key=lambda name: times[name].median)
    fired = sorted(len(programs[REFERENCE].fire(known)) for known in organisations)
    text = fold(
        f"""{_describe(rulebase, count)}; {fired[len(fired) // 2]} rules fire (median). Every engine fired the same
        rules for every organisation before anything was timed. Organisations are handed over in each engine's own
        form, prepared beforehand; what is timed ends with the ids of the fired rules. Microseconds for one
        organisation."""
    )
    text += f"\n\n{_table(times, {peer.name: peer.returns for peer in PEERS})}"
    return Section(
        "Matching alone",
        text,
        (
            Target.at_least(
                f"matching, faster than the fastest engine of others ({fastest})",
                times[fastest].median / times[REFERENCE].median,
                FASTER_THAN_OTHERS,
                "times",
            ),
            Target.at_least(
                "matching, faster than experta",
                times["cxrules experta"].median / times[REFERENCE].median,
                FASTER_THAN_EXPERTA,
                "times",
            ),
        ),
    )


def measure_whole_answer(rulebase: RuleBase, count: int, seconds: float) -> Section:
    """Time facts in, recommendation out.

    Args:
        rulebase: The rule base.
        count: How many organisations.
        seconds: How long to measure.
    """
    organisations = list_organisations(rulebase, count)
    programs = translate_for_all(rulebase, organisations)
    advisors = {peer.name: Advisor(engine=_engine(rulebase, peer, programs[peer.name])) for peer in PEERS}
    _assert_same_answers(advisors, organisations)

    calls: dict[str, Callable[[Any], object]] = {name: advisor.recommend for name, advisor in advisors.items()}
    bitmap = advisors[REFERENCE]
    calls[_EVERYTHING] = lambda known: bitmap.recommend(known).model_dump()
    times = time_in_turn(calls, dict.fromkeys(calls, organisations), seconds)
    returns = {
        peer.name: "fired rules; the rest by cxrules" if isinstance(advisors[peer.name].engine, PeerEngine) else "all"
        for peer in PEERS
    }
    returns["zen-engine, trace"] = f"{PEERS[2].returns}; the rest by cxrules"
    returns[REFERENCE] = "all, each part computed when it is read"
    returns[_EVERYTHING] = "all, as data that JSON can hold"
    text = fold(
        f"""{_describe(rulebase, count)}. Timed is `recommend(facts)`: facts validated, rules matched, evidence weighed,
        policy applied. The other engines fire rules and decide nothing, so each stands here in the place of an engine
        of cxrules, translation of the facts included. Everything in the answers (ranking, voices, advice, claims for
        and against) was equal before anything was timed. Microseconds for one organisation."""
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
            assert _answer(advisor, known) == expected, f"{name} answers otherwise than {REFERENCE} for {known}"


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
