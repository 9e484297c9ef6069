"""The consultation: its logic as text in and text out, and the command in a real pseudo-terminal."""

import os
import pty
import random
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from cxrules import Advisor
from cxrules.consultation.dialogue import Consultation, write_file
from cxrules.consultation.typed_answers import UnclearAnswerError, read_answer
from cxrules.language.facts import Fact, FactValue, Kind, Use, Value
from cxrules.language.rules import Conclusion, Effect, FactTest, Impossible, Model, Operator, Rule, Tone
from cxrules.policy.judge import Judge
from tests.rulebases import make_claim, make_fact, make_rulebase, random_organisations

PATIENCE = 300  # seconds, generous for slow machines


@pytest.fixture
def judge() -> Judge:
    """A rule base whose consultation can be followed by hand: `first` decides, then `second`; `idle` only warns."""
    is_a = FactTest("first", Operator.IS, "a")
    rules = [
        Rule("r-1", ("S-1",), "The first speaks for one.", (is_a,), (Conclusion(Effect.SUPPORTS, "one"),)),
        Rule(
            "r-2",
            ("S-2",),
            "Both speak for two.",
            (FactTest("first", Operator.IS, "b"), FactTest("second", Operator.IS, True)),
            (Conclusion(Effect.SUPPORTS, "two"),),
        ),
        Rule(
            "r-3", ("S-3",), "Mind it.", (FactTest("idle", Operator.BELOW, 20),), (Conclusion(Effect.WARNING, "mind"),)
        ),
    ]
    rulebase = make_rulebase(
        [
            make_fact("idle", Kind.PERCENT),
            make_fact("second", Kind.FLAG),
            make_fact("first", Kind.CHOICE, ("a", "b")),
            make_fact("several", Kind.SET, ("x", "y")),
        ],
        rules,
        [Model("one", "One", "one leads"), Model("two", "Two", "two lead")],
        [make_claim(f"S-{number}", Tone.PLAIN) for number in (1, 2, 3)],
        impossible=[
            Impossible(
                "not-both", (FactTest("first", Operator.IS, "b"), FactTest("idle", Operator.IS, 0)), "It cannot be."
            ),
        ],
    )
    return Advisor(rulebase).judge


# -- answers -----------------------------------------------------------------------------------------------------------

COLOURS = Fact(
    "colour",
    Kind.CHOICE,
    Use.DECIDES,
    "Which colour?",
    "the colour",
    (Value("dark_red", "Deep red", ""), Value("dark_blue", "Deep blue", ""), Value("none", "No colour", "")),
)
FLAG = Fact("flag", Kind.FLAG, Use.DECIDES, "?", "it", (Value("true", "Yes", ""), Value("false", "No", "")))
SHARE = Fact("share", Kind.PERCENT, Use.DECIDES, "?", "it", says="{value}%")
PHASES = Fact(
    "phases",
    Kind.SET,
    Use.DECIDES,
    "?",
    "it",
    (Value("win_back", "Win back", ""), Value("loyalty", "Loyalty", ""), Value("advice", "Advice", "")),
)


@pytest.mark.parametrize(
    ("fact", "typed", "value"),
    [
        (COLOURS, "2", "dark_blue"),
        (COLOURS, "dark_blue", "dark_blue"),
        (COLOURS, "Dark-Blue", "dark_blue"),
        (COLOURS, "deep  b", "dark_blue"),
        (COLOURS, "none", "none"),
        (FLAG, "y", True),
        (FLAG, "No", False),
        (FLAG, "2", False),
        (FLAG, "true", True),
        (SHARE, "15", 15),
        (SHARE, "15.5 %", 15.5),
        (SHARE, "15,5%", 15.5),
        (SHARE, "0", 0),
        (PHASES, "1, 3", ("win_back", "advice")),
        (PHASES, "3 1", ("win_back", "advice")),
        (PHASES, "loyalty", ("loyalty",)),
        (PHASES, "win back, loy", ("win_back", "loyalty")),
        (PHASES, "Win back", ("win_back",)),
        (PHASES, "1 and 2", ("win_back", "loyalty")),
        (PHASES, "none", ()),
        (PHASES, "0", ()),
    ],
)
def test_an_answer_is_a_number_a_name_or_the_start_of_a_label(fact: Fact, typed: str, value: FactValue) -> None:
    assert read_answer(fact, typed) == value


