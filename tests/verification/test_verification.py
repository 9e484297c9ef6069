"""Verification: circuit and engine agree, seeded faults are found, the built-in base is clean."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrules import Advisor, InvalidKnowledge, RuleBase
from cxrules.language.facts import FactValue, Kind
from cxrules.language.rules import Conclusion, Effect, FactTest, Impossible, Model, Operator, Rule, Tone
from cxrules.policy.judge import Judge
from cxrules.verification.expectations import Expectations, read_expectations, read_plain
from tests import ROOT
from tests.oracle import OracleEngine
from tests.rulebases import make_choice, make_claim, make_fact, make_rulebase, organisations, rulebases

pytest.importorskip("z3", reason="the extra `verify` is not installed")

from cxrules.verification import (
    CHECKS,
    CheckFinding,
    Report,
    Stage,
    Unconfirmed,
    Verdict,
    builtin_expectations,
    diff,
    find_difference,
    verify,
)
from cxrules.verification.checks.expectation import EXPECTATION
from cxrules.verification.circuit import Circuit, Possibility
from cxrules.verification.engine_view import EngineView
from cxrules.verification.notes import NOTES
from cxrules.verification.prover import Prover, judge_of
from cxrules.verification.report import diff_as_json, report_as_json, report_as_text, write_witness, write_witnesses
from cxrules.verification.solver import Solver
from cxrules.verification.space import label_value

FAULTY = ROOT / "tests" / "data" / "faulty_bases"
FAULTS = sorted(path.name for path in FAULTY.iterdir() if path.name != "clean")


@pytest.fixture(scope="module")
def clean() -> RuleBase:
    return RuleBase.load(FAULTY / "clean")


def load_fault(name: str, clean: RuleBase) -> tuple[RuleBase, Expectations]:
    folder = FAULTY / name
    files = [path for path in sorted(folder.glob("*.yaml")) if path.stem != "expectations"]
    rulebase = RuleBase.load(*files, base=clean) if files else clean
    return rulebase, read_expectations(folder, rulebase=rulebase)


def announced(name: str) -> set[tuple[str, str]]:
    """The findings that the files of a fault announce: `# finds: check | subject`."""
    found = set()
    for path in (FAULTY / name).glob("*.yaml"):
        for line in re.findall(r"^# finds: (.*)$", path.read_text("utf-8"), re.MULTILINE):
            check, _, subject = line.partition(" | ")
            found.add((check, subject))
    return found


# --- the circuit and the engine


@given(st.data())
def test_circuit_and_policy_agree_on_every_organisation(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases(max_rules=10))
    prover = Prover(rulebase)
    judge = judge_of(rulebase)
    for _ in range(5):
        known = data.draw(organisations(rulebase))
        coherent = not rulebase.incoherences(known)
        possible = prover.ask(prover.space.describe(known).values())
        assert (possible is Possibility.POSSIBLE) == coherent
        if coherent:
            assert_agree(prover, EngineView(judge, known, prover.space.regions))


def assert_agree(prover: Prover, reading: EngineView) -> None:
    circuit, outcome = prover.circuit, prover.outcome
    for attribute in (
        "fired",
        "findings",
        "enough",
        "excluded",
        "entitled",
        "candidate",
        "preferences",
        "running",
        "recommended",
    ):
        said = {name: circuit.is_true(bit) for name, bit in getattr(outcome, attribute).items()}
        assert said == getattr(reading, attribute), attribute
    assert {model: circuit.value(points) for model, points in outcome.points.items()} == reading.points
    assert circuit.is_true(outcome.contested) == reading.contested
    assert circuit.is_true(outcome.undetermined) == reading.undetermined
    assert circuit.is_true(outcome.all_excluded) == reading.all_excluded


@given(st.data())
def test_an_example_of_the_solver_is_the_organisation_asked_for(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases(max_rules=6))
    prover = Prover(rulebase)
    known = data.draw(organisations(rulebase, coherent=True))
    assert prover.ask(prover.space.describe(known).values()) is Possibility.POSSIBLE
    read = prover.space.read()
    judge = judge_of(rulebase)
    assert judge.decide(read).fired == judge.decide(known).fired
    assert set(read) == set(known)


@settings(max_examples=30)
@given(st.data())
def test_the_smallest_witness_is_smallest(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases(max_rules=6))
    prover = Prover(rulebase)
    model = data.draw(st.sampled_from(sorted(rulebase.models)))
    answer = prover.smallest(lambda view: view.recommended[model])
    sizes = [
        len(known)
        for known in every_organisation(prover)
        if not rulebase.incoherences(known) and prover.judge.decide(known).model == model
    ] if sum(len(prover.space.wires[name]) for name in prover.space.wires) < 9 else None  # fmt: skip
    if answer.witness is None:
        assert not sizes
    else:
        assert prover.judge.decide(answer.witness.known).model == model
        if sizes is not None and answer.witness.least:
            assert len(answer.witness.known) == min(sizes)


def every_organisation(prover: Prover, leave_out: tuple[str, ...] = ()) -> Iterator[dict[str, FactValue]]:
    """Every organisation, one for each set that no test tells apart."""
    choices: list[list[tuple[str, Any]]] = []
    for name, fact in prover.space.vocabulary.facts.items():
        if name in leave_out:
            continue
        values: list[Any] = list(prover.space.values(name))
        if fact.kind == "set":
            subsets: list[tuple[str, ...]] = [()]
            for element in fact.names:
                subsets += [(*subset, element) for subset in subsets]
            values = subsets
        choices.append([(name, None), *((name, value) for value in values)])
    for combination in product(*choices):
        yield {name: value for name, value in combination if value is not None}


# --- seeded faults


def test_nothing_is_found_in_the_clean_base(clean: RuleBase) -> None:
    report = verify(clean)
    assert [(finding.check, finding.subject, finding.message) for finding in report.open] == []
    assert {finding.check for finding in report.findings} == set(CHECKS)
    assert set(report.checks) == {*CHECKS, EXPECTATION}
    assert report.ok


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_found_with_a_witness(name: str, clean: RuleBase) -> None:
    rulebase, expectations = load_fault(name, clean)
    report = verify(rulebase, expectations)
    assert {(finding.check, finding.subject) for finding in report.open} == announced(name)
    advisor = Advisor(rulebase, OracleEngine(rulebase))
    for finding in report.open:
        assert finding.verdict is Verdict.REFUTED
        assert finding.message.endswith(".")
        assert finding.witness is not None
        assert finding.witness.least
        known = yaml.safe_load(write_witness(finding.witness, ["a comment"]))
        assert not rulebase.incoherences(rulebase.vocabulary.validate(known))
        check_witness(finding, advisor.recommend(known))


def check_witness(finding: CheckFinding, advice: Any) -> None:
    """Check a witness on the recommendation of another engine."""
    rows = {row.model: row for row in advice.ranking}
    match finding.check:
        case "dead-rule":
            assert finding.subject not in advice.fired
        case "unreachable-finding":
            assert finding.subject not in advice.findings
        case "model-never-recommended":
            assert advice.model != finding.subject
        case "pattern-never-recognised":
            assert finding.subject not in advice.patterns
        case "excluded-yet-alone":
            assert rows[finding.subject].excluded
            assert [model for model, row in rows.items() if row.points > 0] == [finding.subject]
        case "article-against-itself":
            assert rows[finding.subject.partition(": ")[2]].excluded
        case "all-excluded":
            assert all(row.excluded for row in rows.values())
            assert advice.reason == "all_excluded"
        case "subsumed" | "double-counted":
            assert finding.subject.partition(":")[0].split(" with ")[0] in advice.fired
        case "idle-rule":
            assert finding.subject in advice.fired


def test_every_check_has_a_seeded_fault() -> None:
    assert {check for name in FAULTS for check, _ in announced(name)} == {*CHECKS, EXPECTATION}


def test_some_faults_show_only_through_chaining_or_union() -> None:
    assert sum("chaining" in name for name in FAULTS) >= 8
    assert sum("union" in name for name in FAULTS) >= 4


def test_every_check_is_documented() -> None:
    text = (ROOT / "docs" / "verification.md").read_text("utf-8")
    pages = re.findall(r"^### `([a-z-]+)`\n\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in pages] == [*CHECKS, EXPECTATION]
    for name, page in pages:
        assert all(word in page for word in ("**What.**", "**Why.**", "**Example.**")), name
    assert all(f"- `{note}`: " in text for note in NOTES)


# --- the built-in rule base


def test_the_builtin_rule_base_is_proved(record_property: Any) -> None:
    report = verify(RuleBase.builtin(), builtin_expectations())
    record_property("seconds", report.seconds)
    assert [(finding.check, finding.subject, finding.message) for finding in report.open] == []
    assert report.stale == ()
    assert {note.topic for note in report.notes} == set(NOTES)


def test_the_builtin_expectations_are_many_and_cite_claims() -> None:
    expectations = builtin_expectations().expectations
    assert len(expectations) >= 15
    assert all(expectation.because for expectation in expectations)


@pytest.mark.parametrize("used", [1, 5], ids=["every value in a rule", "most in none"])
def test_values_that_are_alike_are_asked_about_once_each(used: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind: questions about every pair of the values of one fact."""
    number, asked = 30, 0

    def check(solver: Solver, *question: Any) -> Possibility:
        nonlocal asked
        asked += 1
        return ask(solver, *question)

    ask = Solver.check
    monkeypatch.setattr(Solver, "check", check)
    values = [f"v{place}" for place in range(number)]
    rulebase = make_choice(
        "fact", values, {values[place]: ("one", "two")[place % 2] for place in range(0, number, used)}
    )
    groups = [finding.subject.split(" = ") for finding in verify(rulebase, only=["idle-value"]).findings]
    assert sum(map(len, groups)) == number
    assert len(groups) == (2 if used == 1 else 3)
    assert asked < 4 * number


