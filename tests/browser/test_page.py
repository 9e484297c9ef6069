"""The page in a real browser, over HTTP and with the library in WebAssembly."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cxrules import RuleBase, recommend
from cxrules.consultation.dialogue import Consultation
from cxrules.engines import create_engine
from cxrules.language.facts import FactValue, Kind
from cxrules.policy.judge import Judge
from tests import ROOT

READY = "html[data-ready=yes]"
SETTLED = "html[data-settled=yes]"
VIEWS = ("organisation", "compare", "table", "about")
SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}
PATIENCE = 60_000


def open_page(browser: Any, address: str, **options: Any) -> Any:
    context = browser.new_context(accept_downloads=True, **options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.faults = faults
    page.goto(address)
    page.wait_for_selector(READY, state="attached")
    return page


def settle(page: Any) -> None:
    page.wait_for_selector(SETTLED, state="attached")


def held_out() -> list[dict[str, Any]]:
    lines = (ROOT / "readings" / "tuning" / "real-organisations.jsonl").read_text("utf-8").splitlines()
    return [json.loads(lines[number])["facts"] for number in (0, 20, 40)]


def interview_at_the_terminal(facts: dict[str, FactValue]) -> tuple[list[str], str | None]:
    """The questions that `cxrules consult` asks of somebody who knows these facts, and the model in the end."""
    judge = Judge(create_engine("bitmap", RuleBase.builtin()))
    consultation = Consultation(judge)
    asked = []
    while (fact := consultation.fact) is not None:
        asked.append(fact)
        known, skipped = dict(consultation.known), list(consultation.skipped)
        if fact in facts:
            known[fact] = facts[fact]
        else:
            skipped.append(fact)
        consultation = Consultation(judge, known, skipped)
    return asked, consultation.decision.model


def answer_on_the_page(page: Any, fact: str, value: FactValue | None) -> None:
    question = page.locator(f'#next fieldset[data-fact="{fact}"]')
    kind = RuleBase.builtin().vocabulary[fact].kind
    if value is None:
        # "Don't know" is chosen already: a person confirms it.
        question.locator("input[type=radio][value='']").dispatch_event("change")
    elif kind is Kind.PERCENT:
        question.locator("input[type=number]").fill(str(value))
    elif kind is Kind.SET:
        assert isinstance(value, tuple)
        for element in value or ("",):
            page.locator(f'#next fieldset[data-fact="{fact}"] input[value="{element}"]').check()
            break
    else:
        question.locator(f'input[value="{str(value).lower() if kind is Kind.FLAG else value}"]').check()
    settle(page)


@pytest.mark.parametrize("number", range(3))
def test_a_whole_interview_is_that_of_the_terminal(browser: Any, address: str, number: int) -> None:
    known = RuleBase.builtin().vocabulary.validate(held_out()[number])
    # In the browser a set is answered element by element; one element keeps the two interviews alike.
    known = {name: value[:1] if isinstance(value, tuple) else value for name, value in known.items()}
    expected, model = interview_at_the_terminal(dict(known))
    page = open_page(browser, address)
    settle(page)
    asked = []
    while page.locator("#next fieldset").count():
        fact = page.locator("#next fieldset").get_attribute("data-fact")
        asked.append(fact)
        answer_on_the_page(page, fact, known.get(fact))
    assert asked == expected
    assert page.locator("#outcome .model").get_attribute("data-model") == (model or "")
    assert page.faults == []
    page.context.close()


def test_the_answer_is_that_of_the_library(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    page.click("#example")
    settle(page)
    facts = page.evaluate("JSON.parse(JSON.stringify(window.cxrules?.facts ?? null))")
    shown = page.locator("#outcome .model").get_attribute("data-model")
    with page.expect_download() as download:
        page.click("#save")
    text = Path(download.value.path()).read_text("utf-8")
    assert "facts:" in text
    del facts
    assert shown == str(recommend(example_facts(page)).model)
    page.context.close()


def example_facts(page: Any) -> dict[str, Any]:
    page.click("#share")
    fragment = page.evaluate("location.hash")
    encoded = re.fullmatch(r"#o=([\w-]+)", fragment)
    assert encoded
    text = page.evaluate("(t) => atob(t.replaceAll('-', '+').replaceAll('_', '/'))", encoded[1])
    facts: dict[str, Any] = json.loads(text)["facts"]
    return facts


def test_save_load_and_share_give_the_same_organisation(browser: Any, address: str, tmp_path: Path) -> None:
    page = open_page(browser, address)
    page.click("#example")
    settle(page)
    facts = example_facts(page)
    link = page.evaluate("location.href")
    with page.expect_download() as download:
        page.click("#save")
    saved = tmp_path / "organisation.yaml"
    download.value.save_as(saved)
    page.click("#clear")
    settle(page)
    page.set_input_files("#file", saved)
    page.wait_for_selector('#outcome .model:not([data-model=""])')
    settle(page)
    assert example_facts(page) == facts
    other = open_page(browser, link)
    settle(other)
    assert example_facts(other) == facts
    other.context.close()
    page.context.close()


def test_a_wrong_file_is_told_what_is_wrong(browser: Any, address: str, tmp_path: Path) -> None:
    page = open_page(browser, address)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("silo: severe\n", "utf-8")
    page.set_input_files("#file", wrong)
    page.wait_for_selector("#problem:not([hidden])")
    assert "silos" in page.locator("#problem").inner_text()
    page.context.close()


def test_reasons_open_their_rule_and_article(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    page.click("#example")
    settle(page)
    page.locator("#reasons button").first.click()
    page.wait_for_selector("dialog[open] .claim")
    assert "paragraph" in page.locator("dialog[open]").inner_text()
    page.keyboard.press("Escape")
    page.locator("#ranking button").first.click()
    page.wait_for_selector("dialog[open] #dialog-title")
    assert page.locator("dialog[open]").inner_text().startswith("Why not")
    page.keyboard.press("Escape")
    page.locator("#map button").first.click()
    page.wait_for_selector("dialog[open] svg")
    assert page.faults == []
    page.context.close()


def test_a_change_can_be_tried_and_compared(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    page.click("#example")
    settle(page)
    before = page.locator("#outcome .model").get_attribute("data-model")
    page.click("#pin")
    page.locator("#changes button").first.click()
    settle(page)
    assert page.locator("#outcome .model").get_attribute("data-model") != before
    page.click('nav [data-view="compare"]')
    page.wait_for_selector("#compare table")
    assert page.locator("#compare td.changed").count() >= 1
    page.context.close()


def test_a_table_is_decided_and_a_row_explained(browser: Any, address: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("company,silos,ceo_involvement\nAcme,severe,champion\nBeta,none,\n", "utf-8")
    page = open_page(browser, address)
    page.click('nav [data-view="table"]')
    page.set_input_files("#table-file", rows)
    page.wait_for_selector("#table-result table")
    assert "2 organisations" in page.locator("#table-result").inner_text()
    page.locator("#table-result td button").first.click()
    page.wait_for_selector('#outcome .model[data-model="ceo_with_cco"]')
    page.context.close()


def test_the_report_needs_nothing_but_itself(browser: Any, address: str, tmp_path: Path) -> None:
    page = open_page(browser, address)
    page.click("#example")
    settle(page)
    with page.expect_download() as download:
        page.click("#download")
    report = tmp_path / "report.html"
    download.value.save_as(report)
    page.context.close()
    alone = browser.new_page()
    requests: list[str] = []
    alone.on("request", lambda request: requests.append(request.url))
    alone.goto(report.as_uri())
    assert requests == [report.as_uri()]
    assert alone.locator("h1").inner_text().startswith("Who should own")
    assert alone.locator("svg").count() == 1
    alone.close()


@pytest.mark.parametrize("size", SIZES)
def test_no_view_has_a_fault_of_accessibility(browser: Any, server: str, axe: str, size: str) -> None:
    page = open_page(browser, server, bypass_csp=True, **SIZES[size])
    page.click("#example")
    settle(page)
    page.click("#pin")
    page.evaluate(axe)
    found = {}
    for view in VIEWS:
        page.click(f'nav [data-view="{view}"]')
        page.wait_for_selector(f"#{view}:not([hidden])")
        found[view] = page.evaluate("axe.run().then(r => r.violations.map(v => `${v.id}: ${v.nodes[0].html}`))")
    page.click('nav [data-view="organisation"]')
    page.locator("#reasons button").first.click()
    page.wait_for_selector("dialog[open] .claim")
    found["dialog"] = page.evaluate("axe.run().then(r => r.violations.map(v => `${v.id}: ${v.nodes[0].html}`))")
    assert {view: faults for view, faults in found.items() if faults} == {}
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    page.context.close()


def test_the_interview_works_by_keyboard_alone(browser: Any, server: str) -> None:
    page = open_page(browser, server)
    settle(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#next input")
    first = page.locator("#next fieldset").get_attribute("data-fact")
    page.keyboard.press("ArrowRight")
    settle(page)
    assert page.locator("#next fieldset").get_attribute("data-fact") != first
    assert page.evaluate("document.activeElement.closest('#next') !== null")
    page.context.close()


def test_the_static_site_works_offline(browser: Any, static_site: str) -> None:
    page = open_page(browser, static_site)
    settle(page)
    page.context.set_offline(True)
    page.click("#example")
    settle(page)
    assert page.locator("#outcome .model").get_attribute("data-model")
    assert page.faults == []
    page.context.close()
