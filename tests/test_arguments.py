"""Arguments of every wrong kind: each call answers, or raises one error of the library that names the argument."""

import datetime as dt
import linecache
import traceback
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import cxrules
from cxrules import Advisor, InvalidKnowledge, InvalidOrganisation, RuleBase
from cxrules.decision_log import DecisionLog, InvalidMasking, LogReader, Masking, make_record
from cxrules.errors import show_value
from tests import ROOT

SMALL = ROOT / "tests" / "data" / "small_base"
SOURCE = str(ROOT / "src" / "cxrules")
ADVISOR = Advisor(RuleBase.load(SMALL))
ADVICE = ADVISOR.recommend(soil="dry", budget_share=50)
FACTS = {fact.kind: name for name, fact in ADVISOR.rulebase.vocabulary.facts.items()}
OWN = (InvalidOrganisation, InvalidKnowledge, InvalidMasking)
"""Documented errors, which may come from anywhere; others must be raised by the library itself."""


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


class Acting:
    def __repr__(self) -> str:
        return "\x1b[31m\n\ud800"


class Alike(str):
    """A text that equals every other."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


class NoNumber(int):
    def __float__(self) -> float:
        raise RuntimeError

    def __le__(self, other: object) -> bool:
        raise RuntimeError


def deep() -> list[Any]:
    found: list[Any] = []
    for _ in range(20_000):
        found = [found]
    return found


def circle() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


WRONG: dict[str, Any] = {
    "surrogate": "\ud800",
    "surrogate within": "dry\udcff",
    "null": "a\0b",
    "escape": "\x1b[31m\n",
    "right to left": "\u202edry",
    "lookalike": "dr\u0443",
    "byte order mark": "\ufeffdry",
    "carriage return": "dry\r",
    "blank": " ",
    "empty": "",
    "long": "x" * 1_000_000,
    "number as text": "15",
    "zero": 0,
    "below": -1,
    "huge": 10**5000,
    "huge below": -(10**400),
    "infinite": float("inf"),
    "infinite below": float("-inf"),
    "not a number": float("nan"),
    "minus zero": -0.0,
    "half": 0.5,
    "flag": True,
    "complex": 1j,
    "decimal": Decimal("1e9999"),
    "signalling": Decimal("sNaN"),
    "fraction": Fraction(10**400),
    "bytes": b"dry",
    "bytearray": bytearray(b"dry"),
    "memory": memoryview(b"dry"),
    "list": [],
    "list of none": [None],
    "list of surrogates": ["\ud800"],
    "list of bytes": [b"dry"],
    "nested": [["dry"]],
    "deep": deep(),
    "circle": circle(),
    "set of a tuple": {("dry",)},
    "mapping": {"\ud800": "\ud800"},
    "mapping by numbers": {1: 2, None: 3},
    "proxy": MappingProxyType({"a": 1}),
    "date": dt.date(2020, 1, 1),
    "duration": dt.timedelta(1),
    "type": type,
    "function": len,
    "ellipsis": ...,
    "mute": Mute(),
    "acting": Acting(),
    "alike": Alike("zzz"),
    "no number": NoNumber(7),
    "path": Path("x\ud800"),
}


def spent(given: Any) -> Iterator[Any]:
    yield given


def list_calls(folder: Path) -> dict[str, Callable[[Any], object]]:
    """Every call that takes an argument; the text of its answer is returned if it is to be checked."""
    log = folder / "log.jsonl"
    recommend, suppose = ADVISOR.recommend, ADVICE.what_if

    def about(ask: Callable[[Any], object], name: str) -> Callable[[Any], object]:
        return lambda given: ask({name: given})

    def hashed(given: Any) -> Any:
        try:
            hash(given)
        except TypeError:
            return "no name"
        return given

    def open_log(**options: Any) -> None:
        DecisionLog(log, **options).close()

    def in_folder(given: Any) -> Any:
        return str(folder / given[:300]) if isinstance(given, str) and given else given

    return {
        **{f"recommend {kind}": about(recommend, name) for kind, name in FACTS.items()},
        **{f"what_if {kind}": about(suppose, name) for kind, name in FACTS.items()},
        "organisation": ADVISOR.recommend,
        "fact": lambda given: recommend({hashed(given): "dry"}),
        "unknown fact": lambda given: recommend({hashed(given): None}),
        "what_if": ADVICE.what_if,
        "why_not": ADVICE.why_not,
        "how": lambda given: str(ADVICE.how(given)),
        "detail": ADVICE.explain,
        "width": lambda given: ADVICE.explain(width=given),
        "markdown": ADVICE.to_markdown,
        "title": lambda given: ADVICE.to_html(title=given),
        "date": lambda given: ADVICE.to_html(date=given),
        "drawing": lambda given: ADVICE.to_svg(width=given),
        "target": ADVICE.counterfactuals,
        "max_changes": lambda given: ADVICE.counterfactuals(max_changes=given, deadline=0),
        "keep": lambda given: ADVICE.counterfactuals(keep=given, deadline=0),
        "keep one": lambda given: ADVICE.counterfactuals(keep=spent(given), deadline=0),
        "effort": lambda given: ADVICE.counterfactuals(effort=given, deadline=0),
        "price": lambda given: ADVICE.counterfactuals(effort={"budget_share": given}, deadline=0),
        "deadline": lambda given: ADVICE.sufficient(deadline=given),
        "rulebase": Advisor,
        "engine": lambda given: Advisor(engine=given),
        "load": RuleBase.load,
        "base": lambda given: RuleBase.load(SMALL, base=given),
        "from_json": RuleBase.from_json,
        "attach": ADVICE.attach,
        "tool_schema": cxrules.tool_schema,
        "recommendation": make_record,
        "id": lambda given: make_record(ADVICE, id=given),
        "time": lambda given: make_record(ADVICE, time=given),
        "labels": lambda given: make_record(ADVICE, labels=given),
        "label": lambda given: make_record(ADVICE, labels={"a": given}),
        "name of a label": lambda given: make_record(ADVICE, labels={hashed(given): 1}),
        "trace_id": lambda given: make_record(ADVICE, trace_id=given),
        "span_id": lambda given: make_record(ADVICE, span_id=given),
        "measured": lambda given: make_record(ADVICE, duration=given),
        "mask": lambda given: Masking(mask=given),
        "masked": lambda given: Masking(erase=spent(given)),  # type: ignore[arg-type] # as callers do
        "log": lambda given: DecisionLog(in_folder(given)).close(),
        "rotate": lambda given: open_log(rotate=given),
        "sync": lambda given: open_log(sync=given),
        "mode": lambda given: open_log(mode=given),
        "lock_timeout": lambda given: open_log(lock_timeout=given),
        "masking": lambda given: open_log(masking=given),
        "clock": lambda given: open_log(clock=given),
        "new_id": lambda given: open_log(new_id=given),
        "reader": lambda given: list(LogReader(in_folder(given))),
    }


def complain(error: Exception) -> str:
    """Describe what is wrong with an error; empty if nothing is."""
    told = str(error)
    if not isinstance(error, OWN):
        last = traceback.extract_tb(error.__traceback__)[-1]
        line = linecache.getline(last.filename, last.lineno or 0).strip()
        own = last.filename.startswith(SOURCE) and line.startswith("raise")
        if not own and not (isinstance(error, OSError) and error.errno):
            return f"{error!r:.200} comes from {last.filename}:{last.lineno}"
    if not told.replace("\n", "").isprintable():
        return f"{told!r:.200} has control characters"
    return "" if 0 < len(told) < 20_000 else f"a message of {len(told)} characters"


NAMES = sorted(list_calls(Path()))


@pytest.mark.parametrize("argument", NAMES)
def test_every_argument_is_accepted_or_refused_in_one_error(argument: str, tmp_path: Path) -> None:
    wrong: dict[str, str] = {}
    call = list_calls(tmp_path)[argument]
    for name, given in WRONG.items():
        try:
            answer = call(given)
        except (TypeError, ValueError, LookupError, OSError) as error:
            told = complain(error)
        else:
            told = "" if not isinstance(answer, str) or _can_be_encoded(answer) else "the answer cannot be encoded"
        if told:
            wrong[name] = told
    assert not wrong


def _can_be_encoded(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def test_facts_to_keep_may_come_from_a_generator() -> None:
    assert ADVICE.counterfactuals(keep=spent("soil")) == ADVICE.counterfactuals(keep=["soil"])


@pytest.mark.parametrize(
    "given", [Acting(), Mute(), "\ud800", 10**5000, deep(), circle()], ids=lambda given: type(given).__name__
)
def test_any_value_is_shown_in_one_short_line(given: object) -> None:
    shown = show_value(given)
    assert shown.isprintable()
    assert len(shown) < 200


def test_every_wrong_label_is_named() -> None:
    with pytest.raises(TypeError) as caught:
        make_record(ADVICE, labels={"a": [], "b": 1, "c": float("nan"), 4: "d"})  # type: ignore[dict-item]
    told = str(caught.value)
    assert told.startswith("3 mistakes in the labels:")
    assert all(part in told for part in ("label 'a'", "label 'c'", "not 4"))


def test_a_name_that_nobody_would_see_is_quoted() -> None:
    with pytest.raises(InvalidOrganisation) as caught:
        ADVISOR.recommend({"": 1, " soil": "dry"})
    assert [str(each.location) for each in caught.value.diagnostics] == ["''", "' soil'"]
