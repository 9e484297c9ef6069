"""No text breaks a drawing or leaves its box."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cxrules
from cxrules.explanation.drawing.argument import Argument, argue
from cxrules.explanation.drawing.labels import clean, measure, wrap
from cxrules.explanation.drawing.mermaid import sketch
from cxrules.explanation.drawing.svg import draw

SVG = "{http://www.w3.org/2000/svg}"
ADVICE = cxrules.recommend(maturity="early", silos="severe")
ARGUMENT = argue(ADVICE.judge, ADVICE.decision)
ODD = st.text(st.sampled_from("ab Wï-顧客🙂한́́\x00\x1b\n\t\x85\u2028\u202e\ud800\ufffe<&>\"'#9829;|`"), max_size=120)


def relabel(text: str) -> Argument:
    points = tuple(replace(point, label=text or "x", note=text) for point in ARGUMENT.points)
    return replace(ARGUMENT, points=points, title=text)


@given(ODD, st.integers(2, 30))
def test_lines_fit_and_lose_only_blanks(text: str, room: int) -> None:
    lines = wrap(text, room)
    assert all(measure(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(clean(text).split())


@pytest.mark.parametrize(
    "text",
    [
        "a\x00b\x1b[31mred\x07",
        "#9829; &#9829; <b>bold</b>",
        "顧客体験の責任は誰が負うべきなのでしょうか、最高顧客責任者でしょうか、それとも最高経営責任者でしょうか",
        "고객경험은누가책임져야하는가고객경험은누가책임져야하는가",
        "🙂" * 60,
        "x\ud800\ufffey",
        "W" * 90,
        "a line\u2028another\nand \u202e reversed",
    ],
)
def test_a_drawing_of_any_text_is_xml_and_stays_in_its_boxes(text: str) -> None:
    root = ET.fromstring(draw(relabel(text)))  # noqa: S314 - our own
    boxes = 0
    for group in root.iter(f"{SVG}g"):
        shape = group.find(f"{SVG}rect")
        if shape is None:
            continue
        boxes += 1
        for line in group.findall(f"{SVG}text"):
            taken = sum(13.0 if measure(character) == 2 else 6.5 for character in line.text or "" if measure(character))
            assert float(line.get("x", "0")) + taken <= float(shape.get("x", "0")) + float(shape.get("width", "0")) + 1
    assert boxes


def count_lines(sketched: str) -> int:
    """Count the lines other than title and description, which an empty text does not have."""
    return sum(not line.startswith("  acc") for line in sketched.splitlines())


@given(ODD)
@settings(max_examples=settings().max_examples // 4)
def test_no_text_is_markup_in_mermaid_or_xml(text: str) -> None:
    argument = relabel(text)
    ET.fromstring(draw(argument))  # noqa: S314 - our own
    sketched = sketch(argument)
    assert count_lines(sketched) == count_lines(sketch(relabel("x")))
    entities = set(re.findall(r"#\w+;", sketched))
    assert entities <= {"#35;", "#quot;", "#lt;", "#gt;", "#amp;", "#96;", "#124;"}


def test_ids_of_any_length_and_script_can_be_sorted() -> None:
    from cxrules.language.ids import sorted_ids

    long = "A0-" + "9" * 5_000
    names = ["A0-1", "A0-01", "A0-9", "A0-10", "A0-²", "A0-٣", long, "A0-", "", "7"]
    assert sorted_ids(reversed(names)) == sorted_ids(names)
    assert [name for name in sorted_ids(names) if name in ("A0-9", "A0-10", long)] == ["A0-9", "A0-10", long]