@pytest.mark.parametrize(
    ("fact", "typed", "hint"),
    [
        (COLOURS, "deep", "“Deep red”, “Deep blue”"),
        (COLOURS, "4", "from 1 to 3"),
        (COLOURS, "0", "from 1 to 3"),
        (COLOURS, "green", "not one of the answers"),
        (COLOURS, "", "not one of the answers"),
        (FLAG, "maybe", "not one of the answers"),
        (SHARE, "101", "0 to 100"),
        (SHARE, "-1", "0 to 100"),
        (SHARE, "nan", "0 to 100"),
        (PHASES, "1, 7", "from 1 to 3"),
        (PHASES, ",", "one or several"),
        (PHASES, "1 x", "not one of the answers"),
        (PHASES, "and", "one or several"),
        (PHASES, "and, AND", "one or several"),
    ],
)
def test_an_unclear_answer_is_refused_with_a_hint(fact: Fact, typed: str, hint: str) -> None:
    with pytest.raises(UnclearAnswerError, match=re.escape(hint)):
        read_answer(fact, typed)


@pytest.mark.parametrize("fact", [COLOURS, FLAG, SHARE, PHASES])
@pytest.mark.parametrize(
    "typed",
    [
        "\0",
        "\x1b[2J",
        "\ud800",
        "a\x1b[31mb\u202e",
        "\x9b2J",
        "\u2028,\u2029",
        "\ufeff1",
        "½",
        "1e999",
        "9" * 5_000,
        "٣" * 5_000,
        "-" + "9" * 5_000,
        "x" * 200_000,
        "x y " * 10_000,
    ],
    ids=lambda typed: ascii(typed[:9]),
)
def test_a_refusal_is_one_printable_line(fact: Fact, typed: str) -> None:
    with pytest.raises(UnclearAnswerError) as caught:
        read_answer(fact, typed)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_every_value_of_the_built_in_vocabulary_can_be_typed_in_three_ways() -> None:
    for fact in Advisor().rulebase.vocabulary.facts.values():
        for number, value in enumerate(fact.values, 1):
            wanted: FactValue = value.name
            if fact.kind is Kind.FLAG:
                wanted = value.name == "true"
            elif fact.kind is Kind.SET:
                wanted = (value.name,)
            assert [read_answer(fact, typed) for typed in (str(number), value.name, value.label)] == [wanted] * 3


# -- the dialogue ------------------------------------------------------------------------------------------------------


def test_the_dialogue_ends_when_it_is_settled_and_goes_on_when_asked(judge: Judge) -> None:
    dialogue = Consultation(judge)
    assert "Nothing is known yet." in dialogue.begin()
    assert dialogue.fact == "first"
    reply = dialogue.take("a")
    assert dialogue.nothing_left_to_ask
    assert dialogue.fact is None
    assert "“One”" in reply
    assert "settled" in reply
    assert "What is idle?" in dialogue.take("more")
    dialogue.take("10%")
    dialogue.take("skip")
    assert "x" in dialogue.ask()
    assert "nothing left to ask" in dialogue.take("1 2")
    assert dialogue.take("quit") == ""
    assert dialogue.ended
    assert dialogue.known == {"first": "a", "idle": 10, "several": ("x", "y")}
    assert dialogue.skipped == ["second"]


def test_skipped_questions_are_not_repeated_and_can_settle_the_model(judge: Judge) -> None:
    dialogue = Consultation(judge)
    assert "settled" not in dialogue.take("b")
    assert dialogue.fact == "second"
    assert "settled" in dialogue.take("skip")
    assert "too little is known" in dialogue.begin()


def test_back_takes_back_answers_and_skips(judge: Judge) -> None:
    dialogue = Consultation(judge)
    assert "nothing to undo" in dialogue.take("back")
    dialogue.take("b")
    dialogue.take("skip")
    assert "Undone" in dialogue.take("back")
    assert (dialogue.fact, dialogue.skipped, dialogue.known) == ("second", [], {"first": "b"})
    dialogue.take("back")
    assert (dialogue.fact, dialogue.known) == ("first", {})
    dialogue.take("a")
    assert dialogue.known == {"first": "a"}


