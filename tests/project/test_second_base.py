"""A rule base on another question, with other models, is proved and tested by the same tools, without Python."""

from __future__ import annotations

import pytest

from cxrules import Advisor, RuleBase
from cxrules.knowledge.fingerprints import compute_fingerprint, find_text, read_lines
from cxrules.testing import read_cases, run_cases
from tests import ROOT

FOLDER = ROOT / "examples" / "museum_archive"


@pytest.fixture(scope="module")
def museum() -> RuleBase:
    return RuleBase.load(FOLDER)


def test_it_has_no_python() -> None:
    assert {path.suffix for path in FOLDER.rglob("*") if path.is_file()} == {".yaml", ".txt", ".md"}


def test_its_cases_hold_and_exercise_everything(museum: RuleBase) -> None:
    report = run_cases(read_cases(FOLDER, rulebase=museum), Advisor(museum))
    assert [(result.case.id, result.faults) for result in report.failed] == []
    assert report.unexercised == {"rules": (), "findings": (), "facts": (), "claims": ()}


def test_it_is_proved(museum: RuleBase) -> None:
    pytest.importorskip("z3", reason="the extra `verify` is not installed")
    from cxrules.verification import read_expectations, verify

    report = verify(museum, read_expectations(FOLDER, rulebase=museum))
    assert [(finding.check, finding.subject, finding.message) for finding in report.open] == []
    assert report.stale == ()


def test_every_claim_has_its_paragraphs_in_the_text(museum: RuleBase) -> None:
    for claim in museum.claims.values():
        source = museum.sources[claim.source]
        text = find_text(source, [FOLDER])
        assert text is not None
        assert compute_fingerprint(claim, source, read_lines(text))


def test_its_answers_do_not_mention_cx(museum: RuleBase) -> None:
    advisor = Advisor(museum)
    for case in read_cases(FOLDER, rulebase=museum):
        advice = advisor.recommend(case.given)
        told = advice.explain("full") + advice.next_questions().explain()
        assert not [word for word in ("CX", "Customer", "CEO", "CCO", "marketing") if word in told], case.id
