"""No command accepts an option twice."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cxrules.cli.app import make_app

APP = make_app()


def single_options(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every option of a command and its subcommands that takes one value."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from single_options(inner, (*path, name))
    for option in command.params:
        if option.param_type_name == "option" and path and not (option.multiple or option.is_flag):
            yield path, max(option.opts, key=len)


OPTIONS = list(single_options(typer.main.get_command(APP)))


@pytest.mark.parametrize(("path", "option"), OPTIONS)
def test_an_option_given_twice_is_refused(path: tuple[str, ...], option: str) -> None:
    for again in ([option, "1"], [f"{option}=1"]):
        result = CliRunner().invoke(APP, [*path, option, "1", *again])
        assert (result.exit_code, f"{option} is given twice" in result.output) == (2, True), result.output


def test_some_options_take_one_value() -> None:
    assert {("recommend",), ("log", "verify"), ("table",)} <= {path for path, _ in OPTIONS}
    assert (("recommend",), "--why-not") in OPTIONS
    assert (("recommend",), "--what-if") not in OPTIONS
