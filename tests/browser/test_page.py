"""The page in a real browser, over HTTP and with the library in WebAssembly."""

from __future__ import annotations

import base64
import csv
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
from tests.rulebases import random_organisations

READY = "html[data-ready=yes]"
SETTLED = "html[data-settled=yes]"
VIEWS = ("organisation", "compare", "table", "about")
SIZES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
}
PATIENCE = 30_000


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


def read_three_organisations() -> list[dict[str, Any]]:
    lines = (ROOT / "readings" / "tuning" / "real-organisations.jsonl").read_text("utf-8").splitlines()
    return [json.loads(lines[number])["facts"] for number in (0, 20, 40)]


def interview_at_the_terminal(facts: dict[str, FactValue]) -> tuple[list[str], str | None]:
    """The questions that `cxrules consult` asks somebody who knows these facts, and the final model."""
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
    # `click`, because `check` verifies the box afterwards, when the next question may have replaced it.
    if value is None:
        question.locator("label.unknown").click()
    elif kind is Kind.PERCENT:
        question.locator("input[type=number]").press_sequentially(str(value), delay=50)
        settle(page)
        page.click("#go-on")
    elif kind is Kind.SET:
        assert isinstance(value, tuple)
        for element in value or ("",):
            question.locator(f'input[type=checkbox][value="{element}"]').click()
            settle(page)
        page.click("#go-on")
    else:
        question.locator(f'input[value="{str(value).lower() if kind is Kind.FLAG else value}"]').click()
    settle(page)


@pytest.mark.parametrize("number", range(3))
def test_the_page_asks_the_same_questions_as_the_terminal(browser: Any, address: str, number: int) -> None:
    known = RuleBase.builtin().vocabulary.validate(read_three_organisations()[number])
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