def test_why_shows_where_answers_lead_and_which_rules_wait(judge: Judge) -> None:
    dialogue = Consultation(judge)
    reply = dialogue.take("why")
    assert "it would be “One”" in reply
    assert "The first speaks for one." in reply
    assert "Both speak for two." in reply
    assert reply.endswith(dialogue.ask())
    dialogue.take("a")
    dialogue.take("more")
    assert "can no longer change the model" in dialogue.take("why")


def test_an_impossible_answer_is_refused_with_the_reason(judge: Judge) -> None:
    dialogue = Consultation(judge, {"idle": 0})
    reply = dialogue.take("b")
    assert "contradicts what is known" in reply
    assert "it cannot be." in reply
    assert dialogue.known == {"idle": 0}


@pytest.mark.parametrize("typed", ["green", "7", "", "   ", "more", "help", "?"])
def test_anything_but_an_answer_repeats_the_question(judge: Judge, typed: str) -> None:
    dialogue = Consultation(judge)
    assert dialogue.take(typed).endswith(dialogue.ask())
    assert (dialogue.fact, dialogue.known, dialogue.skipped) == ("first", {}, [])


def test_the_file_can_be_read_again(judge: Judge) -> None:
    dialogue = Consultation(judge, {"first": "a", "second": False, "idle": 12.5, "several": ()}, ["first"])
    content = yaml.safe_load(write_file(dialogue.known, dialogue.skipped, judge))
    assert content == {"facts": {"first": "a", "second": False, "idle": 12.5, "several": []}}
    empty = Consultation(judge, {}, ["second"])
    assert yaml.safe_load(write_file({}, empty.skipped, judge)) == {"facts": {}, "skipped": ["second"]}


def test_every_value_of_the_built_in_vocabulary_survives_the_file() -> None:
    judge = Advisor().judge
    for fact in judge.rulebase.vocabulary.facts.values():
        for value in fact.names if fact.kind in (Kind.ORDERED, Kind.CHOICE) else ():
            written = yaml.safe_load(write_file({fact.name: value}, (), judge))
            assert written == {"facts": {fact.name: value}}


def test_a_consultation_on_the_built_in_rule_base_settles_before_every_question_is_asked() -> None:
    judge = Advisor().judge
    dialogue = Consultation(judge)
    asked = 0
    while (fact := dialogue.fact) is not None:
        for choice in range(1, 10):  # the first answer that does not contradict those before
            dialogue.take(str(choice))
            if dialogue.fact != fact:
                break
        assert dialogue.fact != fact
        asked += 1
    assert dialogue.nothing_left_to_ask
    assert asked < len(judge.rulebase.vocabulary.facts) / 2


# -- the command, in a pseudo-terminal ---------------------------------------------------------------------------------


