"""What is kept from the root logger, and who is not."""

import logging
from threading import Thread

import pytest

from cxrules.root_logger import protect_root_logger


def test_this_thread_configures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # pytest has added its own
    configure = logging.basicConfig
    with protect_root_logger():
        logging.basicConfig(level=logging.DEBUG)
        assert logging.getLogger().handlers == []
    assert logging.basicConfig is configure


def test_another_thread_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    with protect_root_logger():
        thread = Thread(target=logging.basicConfig)
        thread.start()
        thread.join()
    assert len(logging.getLogger().handlers) == 1


def test_a_host_that_replaces_the_function_meanwhile_keeps_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "basicConfig", logging.basicConfig)  # restored after the test
    with protect_root_logger():
        theirs = logging.basicConfig = lambda **_: None
    assert logging.basicConfig is theirs


def test_it_is_restored_after_an_error() -> None:
    configure = logging.basicConfig
    with pytest.raises(ZeroDivisionError), protect_root_logger():
        raise ZeroDivisionError
    assert logging.basicConfig is configure
