"""The work of reading grows no faster than what is read, even if all of it is wrong.

The kinds: a look through everything for each thing in it, and a suggestion for each of a million mistakes.
"""

import difflib
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest

from cxrules import Advisor, RuleBase, errors
from cxrules.cli.terminal.assignments import read_columns, read_supposed
from cxrules.columns.layout import Labels, lay_out
from cxrules.engines.plan import make_plan
from cxrules.errors.near_names import MOST_SUGGESTIONS, find_closest
from cxrules.knowledge import form_checks, forms
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.node import Node
from cxrules.language.condition_checks import check_names, normalise
from cxrules.language.facts import Kind, _NormalSets
from cxrules.language.rules import FactTest, Operator
from cxrules.portable.request_mistakes import tell_mistakes
from cxrules.testing import InvalidCases, read_cases, run_cases, update_cases
from cxrules.web.service import Service
from tests.line_count import count_lines
from tests.rulebases import make_choice, make_fact

NUMBER: Final = 400
SEVERAL: Final = [f"v{place}" for place in range(NUMBER)]
MANY: Final = [f"unknown_{place}" for place in range(2 * MOST_SUGGESTIONS)]
BASE: Final = RuleBase.builtin()
FACTS: Final = BASE.vocabulary
SET: Final = next(name for name, fact in FACTS.facts.items() if fact.kind is Kind.SET)


