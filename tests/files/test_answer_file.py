"""Reading and writing files: special files, JSON of other programs, and changes that keep the rest of a file."""

import errno
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cxrules.cli.app import make_app
from cxrules.cli.terminal.exit_codes import ExitCode
from cxrules.errors import InvalidKnowledge, InvalidOrganisation
from cxrules.files.answer_file import change_text, write_safely
from cxrules.files.organisation_file import interpret
from cxrules.knowledge.reader import read_bytes
from cxrules.rulebase import RuleBase
from tests import DATA
from tests.rulebases import organisations

BUILTIN = RuleBase.builtin()
VOCABULARY = BUILTIN.vocabulary
MAIN = "from cxrules.cli import main; main()"
app = make_app()


def read(text: str) -> Any:
    return interpret(text, "x.json", VOCABULARY).facts


def complain(text: str) -> list[str]:
    with pytest.raises(InvalidOrganisation) as caught:
        read(text)
    return [str(mistake) for mistake in caught.value.diagnostics]


# --- what is read


@settings(max_examples=settings().max_examples // 3)
@given(organisations(BUILTIN), st.booleans(), st.booleans(), st.sampled_from([None, 2, "\t"]))
def test_any_valid_json_is_read(known: dict[str, Any], ascii_only: bool, wrapped: bool, indent: Any) -> None:
    labels = {"facts": known, "note": "=\N{GRINNING FACE}\u2028", "k" * 2000: [None, True, -1.5e300, {"on": "yes"}]}
    text = json.dumps(labels if wrapped else known, ensure_ascii=ascii_only, indent=indent)
    assert read(text) == VOCABULARY.validate(known)


def test_json_numbers_are_read() -> None:
    with pytest.warns(UserWarning, match="write 0.0012"):
        assert read('{"retention_budget_share": 1.2e-05}') == {"retention_budget_share": 1.2e-05}
    assert read('{"retention_budget_share": 1E1}') == {"retention_budget_share": 10}
    for number in ("1e999", "-1e999", "9" * 5000, "Infinity", "NaN"):
        assert "[" in complain(f'{{"retention_budget_share": {number}}}')[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"maturity": "early",\n "maturity": "mature"}', "x.json:2:2: the key 'maturity' occurs twice here"),
        ('{"maturity": "\\ud800"}', "x.json:1:14: half of a surrogate pair is not a character"),
        ('{\n\t"matury": 1}', "x.json:2:2: matury: no such fact"),
        ('{"facts": 7}', "x.json:1:11: a mapping of facts is expected under facts"),
        ("[" * 3000, "nested too deeply"),
        ('maturity: "\\U99999999"', "x.json:1:14: no character has this escape"),
        ('maturity: "\\U00110000"', "x.json:1:14: no character has this escape"),
        ("facts:\n\tmaturity: early", "[yaml-syntax]; indent with spaces, not with tabs"),
        ("maturity: @early", "[yaml-syntax]; quote the text"),
        ('{"maturity": "early"}\n{"maturity": "early"}', "[yaml-syntax]; a file has one document only"),
        ('{"maturity": "early"', "[yaml-syntax]; a bracket is missing"),
        ("maturity: 'early", "[yaml-syntax]; a quotation mark is missing"),
        ("retention_budget_share: .5", "YAML reads .5 as a number [unquoted-scalar]; write 0.5"),
        ("retention_budget_share: 15 %", "not '15 %' [wrong-type]; write 15"),
        ("silos: yes", "YAML reads yes as true [unquoted-boolean]; known: 'none'"),
        ("transformation_goal: yes", "YAML reads yes as true [unquoted-boolean]; write true"),
    ],
)
def test_mistakes_are_reported_with_their_place(text: str, told: str) -> None:
    assert any(told in line for line in complain(text))


def test_twenty_thousand_unknown_keys_are_one_error() -> None:
    plain = {f"marketing_bandwith_{number}": 1 for number in range(20_000)}
    with pytest.raises(InvalidOrganisation) as caught:
        read(json.dumps(plain))
    assert len(caught.value.diagnostics) == len(plain)
    assert len(str(caught.value)) < 20_000