@pytest.mark.parametrize("kind", [Kind.CHOICE, Kind.ORDERED])
def test_values_are_alike_only_if_each_is_like_every_other(kind: Kind) -> None:
    """The kind: values compared by way of a third, which is itself not possible wherever they differ."""
    claim = make_claim("S1-1", Tone.PLAIN)
    on = FactTest("on", Operator.IS, True)
    rules = [
        Rule(
            model, (claim.id,), "So.", (FactTest("fact", Operator.IS, value), on), (Conclusion(Effect.SUPPORTS, model),)
        )
        for model, value in (("one", "a"), ("two", "c"))
    ]
    rulebase = make_rulebase(
        [make_fact("fact", kind, ["a", "b", "c"]), make_fact("on", Kind.FLAG)],
        rules,
        [Model(name, name, f"it is {name}") for name in ("one", "two")],
        [claim],
        impossible=[Impossible("no-b-on", (FactTest("fact", Operator.IS, "b"), on), "No.")],
    )
    found = {finding.subject: finding.verdict for finding in verify(rulebase, only=["idle-value"]).findings}
    assert found["fact: a = b"] is Verdict.REFUTED
    assert found["fact: c"] is Verdict.PROVED


# --- verdicts


def test_running_out_of_time_is_reported(clean: RuleBase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Circuit, "ask", lambda *_: Possibility.UNDECIDED)
    expectations = read_plain({"expectations": [NEVER]}, clean)
    report = verify(clean, expectations)
    by_check = {check: {finding.verdict for finding in report.of(check)} for check in (*CHECKS, EXPECTATION)}
    # What needs no solver is decided, everything else is reported as undecided.
    assert set(by_check) == {*CHECKS, EXPECTATION}
    assert all(verdicts <= {Verdict.PROVED, Verdict.UNDECIDED} for verdicts in by_check.values())
    assert by_check["dead-rule"] >= {Verdict.UNDECIDED}
    assert by_check[EXPECTATION] == {Verdict.UNDECIDED}
    assert not report.ok
    told = report_as_text(report)
    assert "Undecided: whether the rule can fire." in told
    assert not any(finding.message for finding in report.findings if not finding.message.startswith("Undecided: "))


