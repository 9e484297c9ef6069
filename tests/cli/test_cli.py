"""The command line: output, errors and exit codes."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
import yaml

import cxrules
from tests import ROOT

pytest.importorskip("typer", reason="the extra `cli` is not installed")

import itertools

from typer.testing import CliRunner, Result

from cxrules.cli.app import MODULES, make_app
from cxrules.cli.shared import in_digits
from cxrules.cli.terminal.exit_codes import ExitCode

if TYPE_CHECKING:
    from cxrules.rulebase import RuleBase

Run: TypeAlias = Callable[..., Result]
SMALL = str(ROOT / "tests" / "data" / "small_base")
KNOWN = {"ceo_involvement": "champion", "transformation_goal": True, "silos": "severe"}


@pytest.fixture(scope="module")
def run() -> Run:
    app = make_app()

    def run(*arguments: str, given: str | bytes = "", columns: int = 100) -> Result:
        return CliRunner().invoke(app, arguments, input=given, env={"COLUMNS": str(columns)})

    return run


@pytest.fixture(scope="module")
def builtin() -> "RuleBase":
    return cxrules.RuleBase.builtin()


def write(folder: Path, text: str) -> str:
    path = folder / "organisation.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


# --- recommend


def test_the_report_has_the_name_in_the_file_and_the_given_date(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path, json.dumps({"name": "Acme", "facts": KNOWN}))
    undated = run("recommend", path, "--html")
    assert undated.exit_code == 0
    assert undated.stdout == cxrules.recommend(KNOWN).to_html(title="Acme"), "the same facts give the same page"
    dated = run("recommend", path, "--html", "--date", "2026-03-01")
    assert "<h1>Who should own customer experience: Acme</h1>" in dated.stdout
    assert dated.stdout.replace("1 March 2026. ", "") == undated.stdout
    assert re.search(r"\d+ \w+ 20\d\d\. From", run("recommend", path, "--html", "--date", "today").stdout)
    for wrong in (("--html", "--date", "1 March"), ("--date", "today")):
        refused = run("recommend", path, *wrong)
        assert refused.exit_code == ExitCode.WRONG_INPUT
        assert "--date" in refused.stderr


@pytest.mark.parametrize(
    "text",
    [
        "ceo_involvement: champion\ntransformation_goal: true\nsilos: severe\n",
        "facts:\n  ceo_involvement: champion\n  transformation_goal: true\n  silos: severe\n",
        "name: ACME\nfacts: {ceo_involvement: champion, transformation_goal: true, silos: severe}\n",
        "ceo_involvement: champion\ntransformation_goal: true\nsilos: severe\nscope:\nmaturity: null\n",
        json.dumps(KNOWN),
        json.dumps({**KNOWN, "maturity": None}, indent="\t"),
        "\ufeff" + json.dumps({"facts": KNOWN}),
    ],
)
def test_recommend_reads_yaml_and_json_from_file_and_standard_input(run: Run, tmp_path: Path, text: str) -> None:
    expected = cxrules.recommend(KNOWN).model_dump()
    for result in (run("recommend", "--json", write(tmp_path, text)), run("recommend", "--json", "-", given=text)):
        assert (result.exit_code, result.stderr) == (ExitCode.ANSWERED, "")
        assert json.loads(result.stdout) == expected


@pytest.mark.parametrize("detail", ["brief", "full"])
def test_recommend_prints_the_explanation(run: Run, tmp_path: Path, detail: str) -> None:
    path = write(tmp_path, json.dumps(KNOWN))
    result = run("recommend", path, "--detail", detail)
    told = cxrules.recommend(KNOWN).explain("full" if detail == "full" else "brief", width=100)
    assert result.stdout.strip() == told.strip()
    narrow = run("recommend", path, "--detail", detail, columns=60)
    assert max(map(len, narrow.stdout.splitlines())) <= 60
    underline = re.compile(r"\n[-=]+\n")
    assert underline.sub("\n", narrow.stdout).split() == underline.sub("\n", result.stdout).split()


def test_what_recommend_writes_can_be_read_again(run: Run) -> None:
    first = run("recommend", "--json", "-", given=json.dumps(KNOWN))
    second = run("recommend", "--json", "-", given=first.stdout)
    assert second.stdout == first.stdout


def test_an_undetermined_recommendation_is_an_answer(run: Run) -> None:
    result = run("recommend", "--json", "-", given="{}")
    assert result.exit_code == ExitCode.ANSWERED
    assert json.loads(result.stdout)["reason"] == "nothing_known"


def test_recommend_reports_every_mistake_with_its_place(run: Run, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "maturity: erly\n"
        "matury: early\n"
        "transformation_goal: yes\n"
        "retention_budget_share: 150\n"
        "marketing_journey_coverage: loyalty\n"
        "silos: severe\n"
        "silos: none\n",
    )
    result = run("recommend", path)
    assert (result.exit_code, result.stdout) == (ExitCode.WRONG_INPUT, "")
    reported = result.stderr.replace(path, "FILE").splitlines()
    assert reported == [
        "FILE:1:11: maturity: no such value: 'erly' [unknown-value]; did you mean 'early'?",
        "FILE:2:1: matury: no such fact [unknown-fact]; did you mean 'maturity'?",
        "FILE:3:22: YAML reads yes as true [unquoted-boolean]; write true",
        "FILE:4:25: retention_budget_share: a number from 0 to 100 is expected, not 150 [out-of-range]",
        (
            "FILE:5:29: marketing_journey_coverage: a list of its values is expected, not 'loyalty' [wrong-type]; "
            "write ['loyalty']"
        ),
        "FILE:7:1: the key 'silos' occurs twice here [duplicate-key]; the first is on line 6",
        "6 mistakes found.",
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("facts: {maturity: early}\nsilos: severe\n", "<stdin>:2:1: silos: this fact is outside `facts`"),
        ("facts: early\n", "<stdin>:1:8: a mapping of facts is expected"),
        ("- maturity\n", "<stdin>:1:1: a mapping of facts is expected"),
        ("", "<stdin>: this file is empty [empty-file]"),
        ("{", "<stdin>:1:"),
        ("maturity: [", "<stdin>:1:"),
        (b"maturity: \xff", "<stdin>: standard input cannot be read as UTF-8"),
    ],
)
def test_recommend_refuses_anything_but_an_organisation(run: Run, given: str | bytes, told: str) -> None:
    result = run("recommend", "-", given=given)
    assert (result.exit_code, result.stdout) == (ExitCode.WRONG_INPUT, "")
    assert result.stderr.startswith(told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["recommend"], "FILE"),
        (["recommend", "no-such-file.yaml"], "no-such-file.yaml: this file cannot be read"),
        (["recommend", "-", "--engine", "bitmup"], "did you mean 'bitmap'?"),
        (["recommend", "-", "--detail", "long"], "--detail is brief or full"),
        (["recommend", "-", "--on-top"], "--on-top needs files of your own"),
        (["recommend", "-", "--rules", "no-such-folder"], "no-such-folder: "),
        (["rules", "--model", "cmo_ownd"], "did you mean 'cmo_owned'?"),
        (["rules", "--fact", "matury"], "did you mean 'maturity'?"),
        (["claims", "--source", "A9"], "no such source: 'A9'"),
        (["facts", "matury"], "did you mean 'maturity'?"),
        (["recomend"], "recommend"),
    ],
)
def test_wrong_arguments_cause_one_message(run: Run, arguments: list[str], told: str) -> None:
    result = run(*arguments, given="{}")
    assert result.exit_code == ExitCode.WRONG_INPUT
    assert told in result.stderr
    assert "Traceback" not in result.stderr


# --- custom rules


def test_recommend_answers_why_not_and_what_if(run: Run) -> None:
    done = run("recommend", "-", "--why-not", "ceo-champion", given="ceo_involvement: supportive")
    assert done.stdout.startswith("The rule ceo-champion does not fire.")
    assert "- fails: ceo_involvement: champion (it is supportive)" in done.stdout
    done = run("recommend", "-", "--why-not", "cmo_owned", "--json", given="ceo_involvement: supportive")
    assert json.loads(done.stdout)["model"] == "cmo_owned"
    supposed = ["ceo_involvement=champion", "retention_budget_share=33%", "silos=", "transformation_goal=true"]
    flags = [
        flag for text in [*supposed, "marketing_journey_coverage=loyalty, retention"] for flag in ("--what-if", text)
    ]
    done = run("recommend", "-", *flags, "--json", given="{ceo_involvement: supportive, silos: severe}")
    assert json.loads(done.stdout)["recommendation"]["facts"] == {
        "ceo_involvement": "champion",
        "retention_budget_share": 33,
        "transformation_goal": True,
        "marketing_journey_coverage": ["retention", "loyalty"],
    }


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--why-not", "unit-among-silo"], "did you mean 'unit-among-silos'"),
        (["--what-if", "silo=none"], "did you mean 'silos'"),
        (["--what-if", "silos=nune"], "did you mean 'none'"),
        (["--what-if", "transformation_goal=yes"], "true or false is expected"),
        (["--what-if", "retention_budget_share=lots"], "a number from 0 to 100"),
        (["--what-if", "silos"], "--what-if takes FACT=VALUE, not 'silos'"),
        (["--what-if", "silos=none", "--why-not", "cmo_owned"], "ask one at a time"),
    ],
)
def test_recommend_refuses_wrong_questions(run: Run, options: list[str], told: str) -> None:
    done = run("recommend", "-", *options, given="maturity: early")
    assert (done.exit_code, told in done.stderr) == (2, True)


def test_recommend_uses_custom_rules(run: Run) -> None:
    result = run("recommend", "-", "--json", "--rules", SMALL, given="{soil: dry, can_at_hand: true}")
    assert result.exit_code == ExitCode.ANSWERED, result.stderr
    assert json.loads(result.stdout)["model"] == "gardener"


def test_custom_rules_are_added_on_top(run: Run) -> None:
    overlay = str(ROOT / "examples" / "own_rules")
    result = run("rules", "--rules", overlay, "--on-top", "--fact", "data_supervised")
    assert result.exit_code == ExitCode.ANSWERED, result.stderr
    assert "    supervised-data (H1)" in result.stdout.splitlines()
    assert result.stdout.splitlines()[-1] == f"1 rule of {len(cxrules.RuleBase.builtin().rules) + 1}."


# --- showing the rule base


def test_every_rule_can_be_shown(run: Run, builtin: "RuleBase") -> None:
    for rule in builtin.rules.values():
        result = run("rule", rule.id)
        assert (result.exit_code, result.stderr) == (ExitCode.ANSWERED, "")
        words = " ".join(result.stdout.split())
        assert rule.rationale in words
        for claim in rule.because:
            assert f"{claim} paragraph" in words
            assert builtin.claims[claim].says in words
        for conclusion in rule.then:
            assert f"{conclusion.effect} {conclusion.target}" in words
        for name in rule.facts() | rule.needs():
            assert name in words


def test_a_misspelt_rule_gets_a_suggestion(run: Run, builtin: "RuleBase") -> None:
    name = max(builtin.rules, key=len)
    result = run("rule", name[:-1])
    assert (result.exit_code, result.stdout) == (ExitCode.WRONG_INPUT, "")
    assert result.stderr == f"cxrules: no such rule or model: {name[:-1]!r}; did you mean {name!r}?\n"


@pytest.mark.parametrize("command", ["rule", "rules"])
@pytest.mark.parametrize(
    ("name", "meant"), [("cmo_ownd", "cmo_owned"), ("CMOO", "CMO"), ("exekutive ownr", "Executive owner")]
)
def test_a_misspelt_model_gets_a_suggestion(run: Run, command: str, name: str, meant: str) -> None:
    """The kind: a command that takes a model by its id or its name looks for what was meant among one of them only."""
    result = run(command, name)
    assert result.exit_code == ExitCode.WRONG_INPUT
    assert f"model: {name!r}; did you mean {meant!r}?" in result.stderr


def list_ids(shown: str) -> list[str]:
    """The ids of the rules that were listed, each below its rationale."""
    return re.findall(r"^    (\S+) \(\w+\)$", shown, re.MULTILINE)


def test_a_model_is_given_by_its_id_or_its_name(run: Run, builtin: "RuleBase") -> None:
    for name, model in builtin.models.items():
        by_id = run("rules", "--model", name)
        assert by_id.exit_code == ExitCode.ANSWERED
        about = list_ids(by_id.stdout)
        assert 0 < len(about) < len(builtin.rules)
        for arguments in (["rules", name], ["rules", model.name.upper()], ["rule", name], ["rule", model.name]):
            assert list_ids(run(*arguments).stdout) == about
    misspelt = run("rules", "Executive ower")
    assert (misspelt.exit_code, "did you mean 'Executive owner'?" in misspelt.stderr) == (ExitCode.WRONG_INPUT, True)
    assert run("rules", "cmo_owned", "--model", "cmo_owned").exit_code == ExitCode.WRONG_INPUT


def test_a_rule_is_shown_in_words_and_as_written(run: Run) -> None:
    words = " ".join(run("rule", "unit-among-silos").stdout.split())
    assert "the silos between departments: at least “Somewhat” [silos: {at_least: some}]" in words


def test_rules_lists_and_filters(run: Run, builtin: "RuleBase") -> None:
    assert list_ids(run("rules").stdout) == list(builtin.rules)
    for source in builtin.sources:
        shown = run("rules", "--source", source).stdout
        expected = [rule.id for rule in builtin.rules.values() if builtin.claims[rule.because[0]].source == source]
        assert list_ids(shown) == expected
        assert shown.splitlines()[-1] == f"{in_digits(len(expected), 'rule')} of {len(builtin.rules)}."


def test_claims_lists_every_claim_with_its_use(run: Run, builtin: "RuleBase") -> None:
    shown = run("claims").stdout
    assert re.findall(r"^  (\S+)  paragraph", shown, re.MULTILINE) == [
        claim.id for source in builtin.sources for claim in builtin.claims.values() if claim.source == source
    ]
    assert "Nothing rests on it." not in shown
    one = run("claims", "--source", "A3").stdout
    assert set(re.findall(r"^  (A\d)-", one, re.MULTILINE)) == {"A3"}


def test_facts_lists_every_question_and_value(run: Run, builtin: "RuleBase") -> None:
    words = " ".join(run("facts").stdout.split())
    for fact in builtin.vocabulary.facts.values():
        assert fact.question in words
        for value in fact.values:
            assert f"{value.name} {value.label}" in words
    assert run("facts", "maturity").stdout.splitlines()[0] == "maturity  [decides]"


def test_facts_are_listed_in_sections_with_their_use(run: Run, builtin: "RuleBase") -> None:
    lines = run("facts").stdout.splitlines()
    facts = builtin.vocabulary.facts.values()
    sections = list(dict.fromkeys(fact.section for fact in facts))
    assert [line for line, below in itertools.pairwise(lines) if below == "-" * len(line) != ""] == sections
    deciding = {line.partition("  ")[0] for line in lines if line.endswith("  [decides]")}
    assert deciding == {fact.name for fact in facts if fact.use == "decides"}


def test_a_template_is_an_organisation_file_to_fill_in(run: Run, builtin: "RuleBase") -> None:
    template = run("facts", "--template").stdout
    assert yaml.safe_load(template) == {"facts": dict.fromkeys(builtin.vocabulary.facts)}
    for fact in builtin.vocabulary.facts.values():
        assert " ".join(fact.question.split()) in re.sub(r"\s+(# )?", " ", template)
    assert all(template.count(f"# ---- {fact.section} ----") == 1 for fact in builtin.vocabulary.facts.values())
    assert json.loads(run("recommend", "-", "--json", given=template).stdout)["status"] == "undetermined"
    filled = template.replace("\n  silos:", "\n  silos: severe")
    assert json.loads(run("recommend", "-", "--json", given=filled).stdout)["facts"] == {"silos": "severe"}
    assert yaml.safe_load(run("facts", "silos", "--template").stdout) == {"facts": {"silos": None}}
    small = run("facts", "--template", "--rules", SMALL)
    assert run("recommend", "-", "--rules", SMALL, given=small.stdout).exit_code == ExitCode.ANSWERED
    assert run("facts", "--template", "--json").exit_code == ExitCode.WRONG_INPUT


# --- everything that is wrong, at once


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("facts silo scop", ["'silos'", "'scope'"]),
        ("rules cmo_ownd --fact silo --finding x", ["'cmo_owned'", "'silos'", "no such finding: 'x'"]),
        ("recommend - --what-if scop=x", ["'silos'", "'scope'"]),
        ("table FILE --also bogus --also actoins", ["no such thing: 'bogus'", "'actions'"]),
        ("table FILE --what-if scop=x --column silos=", ["'scope'", "silos= names no column"]),
        ("table FILE --what-if scop=x --column silo=a --also actoins", ["'scope'", "'silos'", "'actions'"]),
        ("recommend - --engine bitmp --why-not cmo_ownd", ["'silos'", "'bitmap'", "'cmo_owned'"]),
        ("recommend - --why-not exekutive_ownr", ["'silos'", "'Executive owner'"]),
        ("table FILE --what-if scop=x --also actoins --also actoins", ["2 mistakes found", "'actions'"]),
    ],
)
def test_every_mistake_in_a_command_is_listed(run: Run, line: str, said: list[str], tmp_path: Path) -> None:
    """The kind: a mistake that is shown only after the one before it has been corrected."""
    (table := tmp_path / "t.csv").write_text("silos\nsevere\n", "utf-8")
    result = run(*line.replace("FILE", str(table)).split(), given="silo: severe\n")
    assert result.exit_code == ExitCode.WRONG_INPUT
    assert all(each in result.stderr for each in said), result.stderr


# --- meaningless options

WRONG_OPTIONS = [
    ("recommend - --html --json", 2, "--html writes the report"),
    ("recommend - --html --why-not cmo_owned", 2, "--html writes the report"),
    ("recommend - --html --detail full", 2, "--detail is for the text of a recommendation"),
    ("recommend - --what-if silos=none --detail full", 2, "--detail is for the text of a recommendation"),
    ("recommend - --why-not cmo_owned --detail brief", 2, "--detail is for the text of a recommendation"),
    ("recommend - --why-not cmo_owned --what-if silos=none", 2, "ask one at a time"),
    ("recommend - --what-if silos=none --what-if silos=severe", 2, "--what-if: silos is given twice"),
    ("table x.csv --column silos=a --column silos=b", 2, "--column: silos is given twice"),
    ("mcp --port 8001", 2, "--host and --port need --http"),
    ("mcp --host 0.0.0.0", 2, "--host and --port need --http"),
    ("mcp --http --port 99999", 2, "65535"),
    ("diff builtin builtin --within inf", 0, ""),
    ("diff builtin builtin --within 1e300", 0, ""),
]


@pytest.mark.parametrize(("line", "code", "told"), WRONG_OPTIONS)
def test_meaningless_options_are_refused(run: Run, line: str, code: int, told: str) -> None:
    shown = run(*line.split(), given="maturity: early\n")
    assert (shown.exit_code, told in shown.stderr) == (code, True), shown.stderr


# --- check


def test_check_accepts_a_valid_rule_base(run: Run) -> None:
    result = run("check", SMALL)
    assert result.exit_code == ExitCode.ANSWERED
    assert result.stdout.startswith("No mistakes: small has ")
    assert cxrules.RuleBase.load(SMALL).revision in result.stdout


def test_check_lists_every_mistake(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("rules:\n  - id: Wrong Name\n    because: [A0-12, X]\n", encoding="utf-8")
    with pytest.raises(cxrules.InvalidKnowledge) as caught:
        cxrules.RuleBase.load(tmp_path, base=cxrules.RuleBase.builtin())
    result = run("check", str(tmp_path), "--on-top")
    assert (result.exit_code, result.stderr) == (ExitCode.MISTAKES_FOUND, "")
    assert result.stdout.splitlines()[:-1] == list(map(str, caught.value.diagnostics))


# --- the program


def test_help_names_every_command_and_exit_code(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    listed = re.findall(r"^  ([a-z]+)  +[A-Z]", result.stdout, re.MULTILINE)
    assert set(MODULES) <= set(listed)
    for command in listed:
        assert run(command, "--help").exit_code == 0
    documented = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for code in ExitCode:
        assert re.search(rf"^    {code.value}  \S", result.stdout, re.MULTILINE)
        assert f"| {code.value} |" in documented
    for command in listed:
        assert f"cxrules {command}" in documented


def test_version_shows_the_revision(run: Run) -> None:
    shown = run("--version").stdout
    assert shown.startswith(f"cxrules {cxrules.__version__},")
    assert cxrules.RuleBase.builtin().revision[:12] in shown


def test_help_loads_no_rule_base_and_no_yaml() -> None:
    code = (
        "import sys; from cxrules.cli.app import make_app; make_app(); "
        "print(*{'yaml', 'pydantic', 'experta', 'hypothesis', 'networkx', 'cxrules.language.canonical'}"
        " & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (shown.stdout.strip(), shown.stderr) == ("", "")


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [("typer", ["rules"], "cxrules[cli]"), ("experta", ["recommend", "-", "--engine", "experta"], "cxrules[experta]")],
)
def test_a_missing_extra_is_named(missing: str, arguments: list[str], extra: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from cxrules.cli import main; main()"
    shown = subprocess.run(
        [sys.executable, "-c", code, *arguments], input="{}", capture_output=True, text=True, check=False
    )
    assert (shown.returncode, shown.stdout) == (ExitCode.MISSING_EXTRA, "")
    assert extra in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command", [["rules", "--json"], ["claims", "--json"], ["facts", "--json"], ["claims"]], ids=" ".join
)
def test_lost_output_ends_with_its_code(command: list[str], unbuffered: str, tmp_path: Path) -> None:
    """The kind: an output that takes a part of what is written, which Python's unbuffered streams do not notice."""
    program = [sys.executable, "-m", "cxrules", *command]
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    receiver, sender = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(sender, fcntl.F_SETPIPE_SZ, 4096)  # less than is written
    with subprocess.Popen(program, stdout=sender, stderr=subprocess.PIPE, env=environment) as process:
        os.close(sender)
        assert process.stderr
        assert os.read(receiver, 1)
        os.close(receiver)
        assert process.stderr.read() == b""  # nobody reads, and nobody is told
        assert process.wait() == ExitCode.OUTPUT_LOST  # and not 1, which says that mistakes were found

    limited = ["sh", "-c", 'ulimit -f 8 && exec "$0" "$@"', *program]
    with (tmp_path / "out").open("wb") as file:
        done = subprocess.run(limited, stdout=file, stderr=subprocess.PIPE, env=environment, check=False)
    assert done.stderr == b"cxrules: the output cannot be written: File too large\n"
    assert done.returncode == ExitCode.OUTPUT_LOST


