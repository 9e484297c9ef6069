"""Arguments and rule bases as graphs: they show what was decided, and their drawings are well-formed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from itertools import islice
from typing import Any
from xml.etree import ElementTree as ET

import networkx as nx
import pytest
from hypothesis import given

from cxrules import Advisor, Recommendation, RuleBase
from cxrules.explanation.drawing.argument import Argument, PointKind, Relation, argue
from cxrules.explanation.drawing.digest import MOST_BOXES, describe_digest, digest
from cxrules.explanation.drawing.layout import Box, Line, place_boxes
from cxrules.graph import argument_graph, dependency_graph, find_cycles, reach, rests_on, strata, to_dot, to_mermaid
from cxrules.language.rules import Effect
from tests.explanation.prose.test_explain import SCENARIO, recommendations
from tests.rulebases import organisations, random_organisations, rulebases

BUILTIN = RuleBase.builtin()
ADVISOR = Advisor()
SVG = "{http://www.w3.org/2000/svg}"


def some(number: int, seed: int = 3) -> list[Recommendation]:
    return [ADVISOR.recommend(known) for known in islice(random_organisations(BUILTIN, seed, coherent=True), number)]


def check_argument(advice: Recommendation) -> None:
    argument = argue(advice.judge, advice.decision, complete=True)
    kinds = {point.id: point.kind for point in argument.points}
    assert len(kinds) == len(argument.points)
    assert {name.partition(":")[2] for name, kind in kinds.items() if kind is PointKind.RULE} <= set(advice.fired)
    assert {name.partition(":")[2] for name, kind in kinds.items() if kind is PointKind.FACT} <= set(advice.facts)
    links = {(link.tail, link.head): link for link in argument.links}
    assert {tail for tail, _ in links} | {head for _, head in links} <= set(kinds)
    for row in advice.ranking:
        model = f"model:{row.model}"
        into = [link for link in argument.links if link.head == model]
        assert sum(link.points for link in into) == row.points
        excluding = {link.tail.partition(":")[2] for link in into if link.relation is Relation.EXCLUDES}
        assert excluding == set(row.excluded_by)
        lacking = {link.tail.partition(":")[2] for link in into if link.relation is Relation.LACKING}
        assert lacking == set(row.missing)
    winners = [point.id for point in argument.points if point.kind is PointKind.MODEL and point.deciding]
    assert winners == ([f"model:{advice.model}"] if advice.model else [])
    # What a deciding node rests on is on the path too.
    deciding = {point.id for point in argument.points if point.deciding}
    for link in argument.links:
        if link.head in deciding and kinds[link.head] is not PointKind.MODEL:
            assert link.deciding
            assert link.tail in deciding
    check_digest(argue(advice.judge, advice.decision))


def check_digest(argument: Argument) -> None:
    """A digest is a part of the argument, and shows every node with all that the node rests on."""
    part = digest(argument)
    kept = {point.id for point in part.points}
    assert set(part.points) <= set(argument.points)
    assert set(part.links) == {link for link in argument.links if {link.tail, link.head} <= kept}
    models = {point.id for point in argument.points if point.kind is PointKind.MODEL}
    for link in argument.links:
        if link.head in kept - models:
            assert link.tail in kept
    heads = {link.tail for link in part.links}
    assert kept - models <= heads, "a box without a line to the outcome"
    assert set(argument.stated) <= kept, "a reason that the text states"
    winner = {point.id for point in argument.points if point.kind is PointKind.MODEL and point.deciding}
    assert winner <= kept
    if winner:
        assert any(link.deciding for link in part.links) == any(link.deciding for link in argument.links)
    assert part.whole == (len(argument.points) if part.points != argument.points else 0)
    told = f"{argument.title}. {describe_digest(argument)}"
    assert all(point.label.rstrip(".") in told for point in part.points if point.id in kept & models)


@given(recommendations())
def test_argument_is_what_was_decided(advice: Recommendation) -> None:
    check_argument(advice)


def test_argument_on_the_builtin_rule_base_is_what_was_decided() -> None:
    for advice in some(30):
        check_argument(advice)


def test_argument_graph_has_attributes_that_every_format_can_store() -> None:
    advice = ADVISOR.recommend(SCENARIO)
    graph = argument_graph(advice)
    assert nx.is_directed_acyclic_graph(graph)
    assert graph.graph["title"].startswith("Executive owner")
    assert graph.nodes["model:cxo_owned"] == {
        "kind": "model",
        "label": "Executive owner",
        "note": "recommended",
        "source": "",
        "deciding": True,
        "dissent": False,
        "faint": False,
    }
    for attributes in [*dict(graph.nodes).values(), *(data for *_, data in graph.edges(data=True))]:
        assert {type(value) for value in attributes.values()} <= {str, int, bool}
    assert "".join(nx.generate_graphml(graph))


def test_dissent_is_marked() -> None:
    for advice in some(20):
        argument = argue(advice.judge, advice.decision)
        marked = {point.id.partition(":")[2] for point in argument.points if point.dissent}
        dissenting = {rule for rule in advice.fired if set(BUILTIN.rules[rule].because) & set(advice.dissent)}
        drawn = {point.id.partition(":")[2] for point in argument.points if point.kind is PointKind.RULE}
        assert marked == dissenting & drawn


def check_svg(advice: Recommendation, *, complete: bool = False, within: int | None = None) -> None:
    root = ET.fromstring(advice.to_svg(complete=complete, width=within))  # noqa: S314 - it is our own
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    words = " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
    for case in advice.why().cases:
        if complete or case.model.id == advice.model:
            assert all(word in words.casefold() for word in case.model.name.casefold().split())
    # It has a title, a description and a background, so that it is legible on a dark page.
    title, description, ground = root.find(f"{SVG}title"), root.find(f"{SVG}desc"), root.find(f"{SVG}rect")
    assert title is not None
    assert description is not None
    assert root.attrib["aria-labelledby"] == f"{title.attrib['id']} {description.attrib['id']}"
    assert title.text
    assert description.text
    assert ground is not None
    assert ground.attrib == {"width": root.attrib["width"], "height": root.attrib["height"], "fill": "#ffffff"}
    boxes = [
        tuple(float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        for rect in root.iter(f"{SVG}rect")
        if "rx" in rect.attrib
    ]
    for place, (x, y, wide, high) in enumerate(boxes):
        assert x >= 0
        assert y >= -0.1
        assert x + wide <= width
        assert y + high <= height
        for other_x, other_y, other_wide, other_high in boxes[:place]:
            apart = x + wide <= other_x or other_x + other_wide <= x
            assert apart or y + high <= other_y + 0.1 or other_y + other_high <= y + 0.1, "boxes overlap"


def test_drawings_are_well_formed_and_nothing_overlaps() -> None:
    for advice in some(15):
        check_svg(advice)
        check_svg(advice, complete=True)


@pytest.mark.parametrize("wide", [240, 360, 660])
def test_a_narrow_drawing_has_the_width_asked_for_and_is_legible(wide: int) -> None:
    for advice in some(8):
        check_svg(advice, within=wide)
        check_svg(advice, complete=True, within=wide)
        root = ET.fromstring(advice.to_svg(width=wide))  # noqa: S314 - it is our own
        assert root.attrib["width"] == str(wide)
        sizes = {float(element.attrib["font-size"]) for element in root.iter() if "font-size" in element.attrib}
        assert min(sizes) >= 12
        for group in root.iter(f"{SVG}g"):
            box, *lines = group
            room = float(box.attrib["width"])
            for line in lines:
                size = float(line.attrib.get("font-size", 14))
                assert float(line.attrib["x"]) + 0.5 * size * len(line.text or "") <= float(box.attrib["x"]) + room
                assert float(line.attrib["y"]) < float(box.attrib["y"]) + float(box.attrib["height"])


def test_a_narrow_drawing_shows_every_reason_of_the_text() -> None:
    told = 0
    for advice in some(20):
        root = ET.fromstring(advice.to_svg(width=660))  # noqa: S314 - it is our own
        drawn = " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))
        for rule in argue(advice.judge, advice.decision).stated:
            assert BUILTIN.rules[rule.partition(":")[2]].rationale.rstrip(". ") in drawn
            told += 1
    assert told > 20


@pytest.mark.parametrize("width", [239, 0, -1, "x", 300.5, float("nan"), True])
def test_a_drawing_too_narrow_for_text_is_refused(width: Any) -> None:
    with pytest.raises(ValueError, match="the width of a drawing is a whole number from 240"):
        ADVISOR.recommend(SCENARIO).to_svg(width=width)


def test_a_drawing_has_about_twelve_boxes() -> None:
    """It rarely has more: only where the reasons in the text need them."""
    sizes = []
    for advice in some(40):
        argument = argue(advice.judge, advice.decision)
        sizes.append(len(digest(argument).points))
        assert len(digest(replace(argument, stated=())).points) <= MOST_BOXES
        assert advice.to_mermaid().count(":::") <= sizes[-1]
    sizes.sort()
    assert sizes[len(sizes) // 2] <= MOST_BOXES + 1
    assert sizes[-1] <= MOST_BOXES + 7


def test_the_description_says_what_decides_and_what_opposes_it() -> None:
    advice = ADVISOR.recommend(current_owner="marketing", silos="severe", marketing_bandwidth="stretched")
    told = describe_digest(argue(advice.judge, advice.decision))
    assert told.startswith("Recommended. For it: ")
    assert "Executive owner" not in told
    assert "since there are severe silos between departments" in told
    assert "CEO with a chief customer officer: outweighed. For it: " in told


@given(
    rulebases().flatmap(lambda rulebase: organisations(rulebase).map(lambda known: Advisor(rulebase).recommend(known)))
)
def test_any_argument_can_be_drawn(advice: Recommendation) -> None:
    check_svg(advice)
    check_svg(advice, within=300)
    assert advice.to_mermaid().startswith("flowchart LR\n")


def test_lines_cross_no_box() -> None:
    boxes = [Box(name, 50, 20) for name in "abcdef"]
    lines = [
        Line("a", "b"),
        Line("b", "c"),
        Line("c", "d"),
        Line("a", "d"),
        Line("e", "d"),
        Line("f", "c"),
        Line("a", "c"),
    ]
    plan = place_boxes(boxes, lines, column_gap=30)
    for line in plan.lines:
        assert len(line.through) == plan.boxes[line.head].layer - plan.boxes[line.tail].layer - 1
        for lane in line.through:
            same = [box for box in plan.boxes.values() if box.layer == lane.layer]
            assert all(lane.y + lane.height <= box.y or box.y + box.height <= lane.y for box in same)


def test_mermaid_names_every_node_and_edge() -> None:
    advice = ADVISOR.recommend(SCENARIO)
    text = advice.to_mermaid(complete=True)
    argument = argue(advice.judge, advice.decision, complete=True)
    assert len(re.findall(r"^  n\d+[\[(]", text, re.MULTILINE)) == len(argument.points)
    assert len(re.findall(r"^  n\d+ -->", text, re.MULTILINE)) == len(argument.links)
    assert "rules out" in text


@pytest.mark.parametrize("known", [SCENARIO, {}, {"silos": "severe"}])
@pytest.mark.parametrize("complete", [False, True])
def test_every_drawing_is_titled_and_described_for_screen_readers(known: dict[str, Any], complete: bool) -> None:
    advice = ADVISOR.recommend(known)
    argument = argue(advice.judge, advice.decision, complete=complete)
    title, description = argument.title, describe_digest(argument)
    _, first, second, *others = advice.to_mermaid(complete=complete).splitlines()
    assert first == f"  accTitle: {title}"
    assert second.startswith("  accDescr: ")
    assert second.count(":") >= description.count(":")
    assert not [line for line in others if line.lstrip().startswith("acc")]
    for drawn in (advice.to_svg(complete=complete), advice.to_svg(complete=complete, width=300)):
        root = ET.fromstring(drawn)  # noqa: S314 - our own
        assert [root.findtext(f"{SVG}{name}") for name in ("title", "desc")] == [title, description]
    assert not description.startswith(title)
    assert advice.name is None or not description.startswith(advice.name)


def test_notebooks_show_text_and_drawing() -> None:
    html = ADVISOR.recommend(SCENARIO)._repr_html_()
    assert html is not None
    assert html.startswith("<p>The recommendation")
    assert "<svg" in html


def test_drawings_do_not_depend_on_the_hash_seed() -> None:
    code = f"""
