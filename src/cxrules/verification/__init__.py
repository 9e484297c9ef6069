"""A rule base proved consistent: questions about every possible organisation, decided.

The facts have finitely many distinguishable values, so that all organisations, the partly known ones included, can be
written down as a circuit of truth values (`circuit`, `space`), and what the rules and the policy make of them as
another (`outcome`). A solver then finds an organisation that is as asked, or proves that there is none; what it leaves
undecided is said to be undecided (`solver`). What happens often is found without it, among organisations drawn at
random (`trials`). What it finds is made as small as can be and confirmed by the engine
(`prover`, `reading`).

    checks       one small function for each check; docs/verification.md has a page for each
    notes        what is reported and is no fault
    difference   what a change of the rule base changes
    report       text, JSON and organisation files
    workers      several processes share the work

Needs the extra `verify`.
"""

from __future__ import annotations

from cxrules.verification.checks import CHECKS
from cxrules.verification.difference import Change, Difference, diff, find_difference
from cxrules.verification.expectations import Expectations, builtin_expectations, read_expectations
from cxrules.verification.prover import Answer, Unconfirmed, Witness
from cxrules.verification.report import (
    diff_as_json,
    diff_as_text,
    report_as_json,
    report_as_text,
    write_witness,
    write_witnesses,
)
from cxrules.verification.results import Finding, Note, Report, Stage, Verdict
from cxrules.verification.session import verify
from cxrules.verification.solver import EFFORT

__all__ = [
    "CHECKS",
    "EFFORT",
    "Answer",
    "Change",
    "Difference",
    "Expectations",
    "Finding",
    "Note",
    "Report",
    "Stage",
    "Unconfirmed",
    "Verdict",
    "Witness",
    "builtin_expectations",
    "diff",
    "diff_as_json",
    "diff_as_text",
    "find_difference",
    "read_expectations",
    "report_as_json",
    "report_as_text",
    "verify",
    "write_witness",
    "write_witnesses",
]