class Watched(str):
    """A name that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Watched.compared += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def check_test(names: list[str]) -> None:
    fact = make_fact("beans", Kind.CHOICE, SEVERAL)
    assert not list(check_names(fact, tuple(names), ()))
    assert normalise(FactTest("beans", Operator.IN, tuple(names)), fact).operand == tuple(SEVERAL)


def keep_columns(names: list[str]) -> None:
    assert len(lay_out(FACTS, ["silos", *SEVERAL], keep=names).kept) == NUMBER


@pytest.mark.parametrize("call", [check_test, keep_columns])
def test_each_of_many_names_is_found_without_a_look_through_all(call: Callable[[list[str]], None]) -> None:
    Watched.compared = 0
    call(list(map(Watched, SEVERAL)))
    assert Watched.compared < 10 * NUMBER


def test_the_columns_of_a_frame_are_found_without_a_look_through_all() -> None:
    class Rows:
        """The rows of a frame: of any columns, as many names as places."""

        def __getitem__(self, asked: tuple[slice, list[int]]) -> Any:
            taken.extend(asked[1])
            return SimpleNamespace()

    taken: list[int] = []
    labels = Labels([*map(Watched, SEVERAL), "v0"])
    Watched.compared = 0
    labels.take(SimpleNamespace(iloc=Rows()), SEVERAL)
    assert taken == list(range(NUMBER))  # of two columns v0 the first
    assert Watched.compared < 10 * NUMBER


@pytest.mark.parametrize("number", [2, 3])
def test_a_value_that_occurs_several_times_in_a_test_is_named_each_time(number: int) -> None:
    mistakes = list(check_names(make_fact("beans", Kind.CHOICE, ["few", "many"]), ("few",) * number, ()))
    assert [mistake.code for mistake in mistakes] == ["duplicate-value"] * (number - 1)


def test_a_set_whose_elements_are_repeated_is_not_kept() -> None:
    """Each of the thousand that are kept could have a million."""
    sets = _NormalSets(("few", "many"))
    assert sets["many", "few"] == sets["many", "few", "many"] == ("few", "many")
    assert list(sets) == [("many", "few")]


def test_the_elements_of_a_set_with_a_column_each_are_added_to_what_was_found() -> None:
    found = read_columns([f"{SET}.{name}={name}" for name in SEVERAL], FACTS)
    assert found == {SET: dict(zip(SEVERAL, SEVERAL, strict=True))}


class Counted(dict[str, Any]):
    """A mapping that counts how often it is gone through."""

    times = 0

    def __iter__(self) -> Iterator[str]:
        self.times += 1
        return super().__iter__()

    def items(self) -> Any:
        self.times += 1
        return super().items()


def test_a_mapping_is_not_gone_through_for_each_of_its_unknown_keys() -> None:
    def read(number: int) -> int:
        content = Counted({name: Node(1, "x.yaml", 1, 1) for name in SEVERAL[:number]})
        report = MistakeCollector()
        form_checks.examine(forms.RuleForm, Node(content, "x.yaml", 1, 1), (), report)
        assert sum(found.code == "unknown-key" for found in report.in_order()) == number
        return content.times

    assert read(NUMBER) == read(2)


def test_the_results_of_cases_are_written_in_linear_time(tmp_path: Path) -> None:
    def update(number: int) -> int:
        file = tmp_path / f"{number}.json"
        cases = [{"id": f"c{place}", "given": {"silos": "none"}, "expect": {}} for place in range(number)]
        file.write_text(json.dumps({"cases": cases}))
        results = run_cases(read_cases(file, rulebase=BASE), Advisor())
        return count_lines(lambda: update_cases(results.results))

    assert update(200) < 7 * update(50)


def write_cases(folder: Path, case: dict[str, Any]) -> None:
    file = folder / "cases.json"
    file.write_text(json.dumps([{"id": "a", "given": {}, "expect": {}, **case}]))
    read_cases(file, rulebase=BASE)


def write_knowledge(folder: Path, knowledge: dict[str, Any]) -> None:
    file = folder / "rules.yaml"
    file.write_text(json.dumps(knowledge))
    RuleBase.load(file, base=BASE)


def refuse(lines: list[str]) -> None:
    raise ValueError("\n".join(lines))


RULE: Final = {"id": "a", "because": ["A0-1"], "rationale": "So.", "then": [{"supports": "cxo_owned"}]}
READERS: Final[dict[str, Callable[[Path], object]]] = {
    "cases": lambda folder: write_cases(folder, {"expect": {"fires": MANY}}),
    "keys of a case": lambda folder: write_cases(folder, dict.fromkeys(MANY)),
    "keys of knowledge": lambda folder: write_knowledge(folder, {"rules": [], **dict.fromkeys(MANY, 1)}),
    "keys of a rule": lambda folder: write_knowledge(folder, {"rules": [dict.fromkeys(MANY, 1)]}),
    "conditions": lambda folder: write_knowledge(folder, {"rules": [{**RULE, "when": dict.fromkeys(MANY, True)}]}),
    "columns to keep": lambda _: lay_out(FACTS, ["silos"], keep=MANY),
    "columns of elements": lambda _: lay_out(FACTS, ["silos"], {SET: dict.fromkeys(MANY, "x")}),
    "--what-if": lambda _: read_supposed(MANY, FACTS),
    "a request": lambda _: refuse(
        tell_mistakes([{"type": "extra_forbidden", "loc": (name,)} for name in MANY], ["facts"], FACTS.facts, "field")
    ),
    "a request of the page": lambda _: Service(Advisor()).call("recommend", {"facts": {}, **dict.fromkeys(MANY, 1)}),
    "skipped facts": lambda _: Service(Advisor()).call("next-questions", {"facts": {}, "skipped": MANY}),
}


@pytest.mark.parametrize("reader", READERS)
def test_only_the_first_of_many_mistakes_get_suggestions(
    reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(errors, "find_closest", lambda word, _known: asked.append(word))
    with pytest.raises(ValueError, match=r"unknown_0\b"):
        READERS[reader](tmp_path)
    assert 0 < len(asked) <= MOST_SUGGESTIONS


def test_of_many_names_alike_the_nearest_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def note(word: str, names: Any, **options: Any) -> list[str]:
        compared.append(len(names))
        return close(word, names, **options)

    close = difflib.get_close_matches
    monkeypatch.setattr(difflib, "get_close_matches", note)
    names = [*(f"the_rule_{place}" for place in range(3_000)), "the_rule_of_thumb"]
    assert find_closest.__wrapped__("the_rule_of_thmb", tuple(names)) == "the_rule_of_thumb"
    assert compared == [1_000]


def test_values_and_the_tests_of_them_are_matched_without_a_look_at_each_value_for_each_test() -> None:
    def prepare(number: int) -> int:
        values = [f"v{place}" for place in range(number)]
        rulebase = make_choice("beans", values, dict.fromkeys(values, "kettle"))
        return count_lines(lambda: make_plan(rulebase))

    assert prepare(160) < 7 * prepare(40)


def test_a_list_is_not_shown_for_each_mistake_in_it() -> None:
    class Shown(list[str]):
        """A list that counts how often it is shown."""

        times = 0

        def __repr__(self) -> str:
            Shown.times += 1
            return "[]"

    wrong = [{"type": "unknown-value", "loc": ("facts", SET), "msg": "no such value", "input": Shown()}] * NUMBER
    assert len(tell_mistakes(wrong, ["facts"], FACTS.facts, "field")) == NUMBER
    assert not Shown.times


def test_unknown_facts_of_a_case_are_not_copied_for_each_of_its_changes(tmp_path: Path) -> None:
    def read(number: int) -> int:
        case = {"given": dict.fromkeys(SEVERAL[:number], 1), "also": [{"silos": "none"}] * number}
        return count_lines(partial(refuse_cases, case))

    def refuse_cases(case: dict[str, Any]) -> None:
        with pytest.raises(InvalidCases, match="v0"):
            write_cases(tmp_path, case)

    read(NUMBER // 4)  # what is suggested for the first is kept
    assert read(NUMBER) < 5 * read(NUMBER // 4)
