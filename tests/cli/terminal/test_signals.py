"""A signal ends a command with a shell's exit code, whatever the interrupted code does with the exception."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from ctypes import CDLL, ArgumentError, c_int

import pytest

from cxrules.cli.terminal.signals import accept_interrupt, signals_end_it, signals_stay_signals

Raise = Callable[[], None]
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _unraisable_hook_restored() -> Iterator[None]:
    hook = sys.unraisablehook
    yield
    sys.unraisablehook = hook


def raised_plainly(interrupt: Raise) -> None:
    interrupt()


def turned_into_another_exception(interrupt: Raise) -> None:
    class Argument(c_int):
        @classmethod
        def from_param(cls, _value: object) -> Argument:
            interrupt()  # ctypes turns any exception here into an ArgumentError
            return cls()

    function = CDLL(None).abs
    function.argtypes = [Argument]
    function(0)


def answered_with_an_error(interrupt: Raise) -> None:
    try:
        interrupt()
    except KeyboardInterrupt:
        raise ImportError("the library was not found") from None


def swallowed(interrupt: Raise) -> None:
    with suppress(BaseException):
        interrupt()
    for _ in range(6000):  # it is raised again long before the end
        time.sleep(0.01)
    pytest.fail("it was not raised again")


def swallowed_in_a_destructor(interrupt: Raise) -> None:
    class Held:
        def __del__(self) -> None:
            interrupt()

    Held()
    for _ in range(6000):
        time.sleep(0.01)
    pytest.fail("it was not raised again")


def swallowed_at_the_end(interrupt: Raise) -> None:
    with suppress(BaseException):
        interrupt()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize(
    "interrupted",
    [
        raised_plainly,
        turned_into_another_exception,
        answered_with_an_error,
        swallowed,
        swallowed_in_a_destructor,
        swallowed_at_the_end,
    ],
)
def test_a_signal_ends_a_command_whatever_happens_to_the_exception(
    number: signal.Signals, code: int, interrupted: Callable[[Raise], None]
) -> None:
    handlers = [signal.getsignal(each) for each in ENDING]
    with pytest.raises(SystemExit) as ended, signals_end_it():
        interrupted(lambda: signal.raise_signal(number))
    assert ended.value.code == code
    assert [signal.getsignal(each) for each in ENDING] == handlers


@pytest.mark.parametrize("error", [ArgumentError, OSError, ValueError])
def test_errors_pass_through_without_a_signal(error: type[Exception]) -> None:
    with pytest.raises(error), signals_end_it():
        raise error


@pytest.mark.parametrize("number", ENDING)
def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    with signals_end_it():
        signal.raise_signal(number)
    signal.signal(number, before)


@pytest.mark.parametrize("error", [ArgumentError, OSError, ValueError, None])
def test_exceptions_after_a_signal_are_not_reported(error: type[Exception] | None) -> None:
    reported: list[BaseException] = []

    def work() -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        if error:
            raise error

    def command() -> None:
        try:
            with signals_stay_signals():
                work()
        except Exception as mistaken:  # noqa: BLE001 - whatever a command would report
            reported.append(mistaken)

    with pytest.raises(SystemExit) as ended, signals_end_it():
        command()
    assert (ended.value.code, reported) == (143, [])


@pytest.mark.parametrize(("number", "ends"), [(signal.SIGINT, False), (signal.SIGTERM, True), (signal.SIGHUP, True)])
def test_ctrl_c_may_be_an_answer_and_other_signals_may_not(number: signal.Signals, ends: bool) -> None:
    def dialogue() -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(number)
        accept_interrupt()

    with pytest.raises(SystemExit) if ends else nullcontext(), signals_end_it():
        dialogue()


@pytest.mark.parametrize(
    ("arguments", "within"),
    [
        (["table", "organisations.csv"], "table._decide"),
        (["test", "folder"], "test.open_rulebase"),
        (["verify"], "verify.open_rulebase"),
        (["diff", "builtin", "builtin"], "verify._open"),
    ],
)
def test_a_command_in_a_host_program_leaves_signals_to_the_host(
    arguments: list[str], within: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    testing = pytest.importorskip("typer.testing", reason="the extra `cli` is not installed")
    from cxrules.cli.app import make_app

    heard: list[int] = []

    def work(*_: object, **_named: object) -> None:
        for number in ENDING:
            signal.raise_signal(number)
        raise SystemExit

    monkeypatch.setattr(f"cxrules.cli.{within}", work)
    before = [signal.signal(each, lambda number, _frame: heard.append(number)) for each in ENDING]
    try:
        testing.CliRunner().invoke(make_app(), arguments)
    finally:
        for number, handler in zip(ENDING, before, strict=True):
            signal.signal(number, handler)
    assert heard == [*ENDING]
