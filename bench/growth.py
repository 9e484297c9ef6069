"""How the time of matching grows with the rule base, while the same rules fire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.organisations import KNOWN
from bench.peers import PEERS, Program, disagreements, list_peers
from bench.report import Section, Target, fold, show_microseconds, table
from bench.synthetic import CORE, draw_organisations, make_synthetic
from bench.tables import draw_codes, time_call
from bench.timing import time_in_turn
from cxrules.advisor import Advisor
from cxrules.columns.program import Program as Gating
from cxrules.language.facts import Facts
from cxrules.language.rules import AnyOf, Condition
from cxrules.rulebase import RuleBase

__all__ = ["count_gates", "measure_growth"]

SIZES = (CORE, 10 * CORE, 100 * CORE)
GROWTH = 5
GATES_GROWTH = 1
_ROWS = 1 << 16

# Larger ones take these engines minutes to build, or a second for each organisation.
_LARGEST = {
    "cxrules experta": 10 * CORE,
    "OPA Rego (regopy)": 10 * CORE,
    "rule-engine": CORE,
    "Drools (drools-jpy)": 0,  # it fails where many rules compare a number that an organisation leaves out
}
_FEW = 10  # organisations for engines that need milliseconds


def measure_growth(count: int, seconds: float, sizes: Sequence[int] = SIZES) -> Section:
    """Time matching on synthetic rule bases.

    Args:
        count: How many organisations.
        seconds: How long to measure each size.
        sizes: How many rules.
    """
    organisations = draw_organisations(count, KNOWN)
    peers = [peer.name for peer in list_peers() if _LARGEST.get(peer.name, CORE) >= CORE]
    medians: dict[str, dict[int, float]] = {name: {} for name in peers}
    fired: list[list[Sequence[str]]] = []
    findings = []
    for size in sizes:
        rulebase = make_synthetic(size)
        findings.append(len(rulebase.findings))
        programs = _translate(rulebase, size, organisations[:_FEW])
        reference = programs[PEERS[0].name]
        fired.append([reference.fire(known) for known in organisations])
        assert fired[-1] == fired[0], "other rules fire in a larger rule base"
        # Timed without engines that need milliseconds, which would leave a cold cache.
        for names in ([PEERS[0].name], [name for name in programs if name != PEERS[0].name]):
            few = organisations if len(names) == 1 else organisations[:_FEW]
            times = time_in_turn(
                {name: programs[name].fire for name in names},
                {name: [programs[name].prepare(known) for known in few] for name in names},
                seconds,
            )
            for name in names:
                medians[name][size] = times[name].median
    told, target = _measure_tables(sizes)
    section = _section(medians, sizes, findings, fired[0])
    return Section(section.title, f"{section.text}\n\n{told}", (*section.targets, target))


def count_gates(rulebase: RuleBase) -> tuple[int, int]:
    """Return the number of tests in the rules of a rule base, and of gates in its program for the model."""
    program = Gating(Advisor(rulebase).judge.decider)
    assert program.policy.recommended
    return _count_tests(condition for rule in rulebase.rules.values() for condition in rule.when), len(program.gates)


def _count_tests(conditions: Iterable[Condition]) -> int:
    return sum(sum(map(_count_tests, each.alternatives)) if isinstance(each, AnyOf) else 1 for each in conditions)


def _measure_tables(sizes: Sequence[int]) -> tuple[str, Target]:
    """Measure how the program for tables grows with the tests of the rules."""
    rows, per_test = [], []
    for size in sizes:
        rulebase = make_synthetic(size)
        tests, gates = count_gates(rulebase)
        judge = Advisor(rulebase).tables
        codes = draw_codes(judge, _ROWS)
        nanoseconds = time_call(lambda judge=judge, codes=codes: judge.models_of(codes, _ROWS)) / _ROWS * 1e9  # type: ignore[misc]
        per_test.append(gates / tests)
        rows.append([f"{size:,}", f"{tests:,}", f"{gates:,}", f"{gates / tests:.2f}", f"{nanoseconds:,.0f}"])
    head = ["rules", "tests:", "gates:", "gates for a test:", "ns a row, the model:"]
    told = fold(
        f"""Tables of {_ROWS:,} rows, decided by the program of gates (`columns/`): whatever is built twice from the
        same parts is one gate, so a test costs less the more rules there are."""
    )
    target = Target.at_most(
        f"tables, gates for a test, growth from {sizes[0]:,} to {sizes[-1]:,} rules",
        per_test[-1] / per_test[0],
        GATES_GROWTH,
        "times",
    )
    return f"{told}\n\n{table(head, rows)}", target


def _translate(rulebase: RuleBase, size: int, organisations: Sequence[Facts]) -> dict[str, Program]:
    programs = {peer.name: peer.make(rulebase) for peer in list_peers() if size <= _LARGEST.get(peer.name, size)}
    for name, program in programs.items():
        assert not disagreements(programs[PEERS[0].name], program, organisations), f"{name} fires other rules"
    return programs


def _section(
    medians: dict[str, dict[int, float]],
    sizes: Sequence[int],
    findings: Sequence[int],
    fired: Sequence[Sequence[str]],
) -> Section:
    rows = [
        [
            name,
            *(show_microseconds(by_size[size]) if size in by_size else "not run" for size in sizes),
            f"{by_size[sizes[-1]] / by_size[sizes[0]]:,.1f}" if sizes[-1] in by_size else "",
        ]
        for name, by_size in medians.items()
    ]
    mean = sum(map(len, fired)) / len(fired)
    text = fold(
        f"""Synthetic rule bases of {_join(sizes)} rules with {_join(findings)} findings, and {len(fired)} organisations
        of which {KNOWN} facts are known. For each organisation the same rules fire in all of them ({mean:.1f} on
        average); the rules beyond the first {sizes[0]:,} test the same facts and never fire, half of them only because
        a finding is missing. Facts in, ids of the fired rules out, as under "Matching alone"; median microseconds.
        Engines that take too long are not run on the larger ones; Drools, by way of drools-jpy, fails on all of them,
        where many rules compare a number that an organisation leaves out."""
    )
    text += f"\n\n{table(['engine', *(f'{size:,} rules:' for size in sizes), 'growth:'], rows)}"
    reference = medians[PEERS[0].name]
    growth = reference[sizes[-1]] / reference[sizes[0]]
    what = f"matching, growth from {sizes[0]:,} to {sizes[-1]:,} rules"
    return Section("Growth", text, (Target.at_most(what, growth, GROWTH, "times"),))


def _join(numbers: Sequence[int]) -> str:
    return ", ".join(f"{number:,}" for number in numbers)