@pytest.mark.parametrize(
    "text",
    [
        "retention_budget_share: " + "9" * 100_000,
        "? " + "9" * 100_000 + "\n: 1",
        json.dumps({"x" * 100_000: 1}),
        '{"x": 1, "x": 1}'.replace("x", "x" * 100_000),
    ],
)
def test_huge_values_are_shortened_in_messages(text: str) -> None:
    assert all(len(line) < 500 for line in complain(text))


def test_thousands_of_labels_are_ignored() -> None:
    labels = "".join(f"label_{number}: yes\n" for number in range(1_500))
    assert interpret(f"{labels}facts:\n  silos: severe\n{labels.replace('l', 'L')}", "x.yaml", VOCABULARY).facts == {
        "silos": "severe"
    }


def test_labels_may_have_any_value() -> None:
    held = interpret("note: =\nweek: 12:30\nfacts:\n  maturity: early\nsafe: off\n", "x.yaml", VOCABULARY)
    assert held.facts == {"maturity": "early"}


def test_the_loader_names_the_valid_values(tmp_path: Path) -> None:
    rule = "rules: [{id: r, because: [S2-1], rationale: x, when: {soil: yes}, then: [{opposes: robot}]}]"
    (tmp_path / "r.yaml").write_text(rule)
    with pytest.raises(InvalidKnowledge, match=re.escape("[unquoted-boolean]; known: 'dry', 'moist', 'wet'")):
        RuleBase.load(tmp_path, base=RuleBase.load(DATA / "small_base"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("command", ["recommend", "check", "consult"])
def test_special_files_end_in_one_error(tmp_path: Path, command: str) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    for path, told in ((pipe, "nobody writes"), (Path("/dev/zero"), "larger than")):
        shown = CliRunner().invoke(app, [command, str(path)], input="")
        assert shown.exit_code == (ExitCode.MISTAKES_FOUND if command == "check" else ExitCode.WRONG_INPUT), path
        assert told in shown.output
        assert "Traceback" not in shown.output


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system has no named pipes")
def test_a_pipe_that_somebody_writes_to_is_read() -> None:
    end, start = os.pipe()
    os.write(start, b"maturity: early\n")
    os.close(start)
    assert read_bytes(Path(f"/dev/fd/{end}")) == b"maturity: early\n"
    os.close(end)


def test_a_folder_that_cannot_be_searched_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()

    def refuse(path: Path) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(tmp_path)
    assert [mistake.code for mistake in caught.value.diagnostics] == ["unreadable-file"]


def test_circular_links_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("actions: {}\n")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "self.yaml").symlink_to(tmp_path / "self.yaml")
    with pytest.raises(InvalidKnowledge):
        RuleBase.load(tmp_path, base=BUILTIN)


def test_a_folder_is_read_once_however_many_links_lead_to_it(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / str(number)).mkdir()
        if number:
            for name in "ab":
                (tmp_path / str(number) / name).symlink_to(tmp_path / str(number - 1))
    (tmp_path / "0" / "a.yaml").write_text("actions: {}\n")
    assert RuleBase.load(tmp_path, base=BUILTIN).rules == BUILTIN.rules


@pytest.mark.parametrize("name", ["\ud800", "a\0b", "x" * 5_000, "self"])
def test_an_impossible_path_is_one_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "self").symlink_to(tmp_path / "self")
    with pytest.raises(InvalidKnowledge) as caught:
        RuleBase.load(tmp_path / name, base=BUILTIN)
    assert [mistake.code for mistake in caught.value.diagnostics] == ["unreadable-file"]


# --- the streams