def test_no_colours_without_a_terminal(run: Run) -> None:
    assert "\x1b" not in run("--help").stdout + run("rules").stdout + run("rule", "nothing").stderr


@pytest.mark.parametrize(
    "line",
    [
        "recommend {name}",
        "recommend {given}",
        "recommend {given} --engine {name}",
        "recommend {given} --why-not {name}",
        "recommend {given} --what-if {name}",
        "recommend {given} --detail {name}",
        "table {name}",
        "table {name}.csv",
        "table {table} -o {name}/out.csv",
        "table {table} --html {name}/page.html",
        "table {table} --segment {name}",
        "table {table} --also {name}",
        "consult {name}",
        "facts {name}",
        "rule {name}",
        "rules --source {name}",
        "claims --source {name}",
        "check {name}",
        "test {name}",
        "test --cases {name}",
        "test --cases {given} --junit {name}/report.xml",
        "schema {name}",
        "schema -o {name}",
        "log show {name}",
        "log explain {given} {name}",
        "log verify {given} --head {name}",
        "log show {given} --since {name}",
        "verify {name}",
        "verify --only {name}",
        "diff builtin {name}",
        "diff builtin {name}.json",
        "serve --host {name}",
        "{name}",
    ],
)
def test_what_is_typed_is_repeated_without_its_control_characters(
    run: Run, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "given.yaml").write_text("silos: severe\n", encoding="utf-8")
    (tmp_path / "table.csv").write_text("silos\nsevere\n", encoding="utf-8")
    words = {"name": "no\x07\x9b2J\u202e\udcff", "given": "given.yaml", "table": "table.csv"}
    result = run(*(word.format(**words) for word in line.split()))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    for text in (result.stdout, result.stderr):
        assert text.replace("\n", "").replace("\N{NO-BREAK SPACE}", "").isprintable(), ascii(text)