def test_a_witness_that_the_engine_does_not_confirm_is_an_error(
    clean: RuleBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    prover = Prover(clean)
    monkeypatch.setattr(Judge, "decide", lambda judge, known: judge.decider.decide(known, 0))
    with pytest.raises(Unconfirmed):
        prover.smallest(lambda view: view.recommended["barista"])


def test_accepted_findings_need_no_fix_and_stale_ones_are_reported(clean: RuleBase) -> None:
    rulebase, _ = load_fault("article-against-itself", clean)
    accepted = {"check": "article-against-itself", "subjects": ["S2: machine"], "reason": "It is meant so."}
    report = verify(rulebase, read_plain({"accepted": [accepted]}, rulebase))
    assert report.ok
    assert [finding.accepted for finding in report.findings if finding.accepted] == ["It is meant so."]
    assert verify(clean, read_plain({"accepted": [accepted]}, clean)).stale == (
        ("article-against-itself", "S2: machine"),
    )
    partly = verify(clean, read_plain({"accepted": [accepted]}, clean), only=["dead-rule"])
    assert partly.stale == ()


def test_only_and_jobs_do_not_change_results(clean: RuleBase) -> None:
    rulebase, expectations = load_fault("subsumed-by-union", clean)
    alone = verify(rulebase, expectations)
    assert verify(rulebase, expectations, jobs=2) == alone
    some = verify(rulebase, expectations, only=["subsumed"])
    assert some.findings == alone.of("subsumed")
    with pytest.raises(ValueError, match="no such check: sumsubed"):
        verify(rulebase, expectations, only=["sumsubed"])


@pytest.mark.parametrize("jobs", [1, 2])
def test_progress_is_reported(jobs: int, clean: RuleBase) -> None:
    told: list[Stage] = []
    report = verify(clean, jobs=jobs, progress=told.append)
    assert {stage.checks for stage in told} == {len(CHECKS) + 1 + len(NOTES)}
    done = [stage.done for stage in told]
    assert done == sorted(done)
    assert done[-1] >= told[-1].checks - 1
    last = {stage.check: stage for stage in told}
    assert set(report.checks) <= set(last)
    for check, stage in last.items():
        if check in report.checks:
            assert stage.decided == len(report.of(check)), check
            assert stage.subjects in (None, stage.decided), "the number of subjects is known before"
    assert sum(stage.subjects is not None for stage in last.values()) > len(CHECKS) // 2


def test_reports_are_complete(clean: RuleBase, tmp_path: Path) -> None:
    rulebase, expectations = load_fault("subsumed-by-union", clean)
    report: Report = verify(rulebase, expectations)
    plain = json.loads(report_as_json(report))
    assert plain["ok"] is False
    assert len(plain["findings"]) == len(report.findings)
    text = report_as_text(report, detail=True)
    assert all(finding.message in text for finding in report.open)
    assert all(note.text in text for note in report.notes)
    written = write_witnesses(report, tmp_path)
    assert len(written) == len(report.open)
    for path in written:
        assert Advisor(rulebase).recommend(yaml.safe_load(path.read_text("utf-8"))).ranking


# --- expectations

NEVER = {"id": "never-many", "says": "Never.", "never": {"when": {"crowd": "many"}, "recommends": ["machine"]}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"never": {"recommends": ["machin"]}}, "unknown-model"),
        ({"never": {"when": {"crwd": "many"}, "recommends": ["machine"]}}, "unknown-fact"),
        ({"never": {"knowing_only": ["crwd"], "recommends": ["machine"]}}, "unknown-fact"),
        ({"never": {"when": {"crowd": "many"}}}, "missing-key"),
        ({"never": {"weakens": ["machine"]}}, "missing-key"),
        ({"raising": "crowd"}, "missing-key"),
        ({"raising": "crowd", "lowering": "crowd", "never": {"weakens": ["machine"]}}, "missing-key"),
        ({"raising": "skill", "never": {"weakens": ["machine"]}}, "missing-key"),
        ({"never": None, "always": None}, "missing-key"),
        ({"because": ["S9-1"]}, "unknown-claim"),
        ({"because": ["S1-1", "S1-1"]}, "duplicate-value"),
        ({"never": {"knowing_only": ["crowd", "crowd"], "recommends": ["machine"]}}, "duplicate-value"),
        ({"never": {"recommends": ["machine", "kettle", "machine"]}}, "duplicate-value"),
        ({"never": {"establishes": ["nothing"]}}, "unknown-finding"),
        ({"never": {"unless": {}, "recommends": ["machine"]}}, "empty-test"),
        ({"typo": 1}, "unknown-key"),
    ],
)
def test_a_wrong_expectation_is_reported(change: dict[str, Any], code: str, clean: RuleBase) -> None:
    with pytest.raises(InvalidKnowledge) as caught:
        read_plain({"expectations": [NEVER | change]}, clean)
    assert code in {diagnostic.code for diagnostic in caught.value.diagnostics}