def test_the_page_gives_the_answer_of_the_library(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    page.click("#example")
    settle(page)
    shown = page.locator("#outcome .model").get_attribute("data-model")
    with page.expect_download() as download:
        page.click("#save")
    text = Path(download.value.path()).read_text("utf-8")
    assert "facts:" in text
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
    page.fill("#name", "Müller & Søn")
    facts = example_facts(page)
    link = page.evaluate("location.href")
    with page.expect_download() as download:
        page.click("#save")
    saved = tmp_path / "organisation.yaml"
    download.value.save_as(saved)
    page.click("#clear")
    settle(page)
    assert page.input_value("#name") == ""
    page.set_input_files("#file", saved)
    page.wait_for_selector('#outcome .model:not([data-model=""])')
    settle(page)
    assert example_facts(page) == facts
    assert page.input_value("#name") == "Müller & Søn"
    other = open_page(browser, link)
    settle(other)
    assert example_facts(other) == facts
    assert other.input_value("#name") == "Müller & Søn"
    other.context.close()
    page.context.close()


def test_mistakes_in_a_file_are_shown(browser: Any, address: str, tmp_path: Path) -> None:
    page = open_page(browser, address)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("silo: severe\n", "utf-8")
    page.set_input_files("#file", wrong)
    page.wait_for_selector("#problem:not([hidden])")
    assert "silos" in page.locator("#problem").inner_text()
    page.context.close()


def test_every_reason_opens_its_rule_and_article(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    page.click("#example")
    settle(page)
    buttons = page.locator("#reasons button")
    assert buttons.count() == page.locator("#reasons li").count() >= 2
    opened = set()
    for number in range(buttons.count()):
        buttons.nth(number).click()
        page.wait_for_selector("dialog[open] .claim")
        text = page.locator("dialog[open]").inner_text()
        assert "paragraph" in text
        opened.add(text)
        page.keyboard.press("Escape")
    assert len(opened) == buttons.count()
    assert page.faults == []
    page.context.close()


def test_why_not_can_be_asked_about_any_model(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    page.click("#example")
    settle(page)
    buttons = page.locator("#ranking button")
    names = page.locator("#ranking tbody tr:has(button) th .name").all_inner_texts()
    assert len(names) == buttons.count() == len(RuleBase.builtin().models) - 1
    for number, name in enumerate(names):
        buttons.nth(number).click()
        page.wait_for_selector(f'dialog[open] #dialog-title:text-is("Why not {name}?")')
        assert page.locator("dialog[open] #dialog-body > :not(h2)").count() >= 1
        page.keyboard.press("Escape")
    page.context.close()


def test_the_map_is_zoomed_and_scrolled(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    page.click("#example")
    settle(page)
    for number in range(2):
        page.locator("#map button").nth(number).click()
        page.wait_for_selector("dialog[open] svg")
        before = page.locator("dialog svg").bounding_box()
        page.click("dialog button:text-is('Larger')")
        page.click("dialog button:text-is('Larger')")
        after = page.locator("dialog svg").bounding_box()
        assert after["width"] > 1.3 * before["width"]
        assert after["height"] > 1.3 * before["height"]
        canvas = "document.querySelector('dialog .canvas')"
        assert page.evaluate(f"{canvas}.scrollHeight > {canvas}.clientHeight")
        page.click("dialog button:text-is('Smaller')")
        assert page.locator("dialog svg").bounding_box()["width"] < after["width"]
        page.keyboard.press("Escape")
    assert page.faults == []
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_map_is_legible(browser: Any, server: str, size: str) -> None:
    """Whatever the window: no type smaller than ten pixels; on a phone nothing to scroll sideways."""
    page = open_page(browser, server, **SIZES[size])
    page.click("#example")
    settle(page)
    for number in range(2):
        page.locator("#map button").nth(number).click()
        page.wait_for_selector("dialog[open] svg")
        type_size = """Math.min(...[...document.querySelectorAll('dialog svg text')]
            .map(e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a))"""
        assert page.evaluate(type_size) >= (11 if size == "phone" else 9)
        canvas = "document.querySelector('dialog .canvas')"
        assert size != "phone" or page.evaluate(f"{canvas}.scrollWidth <= {canvas}.clientWidth")
        page.keyboard.press("Escape")
    page.context.close()


def test_the_actions_are_a_checklist(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    page.click("#example")
    settle(page)
    first = page.locator("#actions li").first
    first.locator("label").click()
    assert first.locator("input").is_checked()
    assert "line-through" in first.locator("span").evaluate("e => getComputedStyle(e).textDecoration")
    page.context.close()


def test_the_page_says_why_a_question_is_asked(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    settle(page)
    page.click("#next summary")
    page.wait_for_selector("#next details p:not(:text-is('…'))")
    assert "After “" in page.locator("#next details p").inner_text()
    page.context.close()


def test_several_answers_can_be_chosen_before_the_next_question(browser: Any, address: str) -> None:
    vocabulary = RuleBase.builtin().vocabulary.facts
    page = open_page(browser, link_to(address, draw_organisation_with_sets_left()))
    settle(page)
    card = page.locator("#next fieldset")
    fact = card.get_attribute("data-fact")
    for element in [value.name for value in vocabulary[fact].values][:2]:
        card.locator(f'input[value="{element}"]').click()
        settle(page)
    assert card.get_attribute("data-fact") == fact
    assert len(example_facts(page)[fact]) == 2
    page.click("#go-on")
    page.wait_for_selector(f"#next h2, #next fieldset:not([data-fact={fact}])")
    settle(page)
    assert len(example_facts(page)[fact]) == 2
    page.context.close()


def draw_organisation_with_sets_left() -> dict[str, Any]:
    """An organisation about which only facts with several answers are left to ask."""
    rulebase = RuleBase.builtin()
    judge = Judge(create_engine("bitmap", rulebase))
    single = [name for name, fact in rulebase.vocabulary.facts.items() if fact.kind is not Kind.SET]
    for known in random_organisations(rulebase, 3, known=0.3, coherent=True):
        facts = {name: value for name, value in known.items() if name in single}
        skipped = [name for name in single if name not in facts]
        if Consultation(judge, rulebase.vocabulary.validate(facts), skipped).fact is not None:
            return {"facts": facts, "skipped": skipped}
    raise AssertionError


def link_to(address: str, organisation: dict[str, Any]) -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(organisation).encode()).decode().rstrip("=")
    return f"{address}#o={encoded}"


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


def test_two_organisations_are_compared(browser: Any, address: str, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("name: Beta\nfacts: {silos: none, ceo_involvement: absent, maturity: mature}\n", "utf-8")
    page = open_page(browser, link_to(address, {"name": "Acme", "facts": {"ceo_involvement": "champion"}}))
    page.click('nav [data-view="compare"]')
    page.set_input_files("#other-file", other)
    page.wait_for_selector("#compare table")
    assert page.locator("#compare h3").all_inner_texts()[:2] == ["Kept: Beta", "Now: Acme"]
    assert page.locator("#compare tbody tr").count() == 3
    page.context.close()


COMPANIES: dict[str, list[str | None]] = {
    "company": ["Acme", "Beta"],
    "silos": ["severe", "none"],
    "ceo_involvement": ["champion", None],
}


def test_a_table_is_decided_a_row_explained_and_the_result_downloaded(
    browser: Any, address: str, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("company,silos,ceo_involvement\nAcme,severe,champion\nBeta,none,\n", "utf-8")
    page = open_page(browser, address)
    page.click('nav [data-view="table"]')
    page.set_input_files("#table-file", rows)
    examine_table(page)
    page.click('nav [data-view="table"]')
    page.click("#table-result tbody tr.opens:nth-of-type(2) td:nth-of-type(1)")
    settle(page)
    assert page.input_value("#name") == "Beta"
    page.context.close()


def examine_table(page: Any) -> None:
    page.wait_for_selector("#table-result table")
    assert "2 organisations" in page.locator("#table-result").inner_text()
    counts = page.locator("#table-result .bars tbody td:nth-of-type(1)").all_inner_texts()
    assert sum(map(int, counts)) == 2
    with page.expect_download() as download:
        page.click("#table-result button:text-is('Download the result')")
    result = list(csv.DictReader(Path(download.value.path()).read_text("utf-8").splitlines()))
    for number, row in enumerate(result):
        facts = {name: values[number] for name, values in COMPANIES.items() if name != "company"}
        assert row["company"] == COMPANIES["company"][number]
        assert (row["model"] or None) == recommend(facts).model
    page.locator("#table-result td button").first.click()
    page.wait_for_selector(f'#outcome .model[data-model="{result[0]["model"]}"]')
    assert page.input_value("#name") == "Acme"


def test_a_table_in_parquet_is_decided_or_refused_with_a_reason(browser: Any, address: str, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table(COMPANIES), tmp_path / "rows.parquet")
    page = open_page(browser, address)
    page.click('nav [data-view="table"]')
    page.set_input_files("#table-file", tmp_path / "rows.parquet")
    page.wait_for_selector("#table-result table, #problem:not([hidden])")
    if page.evaluate("document.querySelector('meta[name=back]').content") == "wasm":
        assert "CSV works everywhere" in page.locator("#problem").inner_text()
    else:
        examine_table(page)
    page.context.close()


def test_the_report_prints_as_it_looks(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    page.fill("#name", "Fjordline Ferries")
    answer_on_the_page(page, page.locator("#next fieldset").get_attribute("data-fact"), "champion")
    page.click("#print")
    report = page.frame_locator("iframe[title=Report]")
    assert report.locator("h1").inner_text() == "Who should own customer experience: Fjordline Ferries"
    assert "Georgia" in report.locator("body").evaluate("e => getComputedStyle(e).fontFamily")
    assert page.faults == []
    page.context.close()


def test_printing_needs_an_answer(browser: Any, server: str) -> None:
    page = open_page(browser, server)
    settle(page)
    buttons = page.locator("#print, #download, #pin")
    assert [buttons.nth(number).is_disabled() for number in range(3)] == [True] * 3
    assert "after the first answer" in page.locator("#nothing").inner_text()
    page.keyboard.press("Control+p")  # printing is not offered
    answer_on_the_page(page, page.locator("#next fieldset").get_attribute("data-fact"), "champion")
    assert [buttons.nth(number).is_disabled() for number in range(3)] == [False] * 3
    assert not page.locator("#nothing").is_visible()
    page.click("#clear")
    settle(page)
    assert buttons.first.is_disabled()
    page.context.close()


def squeeze(text: str) -> str:
    return re.sub(r"[“”:\s]", "", text)


CONTROLS = ("The best next question", "All questions", "Print the report", "Why not ", "Rule and article", "Try this")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_printing_the_page_gives_the_texts_of_the_report(
    browser: Any, address: str, tmp_path: Path, scheme: str
) -> None:
    """With the browser's own print command: all texts of the report but its drawings, and no controls."""
    page = open_page(browser, address, color_scheme=scheme)
    page.fill("#name", "Acme & Co")
    page.click("#example")
    settle(page)
    page.fill("#name", "Acme & Co")
    for fold in page.locator("details.fold").all():
        fold.locator("summary").click()
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "report.html")
    report = browser.new_page()
    report.goto((tmp_path / "report.html").as_uri())
    page.emulate_media(media="print", color_scheme=scheme)
    printed = page.locator("body").inner_text()
    assert "Acme & Co" in printed
    for control in CONTROLS:
        assert control not in re.sub(r"Why not “", "", printed)
    headings = page.locator("h2:visible").all_inner_texts()
    wanted = ["The argument", "What the recommendation rests on"]
    assert [each for each in report.locator("h2").all_inner_texts() if each not in wanted] == headings[2:]
    plain = squeeze(printed)
    claims = report.locator("section:has(h2:text-is('What the recommendation rests on'))")
    claims.evaluate("each => each.remove()")
    texts = report.locator("section:not(:has(svg)) :is(li, td):not(:has-text('“')), .model, main > p").all_inner_texts()
    told = [text for text in texts if "facts; " not in text and not text.startswith(("cxrules", "Still unknown"))]
    assert len(told) > 20
    assert [text for text in told if squeeze(text) not in plain] == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    report.close()
    page.context.close()


def test_ctrl_p_prints_the_report(browser: Any, server: str) -> None:
    page = open_page(browser, server)
    page.click("#example")
    settle(page)
    page.keyboard.press("Control+p")
    report = page.frame_locator("iframe[title=Report]")
    assert re.match(r"\d+ \w+ 20\d\d\. From", report.locator(".note").first.inner_text())
    assert report.locator("h2:text-is('What to do')").count() == 1
    assert page.faults == []
    page.context.close()


def test_the_card_moves_on_when_another_answer_settles_its_question(browser: Any, server: str) -> None:
    page = open_page(browser, link_to(server, draw_organisation_with_sets_left()))
    settle(page)
    card = page.locator("#next fieldset")
    fact = card.get_attribute("data-fact")
    card.locator("input").first.click()
    settle(page)
    assert card.get_attribute("data-fact") == fact, "more of its choices may follow"
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    other = page.locator(
        f'.everything fieldset:visible:not([data-fact="{fact}"]) input[type=radio]:not(:checked)'
    ).first
    other.click()
    settle(page)
    page.wait_for_selector(f"#next h2, #next fieldset:not([data-fact={fact}])")
    assert page.locator(f"#next fieldset[data-fact={fact}]").count() == 0
    assert len(example_facts(page)[fact]) == 1
    page.context.close()


def test_the_card_keeps_what_is_being_typed(browser: Any, server: str) -> None:
    """A late response must not remove a number being typed, and a wrong number is not skipped."""
    numbers = {name for name, fact in RuleBase.builtin().vocabulary.facts.items() if fact.kind is Kind.PERCENT}
    others = [name for name in RuleBase.builtin().vocabulary.facts if name not in numbers]
    page = open_page(browser, link_to(server, {"facts": {"maturity": "developing"}, "skipped": others}))
    settle(page)
    card = page.locator("#next fieldset")
    fact = card.get_attribute("data-fact")
    assert fact in numbers
    box = card.locator("input[type=number]")
    box.focus()
    page.evaluate("document.querySelector('.everything fieldset input[type=radio]:not(:checked)').click()")
    settle(page)
    page.keyboard.type("150")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.value") == "150"
    assert fact not in example_facts(page)
    box.fill("15")
    settle(page)
    assert example_facts(page)[fact] == 15
    page.context.close()


def test_the_page_says_how_many_answers_are_enough_and_folds_details(browser: Any, address: str) -> None:
    page = open_page(browser, address)
    settle(page)
    assert re.search(r"at most \w+ more answers", page.locator("#enough").inner_text())
    assert page.locator("#voices, #ranking").locator("visible=true").count() == 0
    answer_on_the_page(page, page.locator("#next fieldset").get_attribute("data-fact"), "champion")
    folds = page.locator("details.fold")
    assert [folds.nth(number).get_attribute("open") for number in range(2)] == [None, None]
    page.click("#ranking summary")
    assert "one to three points" in page.locator("#ranking").inner_text()
    page.click("#example")
    settle(page)
    assert [folds.nth(number).get_attribute("open") for number in range(2)] == ["", ""]
    assert "each article alone" in page.locator("#voices").inner_text()
    page.context.close()


def test_the_report_is_self_contained(browser: Any, address: str, tmp_path: Path) -> None:
    page = open_page(browser, address)
    page.click("#example")
    settle(page)
    with page.expect_download() as download:
        page.click("#download")
    report = tmp_path / "report.html"
    download.value.save_as(report)
    page.context.close()
    alone = browser.new_page(viewport={"width": 1000, "height": 800})
    requests: list[str] = []
    alone.on("request", lambda request: requests.append(request.url))
    alone.goto(report.as_uri())
    assert requests == [report.as_uri()]
    assert alone.locator("h1").inner_text().startswith("Who should own")
    for width in (1000, 390):  # the drawing fits the window and is legible
        alone.set_viewport_size({"width": width, "height": 800})
        assert alone.locator("svg:visible").count() == 1
        assert alone.evaluate("document.documentElement.scrollWidth") <= width
        drawn = "Math.min(...[...document.querySelectorAll('svg')].filter(e => e.getClientRects().length)"
        assert alone.evaluate(f"{drawn}.map(e => e.getScreenCTM().a))") > 0.9
    alone.close()


@pytest.mark.parametrize("size", SIZES)
def test_no_view_has_an_accessibility_fault(browser: Any, server: str, axe: str, size: str) -> None:
    page = open_page(browser, server, bypass_csp=True, **SIZES[size])
    settle(page)
    page.evaluate(axe)
    found: dict[str, list[str]] = {}

    def examine(view: str) -> None:
        faults = page.evaluate("axe.run().then(r => r.violations.map(v => `${v.id}: ${v.nodes[0].html}`))")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            faults.append("it is wider than the window")
        found[view] = faults

    examine("start")
    page.click("#example")
    settle(page)
    page.click("#pin")
    page.locator("#changes button").first.click()
    settle(page)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    for view in VIEWS:
        page.click(f'nav [data-view="{view}"]')
        page.wait_for_selector(f"#{view}:not([hidden])")
        if view == "compare":
            page.wait_for_selector("#compare table")
        examine(view)
    page.click('nav [data-view="table"]')
    rows = "company,silos,ceo_involvement\nAcme,severe,champion\nBeta,none,\n"
    page.set_input_files("#table-file", {"name": "rows.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.wait_for_selector("#table-result table")
    examine("table with a result")
    page.set_input_files("#table-file", {"name": "rows.csv", "mimeType": "text/csv", "buffer": b"silo\nsevere\n"})
    page.wait_for_selector("#problem:not([hidden])")
    examine("problem")
    page.click('nav [data-view="organisation"]')
    for dialog, button in {"rule": "#reasons", "why not": "#ranking", "map": "#map"}.items():
        page.locator(f"{button} button").first.click()
        page.wait_for_selector("dialog[open]")
        page.wait_for_selector("#dialog-body > :nth-child(2)")
        examine(dialog)
        page.keyboard.press("Escape")
    # Two answers that contradict each other, which the page points out.
    page.goto("about:blank")
    page.goto(link_to(server, {"facts": {"cco_status": "none", "cco_executive_seat": True, "maturity": "mature"}}))
    page.wait_for_selector("#outcome .incoherent")
    page.evaluate(axe)
    examine("contradiction")
    page.goto("about:blank")
    page.goto(link_to(server, {"facts": {"retention_budget_share": 0.15}}))
    page.wait_for_selector("#outcome .doubt")
    assert page.inner_text("#outcome .doubt") == "“Spend on keeping customers” is 0.15 %; write 15 if 15 % was meant."
    page.evaluate(axe)
    examine("doubt")
    assert {view: faults for view, faults in found.items() if faults} == {}
    page.context.close()


def test_the_interview_works_by_keyboard_alone(browser: Any, server: str) -> None:
    page = open_page(browser, server)
    settle(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("#next input")
    first = page.locator("#next fieldset").get_attribute("data-fact")
    chosen = []
    for _ in range(2):  # the arrows choose; the question stays until Enter
        page.keyboard.press("ArrowRight")
        settle(page)
        assert page.locator("#next fieldset").get_attribute("data-fact") == first
        chosen.append(page.evaluate("document.activeElement.value"))
    assert len(set(chosen)) == 2
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#next fieldset:not([data-fact={first}])")
    assert page.evaluate("document.activeElement.closest('#next') !== null")
    assert example_facts(page) == {first: chosen[-1]}
    page.context.close()


def test_the_static_site_works_offline(browser: Any, static_site: str) -> None:
    page = open_page(browser, static_site)
    settle(page)
    assert page.evaluate("document.documentElement.dataset.library") == "restored"
    page.context.set_offline(True)
    page.click("#example")
    settle(page)
    assert page.locator("#outcome .model").get_attribute("data-model")
    assert page.faults == []
    page.context.close()


@pytest.mark.parametrize("spoilt", ["missing", "broken"])
def test_the_static_site_starts_python_if_its_snapshot_cannot_be_restored(
    browser: Any, static_site: str, spoilt: str
) -> None:
    context = browser.new_context()
    answer = {"status": 404} if spoilt == "missing" else {"status": 200, "body": b"no memory"}
    context.route("**/library.snapshot", lambda route: route.fulfill(**answer))
    page = context.new_page()
    page.goto(static_site)
    page.wait_for_selector(READY, state="attached", timeout=4 * PATIENCE)
    assert page.evaluate("document.documentElement.dataset.library") == "started"
    page.click("#example")
    settle(page)
    assert page.locator("#outcome .model").get_attribute("data-model")
    context.close()
