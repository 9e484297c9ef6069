"""The seeds of `make fuzz`, which are its past findings, and a few inputs of each kind."""

import warnings
from collections.abc import Iterator

import pytest

from tools.fuzz import attempt, spoil
from tools.fuzz_targets import list_targets

TARGETS = list_targets()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_keep_the_contract(name: str) -> None:
    for text in TARGETS[name].seeds:
        assert attempt(TARGETS[name], text) == ""


@pytest.mark.parametrize("name", TARGETS)
def test_spoilt_input_keeps_the_contract(name: str) -> None:
    for number in range(60):
        assert attempt(TARGETS[name], spoil(TARGETS[name], number)) == "", number


def test_a_broken_contract_is_found() -> None:
    def read(text: str) -> None:
        if not text.isprintable():
            raise ValueError(text)
        raise KeyError(text)

    target = TARGETS["yaml"]._replace(read=read, documented=(ValueError,))
    assert "KeyError" in attempt(target, "a")
    assert "control characters" in attempt(target, "\x1b")
    assert spoil(target, 7) == spoil(target, 7)
