"""Proves a rule base consistent, by deciding questions about every possible organisation.

The facts have finitely many values that tests can tell apart, so all organisations, partly known ones included, can be
written down as a circuit of truth values (`circuit`, `space`), and what the rules and the policy make of them as
another (`circuit_view`). A solver finds an organisation that satisfies a query, or proves that there is none; what it
leaves undecided is reported as undecided (`solver`). What happens often is found without it, among organisations drawn
at random (`trials`). Whatever is found is made as small as possible and confirmed by the engine (`prover`,
`engine_view`).

    checks       one small function for each check; docs/verification.md has a page for each
    notes        what is reported but is not a fault
    difference   what a change of the rule base changes
    report       text, JSON and organisation files
    workers      several processes share the work

Needs the extra `verify`.
"""

from __future__ import annotations

from cxrules.verification.checks import CHECKS
from cxrules.verification.difference import ChangedRegion, Difference, diff, find_difference
from cxrules.verification.expectations import Expectations, builtin_expectations, read_expectations
from cxrules.verification.prover import QueryResult, Unconfirmed, Witness
from cxrules.verification.report import (
    diff_as_json,
    diff_as_text,
    report_as_json,
    report_as_text,
    write_witness,
    write_witnesses,
)
from cxrules.verification.results import CheckFinding, Note, Report, Stage, Verdict
from cxrules.verification.session import verify
from cxrules.verification.solver import EFFORT

__all__ = [
    "CHECKS",
    "EFFORT",
    "ChangedRegion",
    "CheckFinding",
    "Difference",
    "Expectations",
    "Note",
    "QueryResult",
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