class Terminal:
    """A process that believes it talks to a person."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        self.screen = ""
        self._own, other = pty.openpty()
        environment = {**os.environ, "TERM": "dumb", "COLUMNS": "100", "PYTHONUNBUFFERED": "1"}
        # With a controlling terminal, Ctrl-C interrupts the process.
        take = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
        code = f"{take}; from cxrules.cli import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=other,
            stdout=other,
            stderr=other,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        os.close(other)

    def wait_for(self, text: str) -> str:
        """Read until a text is on the screen, and return everything since the last time."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.screen:
            assert time.monotonic() < deadline, f"waited for {text!r}; the screen shows:\n{self.screen}"
            if not self._read(0.2) and self.process.poll() is not None:
                self._read(0.2)
                assert text in self.screen, f"ended before {text!r}; the screen shows:\n{self.screen}"
        shown, _, self.screen = self.screen.rpartition(text)
        return shown + text

    def type(self, line: str) -> None:
        os.write(self._own, f"{line}\n".encode())

    def press(self, key: bytes, until: str) -> None:
        """Press a key every few seconds until a text is on the screen, as a person would.

        On a busy machine an interrupt can come after the prompt is written and before Python reads, and is lost.
        """
        deadline = time.monotonic() + PATIENCE
        while until not in self.screen:
            assert time.monotonic() < deadline, f"waited for {until!r}; the screen shows:\n{self.screen}"
            if self.process.poll() is None:
                os.write(self._own, key)
            pause = time.monotonic() + PATIENCE / 60
            while until not in self.screen and time.monotonic() < pause:
                self._read(0.2)

    def end(self) -> int:
        """Wait until the process ends, and return its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still running; the screen shows:\n{self.screen}"
            self._read(0.1)
        while self._read(0.1):
            pass
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._own)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._own], [], [], seconds)[0]:
            return False
        try:
            found = os.read(self._own, 65536)
        except OSError:  # the other end is closed
            return False
        self.screen += found.decode().replace("\r\n", "\n")
        return bool(found)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def talk(opened: list[Terminal], folder: Path, *arguments: str) -> Terminal:
    pytest.importorskip("typer")
    terminal = Terminal(["consult", *arguments], folder)
    opened.append(terminal)
    terminal.wait_for("> ")
    return terminal


def test_a_dialogue_in_a_terminal(terminals: list[Terminal], tmp_path: Path) -> None:
    judge = Advisor().judge
    twin = Consultation(judge)
    terminal = talk(terminals, tmp_path, "mine.yaml")
    first = twin.fact
    for typed in ("why", "nonsense", "1", "skip", "2"):
        terminal.type(typed)
        twin.take(typed)
        assert twin.fact is not None
        question = judge.rulebase.vocabulary[twin.fact].question
        shown = terminal.wait_for("\n> ")
        assert " ".join(question.split()) in " ".join(shown.split())
    content = yaml.safe_load((tmp_path / "mine.yaml").read_text("utf-8"))
    assert content == {
        "facts": {name: list(value) if isinstance(value, tuple) else value for name, value in twin.known.items()},
        "skipped": twin.skipped,
    }
    assert first in twin.known
    terminal.type("back")
    terminal.wait_for("Undone.")
    terminal.wait_for("\n> ")
    terminal.type("quit")
    terminal.wait_for("Saved.")
    assert terminal.end() == 0
    assert len(yaml.safe_load((tmp_path / "mine.yaml").read_text("utf-8"))["facts"]) == 1


@pytest.mark.parametrize("key", [b"\x03", b"\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_an_interrupted_dialogue_is_saved_and_resumed(terminals: list[Terminal], tmp_path: Path, key: bytes) -> None:
    terminal = talk(terminals, tmp_path)
    terminal.type("2")
    terminal.wait_for("\n> ")
    terminal.press(key, until="Saved.")
    assert terminal.end() == 0
    assert "Traceback" not in terminal.screen
    saved = tmp_path / "consultation.yaml"
    before = yaml.safe_load(saved.read_text("utf-8"))
    assert len(before["facts"]) == 1
    again = talk(terminals, tmp_path)
    again.type("1")
    again.wait_for("\n> ")
    again.type("quit")
    assert again.end() == 0
    after = yaml.safe_load(saved.read_text("utf-8"))
    assert before["facts"].items() < after["facts"].items()
    shown = run("recommend", str(saved))
    assert shown.returncode == 0
    assert shown.stdout


def test_an_interrupt_by_signal_loses_nothing(terminals: list[Terminal], tmp_path: Path) -> None:
    terminal = talk(terminals, tmp_path, "mine.yaml")
    terminal.type("2")
    terminal.wait_for("\n> ")
    terminal.process.send_signal(signal.SIGKILL)
    terminal.process.wait()
    assert len(yaml.safe_load((tmp_path / "mine.yaml").read_text("utf-8"))["facts"]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def run(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    pytest.importorskip("typer")
    code = "from cxrules.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], input=typed, capture_output=True, text=True, check=False
    )


def test_the_end_of_plain_input_saves(tmp_path: Path) -> None:
    shown = run("consult", str(tmp_path / "mine.yaml"), typed="1\n1\n")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Saved." in shown.stdout
    assert len(yaml.safe_load((tmp_path / "mine.yaml").read_text("utf-8"))["facts"]) == 2


def test_nothing_answered_saves_nothing(tmp_path: Path) -> None:
    shown = run("consult", str(tmp_path / "mine.yaml"), typed="why\nquit\n")
    assert shown.returncode == 0
    assert "nothing was saved" in shown.stdout
    assert not list(tmp_path.iterdir())


def test_a_consultation_runs_until_it_is_settled(tmp_path: Path) -> None:
    # A question whose answer contradicts earlier ones is asked again, and gets the next answer.
    shown = run("consult", str(tmp_path / "mine.yaml"), typed="1\n2\n3\n" * 40)
    assert shown.returncode == 0
    assert "The recommendation is settled" in " ".join(shown.stdout.split())


def test_a_file_with_mistakes_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("facts:\n  maturty: early\n", "utf-8")
    shown = run("consult", str(file), typed="1\n")
    assert shown.returncode == 2
    assert "did you mean 'maturity'?" in shown.stderr
    assert file.read_text("utf-8") == "facts:\n  maturty: early\n"


def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    shown = run("consult", str(tmp_path / "absent" / "mine.yaml"), typed="1\n")
    assert shown.returncode == 2
    assert "cannot be written" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize("reply", ["1", "2", "skip"])
def test_premises_are_asked_before_what_depends_on_them(reply: str) -> None:
    judge = Advisor().judge
    facts = judge.rulebase.vocabulary.facts
    dialogue = Consultation(judge)
    for _ in range(6):
        asked = dialogue.fact
        if asked is None:
            break
        known = dialogue.decision.known
        assert all(known.get(premise) in values for premise, values in facts[asked].asked_if)
        dialogue.take(reply)
    dialogue = Consultation(judge, {"cco_status": "none"})
    assert dialogue.fact not in ("cco_reports_to", "cco_executive_seat", "cco_mandate")


@pytest.mark.parametrize("number", [100, 3_000])
def test_premises_of_premises_take_no_recursion_and_no_exponential_time(number: int) -> None:
    """The kind: a fact that rests on two others, each of which rests on two others, and so on."""
    names = [f"fact_{place}" for place in range(number)]
    facts = [
        replace(make_fact(name, Kind.FLAG), asked_if=tuple((before, ("true",)) for before in names[:place][-2:]))
        for place, name in enumerate(names)
    ]
    when = (FactTest(names[-1], Operator.IS, True),)
    rule = Rule("r-1", ("S-1",), "So.", when, (Conclusion(Effect.SUPPORTS, "one"),))
    judge = Advisor(
        make_rulebase(facts, [rule], [Model("one", "One", "one leads")], [make_claim("S-1", Tone.PLAIN)])
    ).judge
    dialogue = Consultation(judge)
    assert dialogue.fact == "fact_0"
    assert not dialogue.left_out
    dialogue.take("skip")
    assert dialogue.left_out == tuple(names)
    assert dialogue.fact is None
    dialogue = Consultation(judge, dict.fromkeys(names[2:], True), skipped=["fact_0"])
    assert dialogue.left_out == ("fact_0", "fact_1")


# -- no question without an acceptable answer --------------------------------------------------------------------------


def test_consult_never_asks_a_question_without_an_acceptable_answer() -> None:
    """Whatever was answered or skipped, each question has an answer that does not contradict what is known."""
    builtin = Advisor()
    rulebase = builtin.rulebase
    asked = 0
    for seed in range(40):
        rng = random.Random(seed)
        start = next(random_organisations(rulebase, seed=seed, known=rng.choice((0.0, 0.1, 0.3, 0.6)), coherent=True))
        consultation = Consultation(builtin.recommend().judge, start, deadline=0)
        while True:
            if consultation.fact is None:
                consultation.take("more")
            if consultation.fact is None:
                break
            name = consultation.fact
            fact, known = rulebase.vocabulary[name], consultation.known
            if fact.kind is Kind.PERCENT:
                acceptable: list[tuple[FactValue, str]] = [(share, str(share)) for share in (0, 15, 50, 100)]
            elif fact.kind is Kind.SET:
                acceptable = [((), "none"), (fact.names, ", ".join(fact.names))]
            else:
                typed = [(each, each == "true" if fact.kind is Kind.FLAG else each) for each in fact.names]
                acceptable = [(value, word) for word, value in typed]
            acceptable = [
                (value, word) for value, word in acceptable if not rulebase.incoherences({**known, name: value})
            ]
            assert acceptable, f"{name} has no acceptable answer after {known}"
            asked += 1
            if rng.random() < 0.25:
                consultation.take("skip")
                continue
            value, word = rng.choice(acceptable)
            consultation.take(word)
            assert consultation.known[name] == value
    assert asked > 600