@pytest.mark.parametrize("part", ["when", "unless"])
def test_no_hint_in_a_condition_of_an_expectation_leads_to_the_next_mistake(part: str, clean: RuleBase) -> None:
    """A condition takes no number as a text, so quotation marks do not help."""
    for test in ({"budget": {"at_most": 5}}, {"crowd": ["few", 5]}):
        with pytest.raises(InvalidKnowledge) as caught:
            read_plain({"expectations": [NEVER | {"never": {part: test, "recommends": ["machine"]}}]}, clean)
        assert all('write "' not in diagnostic.hint for diagnostic in caught.value.diagnostics)


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"says": 5, "because": ["S9-1"]}, ["unknown-claim", "wrong-type"]),
        ({"never": {"recomends": ["mashine"]}}, ["unknown-key", "unknown-model"]),
        ({"raising": "crowd", "never": {"when": {"skill": "none"}}}, ["missing-key"]),
    ],
)
def test_no_mistake_in_an_expectation_hides_another_or_follows_from_it(
    change: dict[str, Any], codes: list[str], clean: RuleBase
) -> None:
    with pytest.raises(InvalidKnowledge) as caught:
        read_plain({"expectations": [NEVER | change]}, clean)
    assert sorted(diagnostic.code for diagnostic in caught.value.diagnostics) == codes


