"""What notebooks show of answers, the ranking, rules, facts and the rule base: formatted, escaped and short."""

import pickle
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxrules
from cxrules import Advisor, RuleBase
from cxrules.document import Block, Items, Outline, Paragraph, Section, Table, Told, mark_name, to_html, to_markdown
from cxrules.testing import organisations
from tests import ROOT
from tests.portable.answers import FACTS, QUESTIONS

_BASE = RuleBase.builtin()


class _Reader(HTMLParser):
    """A reader of HTML that checks the nesting of elements and collects the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {name for name, _ in attrs} & {"style", "onclick", "onload"}
        self.seen.add(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def things() -> dict[str, Told]:
    advice = cxrules.recommend(FACTS)
    found: dict[str, Any] = {name: ask(advice) for name, ask in QUESTIONS.items()}
    found["ranking"] = advice.ranking
    found["rule"] = _BASE.rules["unit-among-silos"]
    found["standing rule"] = next(rule for rule in _BASE.rules.values() if not rule.when)
    found["fact"] = _BASE.vocabulary["silos"]
    found["percentage"] = _BASE.vocabulary["retention_budget_share"]
    found["rule base"] = _BASE
    return found


THINGS = things()


@pytest.fixture(params=THINGS)
def thing(request: pytest.FixtureRequest) -> Any:
    return THINGS[request.param]


def test_everything_is_shown_briefly(thing: Any) -> None:
    html, markdown = thing._repr_html_(), thing._repr_markdown_()
    words, _, drawing = html.partition("<svg")
    assert bool(drawing) == isinstance(thing, cxrules.Recommendation)
    assert 0 < len(words) < 15_000
    assert words.count("<li>") + words.count("<tr>") < 80
    assert 0 < len(markdown) < 12_000
    reader = read(html)
    assert reader.seen.isdisjoint({"style", "script"})
    for mark in "\ue000\ue001\ue002\ue003":
        assert mark not in html + markdown


def test_reprs_are_one_short_line(thing: Any) -> None:
    assert len(repr(thing)) < 300
    assert "\n" not in repr(thing)
    assert repr(thing).startswith(type(thing).__name__)


def test_facts_and_rules_have_short_reprs() -> None:
    for part in (*_BASE.vocabulary.facts.values(), *_BASE.rules.values()):
        assert len(repr(part)) < 600, part


def test_a_rule_of_any_length_has_a_short_repr() -> None:
    rule = next(iter(_BASE.rules.values()))
    assert len(repr(replace(rule, when=rule.when * 100, then=rule.then * 100))) < 600


def test_a_notebook_shows_the_text_of_explain() -> None:
    for thing in THINGS.values():
        if not isinstance(thing, cxrules.Recommendation) and hasattr(thing, "explain"):
            shown = read(thing._repr_html_() or "").text
            if "more lines" not in shown:
                assert re.findall(r"\w+", shown) == re.findall(r"\w+", thing.explain())


def test_an_outline_that_is_too_long_loses_its_deepest_lines() -> None:
    lines = [(depth, f"{number}.{depth}") for number in range(20) for depth in range(5)]

    class Long(Told):
        def tell(self) -> tuple[Block, ...]:
            return (Outline(tuple(lines)), Table(("a", "b"), (("c", "d"),) * 500))

    text = read(Long()._repr_html_() or "").text
    assert "19.2" in text
    assert "0.3" not in text
    assert "and 40 more lines" in text
    assert "and 440 more rows" in text
    assert (Long()._repr_markdown_() or "").count("\n") < 140


_TEXTS = st.text(st.sampled_from("ab <>&*_|`#$\\[]1.)-+=~\n\"'é"), min_size=1, max_size=12).filter(str.strip)


def _deepen(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    most = 0
    for depth, text in lines:
        most = min(depth, most) + 1
        yield most - 1, text


_BLOCKS = st.one_of(
    _TEXTS.map(Paragraph),
    st.builds(Items, _TEXTS, st.lists(_TEXTS, min_size=1).map(tuple)),
    st.lists(st.tuples(st.integers(0, 4), _TEXTS), min_size=1).map(lambda lines: Outline(tuple(_deepen(lines)))),
    st.builds(Table, st.tuples(_TEXTS, _TEXTS), st.lists(st.tuples(_TEXTS, _TEXTS), max_size=3).map(tuple)),
    _TEXTS.map(lambda text: Section(text, (Paragraph(text),))),
)


def _texts(block: Block) -> list[str]:
    match block:
        case Paragraph():
            return [block.text]
        case Items():
            return [f"{block.lead}:" if block.lead else "", *block.entries]
        case Outline():
            return [text for _, text in block.lines]
        case Table():
            return [*block.head, *(cell for row in block.rows for cell in row)]
        case Section():
            return [block.heading, *(text for inner in block.blocks for text in _texts(inner))]


@given(_BLOCKS)
def test_html_has_the_text_and_no_other_markup(block: Block) -> None:
    assert re.sub(r"\s", "", read(to_html([block])).text) == re.sub(r"\s", "", "".join(_texts(block)))


@given(_BLOCKS)
def test_markdown_has_the_text_and_no_other_markup(block: Block) -> None:
    commonmark = pytest.importorskip("markdown_it")
    html = commonmark.MarkdownIt("commonmark").enable("table").render(to_markdown([block]))
    reader = read(re.sub(r"<(hr|br)>", r"<\1/>", html))
    assert re.sub(r"\s", "", reader.text) == re.sub(r"\s", "", "".join(_texts(block)))
    assert reader.seen <= {"p", "ul", "li", "h2", "h3", "table", "thead", "tbody", "tr", "th", "td"}


def test_marked_names_become_emphasis() -> None:
    block = [Table(("a|b",), ((mark_name("C|D"),),))]
    assert "<td><strong>C|D</strong></td>" in to_html(block)
    assert "| **C\\|D** |" in to_markdown(block)


def test_the_ranking_is_a_tuple() -> None:
    advice = cxrules.recommend(FACTS)
    ranking = advice.ranking
    assert ranking == tuple(ranking)
    assert pickle.loads(pickle.dumps(ranking)) == ranking  # noqa: S301 - our own
    assert (ranking._repr_html_() or "").count("<tr>") == 1 + len(ranking)  # type: ignore[attr-defined]


def test_a_copy_without_its_rule_base_shows_its_repr() -> None:
    base = RuleBase.load(ROOT / "tests" / "data" / "small_base")
    answer = Advisor(base).recommend(soil="dry").why_not("gardener")
    packed = pickle.dumps(answer)
    revision = answer.revision
    del answer, base
    copied = pickle.loads(packed)  # noqa: S301 - our own
    assert copied.revision == revision
    assert copied._repr_html_() is None or "<p>" in copied._repr_html_()


@given(organisations())
def test_every_recommendation_can_be_shown(known: dict[str, Any]) -> None:
    advice = cxrules.recommend(known)
    read(advice._repr_html_() or "")
    assert advice._repr_markdown_() == advice.to_markdown()