STREAMS = [
    ("consult {file} <&-", 0, ""),
    ("recommend - <&-", 2, "standard input cannot be read"),
    ("rules > /dev/full", 5, "the output cannot be written: No space left on device"),
    ("rules >&-", 0, ""),
    ("log show {log} > /dev/full", 5, "the output cannot be written: No space left on device"),
    ("log replay {log} --json > /dev/full", 5, "the output cannot be written: No space left on device"),
    ("log show log", 2, "log: No such file or directory"),
    ("log show /proc/self/mem", 2, "/proc/self/mem: Input/output error"),
]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize(("line", "code", "told"), STREAMS)
def test_streams_that_are_closed_or_full_end_in_one_line(tmp_path: Path, line: str, code: int, told: str) -> None:
    line = line.format(file=tmp_path / "x.yaml", log=DATA / "logs" / "format-1.jsonl")
    shown = subprocess.run(
        ["/bin/sh", "-c", f"'{sys.executable}' -c '{MAIN}' {line}"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    assert (shown.returncode, told in shown.stderr) == (code, True), shown.stderr
    assert len(shown.stderr.splitlines()) <= 2


def test_a_code_page_without_a_character_still_shows_the_answer() -> None:
    code = (
        "from cxrules.cli.terminal.streams import whatever_the_streams as streams\nwith streams(): print('a \u2192 b')"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "cp437"}
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, env=environment)
    assert (shown.returncode, shown.stdout.split(), shown.stderr) == (0, [b"a", b"?", b"b"], b"")


# --- what is written

OTHERS = """# Ours, and not to be lost.
client: ACME   # a label
facts:
  # asked on Monday
  maturity: early   # said the CEO
  marketing_journey_coverage:
    - loyalty   # mostly
  silos: severe
# the end
"""


def test_only_the_answers_change() -> None:
    new = change_text(OTHERS, VOCABULARY, {"maturity": "developing", "scope": "enterprise_wide"}, ["ceo_involvement"])
    changed = [line for line in new.splitlines() if line not in OTHERS.splitlines()]
    assert changed == [
        '  maturity: "developing"   # said the CEO',
        '  scope: "enterprise_wide"',
        'skipped: ["ceo_involvement"]',
    ]
    assert [line for line in OTHERS.splitlines() if line not in new.splitlines()] == [
        "  maturity: early   # said the CEO"
    ]


@settings(max_examples=settings().max_examples // 3)
@given(
    st.data(),
    organisations(BUILTIN),
    organisations(BUILTIN),
    st.sampled_from(["block", "flow", "json", "wrapped flow", "wrapped block", "wrapped json"]),
)
def test_a_changed_file_has_the_new_facts(
    data: st.DataObject, before: dict[str, Any], answers: dict[str, Any], style: str
) -> None:
    import yaml

    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in before.items()}
    held = {"label": "x: #y", "facts": plain} if "wrapped" in style else plain
    flow = None if "block" in style else "flow" in style
    text = json.dumps(held) if "json" in style else yaml.safe_dump(held, default_flow_style=bool(flow))
    gone = data.draw(st.sets(st.sampled_from(sorted(before)))) if before else set()
    changed: dict[str, Any] = dict(list(answers.items())[:2]) | dict.fromkeys(sorted(gone)[:2])
    skipped = data.draw(st.lists(st.sampled_from(list(VOCABULARY.facts)), unique=True, max_size=2))
    new = interpret(change_text(text, VOCABULARY, changed, skipped), "x", VOCABULARY)
    assert new.facts == {name: value for name, value in {**before, **changed}.items() if value is not None}
    assert set(new.skipped) == set(skipped)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("---\nmaturity: early\n", '---\nfacts:\n  maturity: "mature"\n  scope: "one_function"\nskipped: ["silos"]\n'),
        ("%YAML 1.1\n--- # ours\n{maturity: early}\n...\n", "%YAML 1.1\n--- # ours\nfacts:\n  {maturity: "),
        ("--- {facts: {maturity: early}}\n", "---\n{facts: {maturity: "),
        ("maturity: >-\n  early\n", 'facts:\n  maturity: "mature"\n'),
        ("client: |\n  us\nfacts:\n  maturity: |-\n    early\n", "client: |\n  us\nfacts:\n"),
        ("maturity: early\r\n", 'facts:\r\n  maturity: "mature"\r\n  scope: "one_function"\r\nskipped: ["silos"]\r\n'),
        ("maturity: early\r", 'facts:\r  maturity: "mature"\r  scope: "one_function"\rskipped: ["silos"]\r'),
        ("facts: null  # yet\nname: x\n", 'facts:\n  maturity: "mature"  # yet\n  scope: "one_function"\nname: x\n'),
        ("name: x\nfacts: ~", 'facts:\n  maturity: "mature"\n'),
        ('{"facts": null}', '{\n  "facts": {\n    "maturity": "mature",'),
        ('{"facts": {"maturity": "early"}, "big": 1e999}', '"big": 1e999'),
        ('{"facts": {"maturity": "early"}, "big": 12345678901234567890.55}', '"big": 12345678901234567890.55'),
        ('{"facts": {"maturity": "early"}, "old": [0.1000000000000000001]}', "0.1000000000000000001"),
    ],
)
def test_every_way_to_write_a_file_can_be_changed(text: str, new: str) -> None:
    facts = {"maturity": "mature", "scope": "one_function"}
    changed = change_text(text, VOCABULARY, facts, ["silos"])
    assert new in changed
    held = interpret(changed, "x", VOCABULARY)
    assert (held.facts, held.skipped) == (facts, ("silos",))