def test_a_missing_value_in_an_expectation_is_told_once(clean: RuleBase, tmp_path: Path) -> None:
    text = "expectations: [{id: a, says: A., because: [null], never: {when: {crowd: ~}, recommends: [null]}}]"
    (file := tmp_path / "expectations.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidKnowledge) as caught:
        read_expectations(file, rulebase=clean)
    assert [diagnostic.code for diagnostic in caught.value.diagnostics] == ["null-value"] * 3
    assert all(diagnostic.hint.startswith("known: ") for diagnostic in caught.value.diagnostics[1:])  # claims are many


def test_an_expectation_may_not_be_repeated(clean: RuleBase) -> None:
    with pytest.raises(InvalidKnowledge, match="occurs twice"):
        read_plain({"expectations": [NEVER, NEVER]}, clean)


@pytest.mark.parametrize(
    ("expectation", "holds"),
    [
        ({"never": {"knowing_only": ["beans", "mood"], "recommends": ["barista", "machine"]}}, True),
        ({"never": {"knowing_only": ["machine_works"], "recommends": ["machine"]}}, False),
        ({"never": {"unless": {"trained_hand": True}, "considers": ["barista"]}}, True),
        (
            {"always": {"when": {"skill": "expert", "crowd": "many"}, "establishes": ["trained_hand", "it_is_a_show"]}},
            True,
        ),
        ({"always": {"when": {"leak": True}, "warns": ["floor_is_wet"]}}, True),
        ({"always": {"when": {"machine_works": False}, "excludes": ["machine"]}}, True),
        ({"always": {"when": {"crowd": "many"}, "advises": ["grind_fine"]}}, False),
        ({"raising": "budget", "never": {"weakens": ["machine"]}}, True),
        ({"lowering": "budget", "never": {"weakens": ["machine"]}}, False),
        ({"raising": "beans", "never": {"unseats": ["barista"]}}, True),
        ({"raising": "beans", "never": {"unseats": ["machine"]}}, False),
        ({"raising": "machine_works", "never": {"strengthens": ["machine"]}}, False),
        ({"raising": "crowd", "never": {"seats": ["barista"]}}, False),
        ({"lowering": "mood", "never": {"strengthens": ["barista"]}}, True),
    ],
)
def test_every_expectation_is_decided(expectation: dict[str, Any], holds: bool, clean: RuleBase) -> None:
    expectations = read_plain({"expectations": [{"id": "one", "says": "It is so."} | expectation]}, clean)
    [finding] = verify(clean, expectations, only=[EXPECTATION]).findings
    assert finding.verdict is (Verdict.PROVED if holds else Verdict.REFUTED)
    assert (finding.witness is None) == holds
    if finding.witness and ("raising" in expectation or "lowering" in expectation):
        [(changed, value)] = finding.witness.changed.items()
        assert changed == expectation.get("raising", expectation.get("lowering"))
        assert value != finding.witness.known[changed]


@pytest.mark.parametrize(
    ("expectation", "told"),
    [
        (
            {"never": {"when": {"skill": "none"}, "unless": {"skill": "none"}, "recommends": ["barista"]}},
            "unless skill: none",
        ),
        ({"never": {"when": {"skill": "none", "trained_hand": True}, "recommends": ["barista"]}}, "trained_hand: true"),
        ({"always": {"when": {"machine_works": False, "leak": True}, "recommends": ["barista"]}}, "broken-yet-leaking"),
        ({"never": {"knowing_only": ["skill"], "when": {"crowd": "many"}, "recommends": ["barista"]}}, "only skill"),
        ({"raising": "crowd", "never": {"when": {"crowd": "many"}, "weakens": ["barista"]}}, "crowd rises"),
        ({"lowering": "crowd", "never": {"when": {"crowd": "few"}, "weakens": ["barista"]}}, "crowd falls"),
        (
            {
                "raising": "beans",
                "never": {"when": {"beans": {"includes_all": ["arabica", "robusta"]}}, "seats": ["kettle"]},
            },
            "beans rises",
        ),
        (
            {"raising": "leak", "never": {"when": {"machine_works": False}, "weakens": ["barista"]}},
            "'machine_works: false' and 'leak rises' and 'impossible: broken-yet-leaking' exclude each other",
        ),
        ({"raising": "crowd", "never": {"knowing_only": ["skill"], "weakens": ["barista"]}}, "only skill"),
    ],
)
def test_what_is_expected_of_no_organisation_is_a_finding_and_no_proof(
    expectation: dict[str, Any], told: str, clean: RuleBase
) -> None:
    written = {"id": "one", "says": "It is so."} | expectation
    reasons = {"accepted": [{"check": EXPECTATION, "subjects": ["one"], "reason": "It is kept for later."}]}
    for accepted in ({}, reasons):
        report = verify(clean, read_plain({"expectations": [written], **accepted}, clean), only=[EXPECTATION])
        [finding] = report.findings
        assert finding.verdict is Verdict.REFUTED
        assert finding.message.startswith("No organisation is concerned, so nothing is expected: ")
        assert told in finding.message
        assert finding.witness is not None
        assert not finding.witness.changed
        assert report.ok == bool(accepted)


def test_a_change_is_looked_at_only_where_the_facts_may_be_known(clean: RuleBase) -> None:
    for facts, holds in ((["crowd"], True), (["crowd", "skill"], False)):
        never = {"knowing_only": facts, "seats": ["barista"]}
        written = {"id": "one", "says": "It is so.", "raising": "crowd", "never": never}
        [finding] = verify(clean, read_plain({"expectations": [written]}, clean), only=[EXPECTATION]).findings
        assert finding.verdict is (Verdict.PROVED if holds else Verdict.REFUTED)
        assert finding.witness is None or set(finding.witness.known) <= set(facts)
        assert finding.witness is None or set(finding.witness.changed) == {"crowd"}


def test_a_malformed_expectation_hides_no_mistake_in_another(clean: RuleBase, tmp_path: Path) -> None:
    path = tmp_path / "expectations.yaml"
    path.write_text(
        """expectations:
  - {id: a, says: A b., never: {whn: {crowd: many}, recommends: [barista]}}
  - {id: b, says: A b., never: {when: {crowdd: many}, recommends: [baristaa]}}
  - {id: c, says: A b., never: {recommends: [ketle]}, always: {excludes: [machin]}}
""",
        encoding="utf-8",
    )
    with pytest.raises(InvalidKnowledge) as caught:
        read_expectations(path, rulebase=clean)
    for part in ("'whn'", "'crowdd'", "'baristaa'", "either never or always", "'machin'", "'ketle'"):
        assert part in str(caught.value)


# --- diff


def with_points(rulebase: RuleBase, rule: str, points: int) -> RuleBase:
    changed = rulebase.rules[rule]
    engineer = replace(changed.engineer, points=points, points_reason="A test.")
    return replace(rulebase, rules={**rulebase.rules, rule: replace(changed, engineer=engineer)})


def without(rulebase: RuleBase, rule: str) -> RuleBase:
    rules = {name: known for name, known in rulebase.rules.items() if name != rule}
    return replace(rulebase, rules=rules)


@pytest.mark.parametrize(
    ("rule", "points"),
    [("machine-runs", 3), ("machine-runs", 1), ("bad-mood", 2), ("a-kettle-for-few", 1), ("craft-first", 0)],
)
def test_a_difference_is_exactly_what_brute_force_finds(rule: str, points: int, clean: RuleBase) -> None:
    changed = with_points(clean, rule, points) if points else without(clean, rule)
    difference = diff(clean, changed, most=None)
    assert difference.complete
    assert difference.changes
    old, new = judge_of(clean), judge_of(changed)
    flipped = 0
    for known in every_organisation(Prover(clean), leave_out=("music",)):
        if clean.incoherences(known):
            continue
        before, after = old.decide(known), new.decide(known)
        change = difference.find(known)
        if (before.model, before.status) == (after.model, after.status):
            assert change is None, known
        else:
            flipped += 1
            assert change is not None, known
            assert (change.before.model or None, change.before.status) == (before.model, before.status)
            assert (change.after.model or None, change.after.status) == (after.model, after.status)
    assert flipped
    for change in difference.changes:
        known = dict(change.witness.known)
        before, after = old.decide(known), new.decide(known)
        assert (before.model, before.status) != (after.model, after.status)
        assert (change.before.model or None, change.after.model or None) == (before.model, after.model)


def test_no_difference_is_proved(clean: RuleBase) -> None:
    assert diff(clean, clean).same
    silent = without(clean, "silence")  # it only advises
    assert diff(clean, silent).same
    assert find_difference(clean, silent).possible is Possibility.POSSIBLE
    assert find_difference(clean, clean).possible is Possibility.IMPOSSIBLE


def test_the_search_for_differences_can_be_limited(clean: RuleBase) -> None:
    changed = with_points(clean, "machine-runs", 3)
    difference = diff(clean, changed, most=1)
    assert len(difference.changes) == 1
    assert not difference.complete
    assert not difference.same
    assert json.loads(diff_as_json(difference))["complete"] is False


def test_bases_with_different_facts_and_models_can_be_compared(clean: RuleBase) -> None:
    for name in ("idle-value", "model-never-recommended-too-little"):
        other, _ = load_fault(name, clean)
        for old, new in ((clean, other), (other, clean)):
            difference = diff(old, new, most=None)
            assert difference.complete
            assert difference.same == (name != "idle-value")


def test_a_fact_of_another_kind_cannot_be_compared(clean: RuleBase) -> None:
    crowd = replace(clean.vocabulary["mood"], name="crowd")
    vocabulary = type(clean.vocabulary)(
        {**clean.vocabulary.facts, "crowd": replace(crowd, kind=clean.vocabulary["skill"].kind)}
    )
    other = replace(clean, vocabulary=vocabulary, rules={}, impossible=())
    with pytest.raises(ValueError, match="'crowd' has the kind"):
        diff(clean, other)


@settings(max_examples=20)
@given(st.data())
def test_two_random_rule_bases_differ_if_their_decisions_do(data: st.DataObject) -> None:
    rulebase = data.draw(rulebases(max_rules=6))
    rule = data.draw(st.sampled_from(sorted(rulebase.rules)))
    changed = without(rulebase, rule)
    difference = diff(rulebase, changed, most=30)
    old, new = judge_of(rulebase), judge_of(changed)
    for _ in range(5):
        known = data.draw(organisations(rulebase, coherent=True))
        before, after = old.decide(known), new.decide(known)
        same = (before.model, before.status) == (after.model, after.status)
        if difference.complete:
            assert (difference.find(known) is None) == same
        elif difference.find(known):
            assert not same


def test_a_percentage_lies_in_one_region(clean: RuleBase) -> None:
    prover = Prover(clean)
    fact = clean.vocabulary["budget"]
    for value in (0, 49.999, 50, 100):
        assert len(label_value(fact, value, prover.space.regions)) == 1


# --- the command line


@pytest.fixture(scope="module")
def run() -> Any:
    pytest.importorskip("typer", reason="the extra `cli` is not installed")
    from typer.testing import CliRunner

    from cxrules.cli.app import make_app

    app = make_app()
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_clean_folder_ends_with_0(run: Any) -> None:
    done = run("verify", FAULTY / "clean", "--jobs", 1)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "0 open, 0 accepted" in done.stdout


def test_a_faulty_folder_ends_with_1(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "faulty"
    folder.mkdir()
    for source in (FAULTY / "clean", FAULTY / "expectation-never"):
        for path in source.glob("*.yaml"):
            (folder / path.name).write_bytes(path.read_bytes())
    done = run("verify", folder, "--jobs", 1, "--json", "--witnesses", tmp_path / "witnesses")
    assert done.exit_code == 1
    plain = json.loads(done.stdout)
    assert [entry["subject"] for entry in plain["findings"] if entry["verdict"] == "refuted"] == ["no-machine-for-many"]
    [witness] = (tmp_path / "witnesses").iterdir()
    answer = run("recommend", witness, "--rules", folder)
    assert answer.exit_code == 0
    assert "machine" in answer.stdout.lower()


def test_wrong_arguments_end_with_2(run: Any, tmp_path: Path) -> None:
    assert run("verify", FAULTY / "clean", "--only", "no-such-check").exit_code == 2
    assert run("verify", tmp_path / "nowhere").exit_code == 2
    assert run("diff", FAULTY / "clean", tmp_path / "nowhere").exit_code == 2
    broken = tmp_path / "expectations.yaml"
    broken.write_text("expectations: [{id: one, says: One., never: {recommends: [nobody]}}]\n", encoding="utf-8")
    done = run("verify", FAULTY / "clean", broken)
    assert done.exit_code == 2
    assert "unknown-model" in done.stderr


def test_diff_reports_what_a_change_changes(run: Any, tmp_path: Path) -> None:
    same = run("diff", FAULTY / "clean", FAULTY / "clean")
    assert same.exit_code == 0
    assert same.stdout.startswith("Proved: every organisation")
    changed = tmp_path / "changed"
    changed.mkdir()
    for path in (FAULTY / "clean").glob("*.yaml"):
        text = path.read_text("utf-8").replace("budget: {at_least: 50}", "budget: {at_least: 60}")
        (changed / path.name).write_text(text, encoding="utf-8")
    done = run("diff", FAULTY / "clean", changed, "--regions", 1000)
    assert done.exit_code == 1
    assert "budget: 50 to below 60" in done.stdout
    assert "Proved: no other organisation differs." in done.stdout
    plain = json.loads(run("diff", FAULTY / "clean", changed, "--regions", 1000, "--json").stdout)
    assert plain["complete"]
    assert all("budget" in change["where"] for change in plain["changes"])


def test_diff_reports_what_files_on_top_change(run: Any) -> None:
    assert run("diff", "builtin", "builtin", "--on-top").exit_code == 0
    done = run("diff", "builtin", ROOT / "examples" / "changed_rules", "--on-top", "--regions", 1)
    assert done.exit_code == 1
    assert "transformation_goal: true" in done.stdout


def test_unreadable_and_unwritable_files_end_with_2(run: Any, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("verify", FAULTY / "clean", "--witnesses", tmp_path / "file" / "folder")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Not a directory" in done.stderr
    done = run("diff", "builtin", tmp_path / "missing.json")
    assert (done.exit_code, "No such file" in done.stderr) == (2, True)


def test_a_missing_solver_ends_with_3(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("cxrules.verification")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "z3", None)
    done = run("verify", FAULTY / "clean")
    assert (done.exit_code, "cxrules[verify]" in done.stderr) == (3, True)
