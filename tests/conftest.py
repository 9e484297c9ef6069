"""What all tests share: where ../shared is, and how many examples Hypothesis tries.

Two profiles: `quick`, always the same examples, for `make test`; and `soak`, fresh ones and a hundred times as many,
for `make soak`. A test that wants more than its profile gives asks in proportion, and so grows with it:

    @settings(max_examples=2 * settings().max_examples)  # 100 in `make test`, 10,000 in `make soak`
"""

import gc
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import SHARED

collect_ignore = ["data"]  # read by tests, never imported

gc.set_threshold(50_000, 20, 20)  # what tests keep is large and lives long: at Python's own pace 4% of their time

# Two workers share two cores, so a slow example proves nothing. And rule bases that are drawn once
# for all tests (`tests.rulebases.drawn_once`) are drawn within the first example that needs them.
ANY_SPEED = [HealthCheck.too_slow, HealthCheck.nested_given]

settings.register_profile(
    "quick", max_examples=50, derandomize=True, database=None, deadline=None, suppress_health_check=ANY_SPEED
)
settings.register_profile("soak", max_examples=5_000, deadline=None, print_blob=True, suppress_health_check=ANY_SPEED)
settings.load_profile("quick")  # --hypothesis-profile is read later, and so wins


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if SHARED.is_dir():
        return
    absent = pytest.mark.skip(reason="../shared, which is not part of the project, is absent")
    for item in items:
        if item.get_closest_marker("requires_shared"):
            item.add_marker(absent)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.freeze()  # modules and tests stay until the end: tests that collect garbage need not search them


@pytest.fixture(scope="session", autouse=True)
def _default_signal_handlers() -> Iterator[None]:
    """A suite in the background ignores Ctrl-C, and one under `nohup` SIGHUP; its subprocesses would inherit that."""
    handlers = {signal.SIGINT: signal.default_int_handler}
    handlers |= {getattr(signal, name): signal.SIG_DFL for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name)}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session", autouse=True)
def _commands_built_once() -> Iterator[None]:
    """Typer's runner rebuilds all commands for every call, which is most of the cost of a call."""
    try:
        from typer import main
    except ImportError:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(main.get_command))
        yield


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ../shared; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("../shared, which is not part of the project, is absent")
    return SHARED


@pytest.fixture(scope="session")
def soaking() -> bool:
    """Whether this is `make soak`, so that a test without Hypothesis can run at full size."""
    return settings.get_current_profile_name() == "soak"