@pytest.mark.parametrize("number", ["12345678901234567890.55", "1e999", "-0.0", "7E5", "1.50", "1" * 5000], ids=len)
@pytest.mark.parametrize("facts", ["null", "{}", '{"maturity": "early"}'])
def test_json_stays_json_and_its_numbers_as_they_were(number: str, facts: str) -> None:
    """The kind: a number that Python would write otherwise costs the file its form, or its digits."""
    text = f'{{"label": ["x", {number}], "facts": {facts}}}'
    changed = change_text(text, VOCABULARY, {"scope": "one_function"}, ["silos"])
    plain = json.loads(changed, parse_int=str, parse_float=str)
    assert plain["label"] == ["x", number]
    assert (plain["facts"]["scope"], plain["skipped"]) == ("one_function", ["silos"])


def test_a_layout_that_cannot_be_changed_is_one_error() -> None:
    with pytest.raises(ValueError, match=r"^its layout does not allow[^\n]*$"):
        change_text("? maturity\n: early\n", VOCABULARY, {"scope": "one_function"}, [])


def test_a_consultation_keeps_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "client.yaml"
    file.write_text("\ufeffclient: ACME\nfacts:\n  maturity: early\n", encoding="utf-8")
    assert CliRunner().invoke(app, ["consult", str(file)], input="1\nquit\n").exit_code == 0
    assert file.read_text(encoding="utf-8").startswith("\ufeffclient: ACME\nfacts:\n  maturity: early\n")


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.yaml", tmp_path / "link.yaml"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    write_safely(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "target.yaml"]


def test_nothing_is_written_through_a_planted_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".x.yaml.part").symlink_to(victim)
    write_safely(tmp_path / "x.yaml", "new")
    assert victim.read_text() == "mine"


def test_a_file_that_cannot_be_written_is_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("old")

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fchmod", refuse)
    with pytest.raises(OSError, match="No space"):
        write_safely(file, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["x.yaml"]
    assert file.read_text() == "old"


def test_a_consultation_keeps_the_rest_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "client.yaml"
    file.write_text(OTHERS)
    shown = CliRunner().invoke(app, ["consult", str(file)], input="1\nskip\nquit\n")
    assert shown.exit_code == 0
    new = file.read_text()
    assert all(line in new.splitlines() for line in OTHERS.splitlines())
    assert len(interpret(new, "x", VOCABULARY).facts) == 4
    assert len(interpret(new, "x", VOCABULARY).skipped) == 1
