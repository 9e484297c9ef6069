"""Warnings on standard error."""

from __future__ import annotations

import warnings

import pytest

pytest.importorskip("typer", reason="the extra `cli` is not installed")

from cxrules import recommend
from cxrules.cli.terminal.streams import doubts_are_lines


def test_an_unlikely_value_is_questioned_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(), doubts_are_lines():
        warnings.simplefilter("always")
        recommend(retention_budget_share=0.15)
    assert capsys.readouterr().err == "cxrules: retention_budget_share is 0.15 %; write 15 if 15 % was meant\n"


def test_other_warnings_are_unchanged() -> None:
    with pytest.warns(UserWarning, match="another"), doubts_are_lines():
        warnings.warn("another", UserWarning, stacklevel=1)