import hashlib, cxrules
from cxrules.graph import argument_graph, dependency_graph, to_dot, to_mermaid
advice = cxrules.recommend({SCENARIO!r})
graph = dependency_graph(cxrules.RuleBase.builtin())
parts = [advice.to_svg(), advice.to_mermaid(), advice.explain("full"), str(advice.why(complete=True)),
         to_dot(graph), to_mermaid(graph), to_dot(argument_graph(advice))]
print(hashlib.sha256(chr(0).join(parts).encode()).hexdigest())
"""
    shown = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1")
    }
    assert len(shown) == 1


# -- the rule base -----------------------------------------------------------------------------------------------------


@given(rulebases())
def test_strata_of_the_graph_are_those_of_the_rule_base(rulebase: RuleBase) -> None:
    graph = dependency_graph(rulebase)
    assert strata(graph) == rulebase.strata
    assert not list(find_cycles(graph))
    assert all(
        graph.nodes[f"rule:{rule}"]["stratum"] == level for level, layer in enumerate(rulebase.strata) for rule in layer
    )


def test_dependency_graph_of_the_builtin_rule_base_is_whole() -> None:
    graph = dependency_graph(BUILTIN)
    for kind, names in (
        ("fact", BUILTIN.vocabulary.facts),
        ("rule", BUILTIN.rules),
        ("finding", BUILTIN.findings),
        ("model", BUILTIN.models),
        ("claim", BUILTIN.claims),
        ("source", BUILTIN.sources),
        ("pattern", BUILTIN.patterns),
        ("accompaniment", BUILTIN.accompaniments),
        ("action", BUILTIN.actions),
        ("warning", BUILTIN.warnings),
    ):
        assert [name for name, data in graph.nodes(data=True) if data["kind"] == kind] == [
            f"{kind}:{name}" for name in names
        ]
    concluded = sum(len(rule.then) + sum(len(item.over) for item in rule.then) for rule in BUILTIN.rules.values())
    effects = {*map(str, Effect), "sets_aside"}
    assert sum(data["relation"] in effects for *_, data in graph.edges(data=True)) == concluded


def test_reach_agrees_with_the_rules() -> None:
    graph = dependency_graph(BUILTIN, claims=False, advice=False)
    for rule in BUILTIN.rules.values():
        before = {name for name in rests_on(graph, f"rule:{rule.id}") if name.startswith("fact:")}
        assert {f"fact:{fact}" for fact in rule.facts()} <= before
        assert all(f"rule:{rule.id}" in reach(graph, name) for name in before)
    with pytest.raises(nx.NetworkXError):
        reach(graph, "fact:moon_phase")


def test_a_cycle_is_found() -> None:
    graph = dependency_graph(BUILTIN, claims=False, advice=False)
    finding = next(iter(BUILTIN.findings))
    rule = BUILTIN.concluders[finding][0]
    graph.add_edge(f"finding:{finding}", f"rule:{rule}", key="tests", relation="tests", test="is established")
    assert {f"finding:{finding}", f"rule:{rule}"} in [set(cycle) for cycle in find_cycles(graph)]


def test_dot_and_mermaid_name_every_node_and_edge() -> None:
    graph = dependency_graph(BUILTIN)
    dot, mermaid = to_dot(graph), to_mermaid(graph)
    assert dot.count(" [shape=") == len(graph)
    assert dot.count(" -> ") == graph.number_of_edges() == mermaid.count(" -->")
    assert '"fact:maturity" [shape=box, label=' in dot


def test_an_empty_argument_can_be_drawn() -> None:
    advice = ADVISOR.recommend()
    assert isinstance(argue(advice.judge, advice.decision), Argument)
    check_svg(advice)
    check_svg(advice, within=300)
