"""Every combination of the card's four facts, against a reviewed table in the repository."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from cxrules import Advisor
from tests import ROOT
from tools.card import FACTS, PATH


def read_rows() -> Iterator[tuple[dict[str, object], dict[str, str]]]:
    """Return the facts and the rest of each row."""
    with (ROOT / PATH).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            known: dict[str, object] = {name: row[name] for name in FACTS if row[name]}
            if "retention_budget_share" in known:
                known["retention_budget_share"] = int(str(known["retention_budget_share"]))
            yield known, row


def test_the_table_has_every_combination_once() -> None:
    rows = [tuple(sorted(known.items(), key=str)) for known, _ in read_rows()]
    assert len(rows) == len(set(rows)) == 5 * 4 * 4 * 4


def test_each_row_has_the_reviewed_outcome() -> None:
    advisor = Advisor()
    for known, row in read_rows():
        advice = advisor.recommend(known)
        assert (advice.model or "", str(advice.status)) == (row["model"], row["status"]), known
        assert row["review"]


def test_no_row_recommends_a_model_that_its_facts_rule_out() -> None:
    for known, row in read_rows():
        assert row["model"] not in row["excluded"].split(), known
        if known.get("maturity") == "mature" or known.get("marketing_bandwidth") == "stretched":
            assert row["model"] != "marketing_interim", known
        if known.get("ceo_involvement") == "absent":
            assert row["model"] != "ceo_with_cco", known
        if not known:
            assert (row["model"], row["status"]) == ("", "undetermined")
