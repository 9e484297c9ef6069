"""`update_cases`: whatever the layout of a file, only the values change, or nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from cxrules import Advisor, RuleBase
from cxrules.testing import InvalidCases, read_cases, run_cases, update_cases
from tests import DATA

ADVISOR = Advisor(RuleBase.load(DATA / "faulty_bases" / "clean"))
GIVEN = {"crowd": "few"}
RIGHT = {"model": ADVISOR.recommend(GIVEN).model, "status": str(ADVISOR.recommend(GIVEN).status)}
assert RIGHT["model"] not in ("barista", None)

ONE_LINE = "cases: [{id: a, given: {crowd: few}, expect: {model: barista, status: recommended}}]\n"
BLOCK = "cases:\n  - id: a\n    given: {crowd: few}\n    expect:\n      model: VALUE\n      points: {kettle: 77}\n"
JSON = '{"cases": [{"id": "a", "given": {"crowd": "few"}, "expect": {"model": "barista"}}]}\n'


def run(path: Path) -> Any:
    return run_cases(read_cases(path, rulebase=ADVISOR.rulebase), ADVISOR)


def in_block(value: str) -> str:
    return BLOCK.replace("VALUE", value)


@pytest.mark.parametrize(
    "text",
    [
        ONE_LINE,
        "\ufeff" + ONE_LINE,
        "\ufeff" + in_block("barista"),
        in_block("barista"),
        in_block("barista   # a comment"),
        in_block('"barista"  # a comment'),
        in_block("'barista'"),
        in_block(">-\n        barista"),
        in_block(">- # a comment\n        barista"),
        in_block("|-\n        barista\n"),
        in_block("|-\n        barista\n\n      # a comment\n"),
        in_block("\n        barista"),
        in_block(""),
        in_block("null"),
        in_block("~"),
        in_block("barista").replace("\n", "\r\n"),
        in_block("barista").replace("  - id", "  # a comment\x85  # of\u2028  # several lines\u2029  - id"),
        in_block("barista").replace("  - id", "  # a form feed is\ta\u00a0comment\n  - id"),
        BLOCK.partition("    expect:")[0] + "    expect: {\n    }\n",
        BLOCK.partition("    expect:")[0] + "    expect: { # a comment\n    }\n",
        BLOCK.partition("    expect:")[0] + "    expect: {}",
        JSON,
        "\ufeff" + JSON,
        JSON.replace('"barista"', "null"),
        JSON.replace('{"model": "barista"}', "{}"),
        JSON.replace('{"model": "barista"}', "{\n\t}"),
        JSON.replace(" ", "\n\t"),
        JSON.replace('"id"', '"shows": "\u2028\x85 and so on",\n"id"'),
        JSON.replace("]}", "\t]} # not quite JSON"),
    ],
)
def test_a_value_is_replaced_however_the_file_is_laid_out(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_bytes(text.encode())
    before = run(path)
    assert before.failed or not before.results[0].case.expect
    assert update_cases(before.results) == [path]
    after = run(path)
    assert after.failed == ()
    assert after.results[0].case.expect["model"] == RIGHT["model"]
    assert [result.case.given for result in after.results] == [result.case.given for result in before.results]
    written = path.read_bytes().decode()
    for kept in ("\ufeff", "# a comment", "\r\n", "\u2028", "\t"):
        assert (kept in written) == (kept in text) or kept == "\t", kept
    if text.removeprefix("\ufeff")[:1] == "{" and "#" not in text:
        assert json.loads(written.removeprefix("\ufeff"))["cases"][0]["expect"]["model"] == RIGHT["model"]
    assert update_cases(after.results) == []


def test_what_could_not_be_read_again_is_refused_and_no_file_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cxrules.testing.case_updates as module

    files = [tmp_path / "good.yaml", tmp_path / "odd.yaml"]
    files[0].write_text(ONE_LINE, "utf-8")
    files[1].write_text(ONE_LINE.replace("id: a", "id: b"), "utf-8")
    texts = [file.read_bytes() for file in files]
    edit = module._edit
    for spoil in (
        lambda text: text.replace("few", "many"),
        lambda text: text.replace("]", ""),
        lambda text: text.replace("recommended", "Yes"),
        lambda _: None,
    ):
        monkeypatch.setattr(
            module, "_edit", lambda text, edits, spoil=spoil: spoil(text) if "id: b" in text else edit(text, edits)
        )
        with pytest.raises(InvalidCases) as caught:
            update_cases(run(tmp_path).results)
        assert str(files[1]) in str(caught.value)
        assert "nothing is written" in str(caught.value)
        assert str(files[0]) not in str(caught.value)
        assert [file.read_bytes() for file in files] == texts


@pytest.mark.parametrize("change", [lambda text: "# new\n" + text, lambda text: text.replace("barista", "machine")])
def test_a_file_that_changed_meanwhile_is_left_alone(change: Any, tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(ONE_LINE, "utf-8")
    report = run(path)
    path.write_text(change(ONE_LINE), "utf-8")
    with pytest.raises(InvalidCases, match="has changed since it was read"):
        update_cases(report.results)
    assert path.read_text("utf-8") == change(ONE_LINE)
    path.unlink()
    with pytest.raises(InvalidCases, match="cannot be read"):
        update_cases(report.results)


def test_the_rest_of_a_file_is_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    cases = [
        {"id": f"c{number}", "given": {**GIVEN}, "expect": {"model": model, "fires": "bad-mood"}}
        for number, model in enumerate(["barista", RIGHT["model"], None, ["barista", None]])
    ]
    for flow in (None, True, False):
        path.write_text(yaml.safe_dump({"cases": cases}, default_flow_style=flow), "utf-8")
        update_cases(run(path).results)
        again = yaml.safe_load(path.read_text("utf-8"))["cases"]
        models = [case["expect"].pop("model") for case in again]
        assert models == [RIGHT["model"]] * 3 + [["barista", None]]
        assert again == [case | {"expect": {"fires": "bad-mood"}} for case in cases]