# --- diff


def test_diff_compares_what_is_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("z3", reason="the extra `verify` is not installed")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "tests" / "data" / "faulty_bases" / "clean", "builtin")
    assert run("diff", "./builtin", "builtin", "--regions", "1").exit_code == 1
    assert run("diff", "./builtin", str(tmp_path / "builtin")).stdout.startswith("Proved")


def test_diff_lists_the_mistakes_of_both(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("z3", reason="the extra `verify` is not installed")
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.yaml").write_text("rulez: []\n", "utf-8")
    refused = run("diff", str(tmp_path / "old"), str(tmp_path / "new"))
    assert refused.exit_code == 2
    assert "old.yaml:1:1" in refused.stderr
    assert "new.yaml:1:1" in refused.stderr


@pytest.mark.parametrize("content", ["{", "[]", "\udcff", None], ids=repr)
def test_diff_names_the_file_of_every_mistake(run: Run, tmp_path: Path, content: str | None) -> None:
    """The kind: a whole rule base that cannot be read hides what is wrong with the other, or is not named."""
    pytest.importorskip("z3", reason="the extra `verify` is not installed")
    files = [tmp_path / name for name in ("old.json", "new.json")]
    for file in files:
        if content is not None:
            file.write_text(content, "utf-8", "surrogateescape")
    refused = run("diff", *map(str, files))
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert [line.partition(": ")[0] for line in refused.stderr.splitlines()] == [*map(str, files), "2 mistakes found."]


@pytest.mark.parametrize(
    "line", ["diff builtin small.json --on-top", "diff small.json builtin --on-top", "claims --fingerprint --json"]
)
def test_an_option_that_would_have_no_effect_is_refused(
    run: Run, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kind: options that another argument would make meaningless."""
    if line.startswith("diff"):
        pytest.importorskip("z3", reason="the extra `verify` is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.json").write_text(cxrules.RuleBase.load(SMALL).to_json(), "utf-8")
    refused = run(*line.split())
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--on-top" in refused.stderr or "--json" in refused.stderr
