"""A late dataclass equals that of the standard library, and locks survive a fork."""

import copy
import dataclasses
import importlib
import inspect
import os
import pickle
import pkgutil
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

import cxrules
from cxrules import late
from cxrules.document import Told
from cxrules.language.rules import Engineer, Rule
from tests import ROOT

SOURCE = ROOT / "src"
MADE_LATE = [
    path for path in sorted(SOURCE.rglob("*.py")) if "\nfrom cxrules.late import dataclass" in path.read_text("utf-8")
]


def look(kind: Any) -> dict[str, Any]:
    """The visible properties of a class."""
    written = vars(kind)
    return {
        "name": (kind.__module__, kind.__name__, kind.__qualname__, kind.__doc__, written.get("__slots__")),
        "has": sorted(name for name in written if not name.startswith(("__annotat", "__static", "__firstline"))),
        "fields": [str(each) for each in dataclasses.fields(kind)],
        "parameters": repr(kind.__dataclass_params__),
        "positions": kind.__match_args__,
        "signature": str(inspect.signature(kind)),
        "methods": [getattr(kind, name).__qualname__ for name in ("__init__", "__eq__", "__repr__")],
        "hash": getattr(kind.__hash__, "__qualname__", None),
    }


def use(kind: Any) -> Iterator[Any]:
    """The behaviour of instances."""
    one, same, other = kind(one="a"), kind(one="a"), kind(one="b")
    yield repr(one).partition(" at 0x")[0], one == same, one == other, one == 3, one != other
    yield hash(one) == hash(same) if "__hash__" in vars(kind) else hash(one) == hash(one)
    yield dataclasses.is_dataclass(one), dataclasses.asdict(one), dataclasses.astuple(one)
    yield dataclasses.asdict(dataclasses.replace(one, one="b"))
    yield dataclasses.asdict(copy.copy(one)), dataclasses.asdict(copy.deepcopy(one))
    yield one.__reduce_ex__(2)[2]
    wrong: list[Callable[[], object]] = [
        lambda: setattr(one, "one", "b"),
        lambda: delattr(one, "one"),
        kind,
        lambda: kind("a", 1, 2, 3, 4, 5, 6),
    ]
    for attempt in wrong:
        with pytest.raises((AttributeError, TypeError)) as caught:
            attempt()
        yield type(caught.value), str(caught.value)


def define(make: Any, how: dict[str, Any]) -> tuple[Any, ...]:
    """Define classes of every kind."""

    @make.dataclass(frozen=True, **how)
    class Plain(Told):
        """A class with defaults."""

        one: str
        two: tuple[int, ...] = (1, 2)
        three: int = make.field(default=4, repr=False, compare=False)

    @make.dataclass(frozen=True, **how)
    class Own:
        """A class that defines methods itself."""

        one: str
        two: int = 2

        def __post_init__(self) -> None:
            object.__setattr__(self, "two", self.two + 1)

        def __repr__(self) -> str:
            return f"own {self.one}"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own) and self.one[:1] == other.one[:1]

        def __hash__(self) -> int:
            return 7

    return Plain, Own


def define_heirs(make: Any) -> tuple[Any, ...]:
    @make.dataclass(frozen=True)
    class Base:
        """A class with fields that are not arguments."""

        one: str
        two: tuple[int, ...] = make.field(default_factory=tuple)
        three: int = make.field(init=False, compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "three", len(self.one))

    @make.dataclass(frozen=True)
    class Heir(Base):
        """A class that inherits fields."""

        four: int = 4

    @dataclasses.dataclass(frozen=True)
    class StandardHeir(Base):
        """A standard dataclass that inherits from a late one."""

        four: int = 4

    return Heir, StandardHeir, Base


@pytest.mark.parametrize(
    "how", [{}, {"slots": True}, {"slots": True, "repr": False}, {"eq": False}, {"kw_only": True}], ids=str
)
def test_a_late_class_equals_the_standard_one(how: dict[str, Any]) -> None:
    classes = zip(define(dataclasses, how), define(late, how), define(late, how), strict=True)
    for at_once, looked_at_first, used_first in classes:
        assert look(looked_at_first) == look(at_once)
        assert list(use(looked_at_first)) == list(use(used_first)) == list(use(at_once))
        assert look(used_first) == look(at_once)


def test_late_classes_that_inherit_equal_the_standard_ones() -> None:
    for at_once, made_late in zip(define_heirs(dataclasses), define_heirs(late), strict=True):
        assert list(use(made_late)) == list(use(at_once))
        assert look(made_late) == look(at_once)


@pytest.mark.parametrize("path", MADE_LATE, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_every_late_class_of_the_package_equals_the_standard_one(path: Path) -> None:
    name = ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    text = path.read_text("utf-8")
    text = re.sub(
        r"\nfrom cxrules.late import .*",
        "\nfrom cxrules.late import make_lock\nfrom dataclasses import dataclass, field",
        text,
    )
    at_once: dict[str, Any] = {"__name__": name, "__file__": str(path)}
    exec(compile(text, path, "exec"), at_once)  # noqa: S102 - our own source
    found = 0
    for own, kind in vars(importlib.import_module(name)).items():
        if isinstance(kind, type) and kind.__module__ == name and dataclasses.is_dataclass(kind):
            found += 1
            assert look(kind) == look(at_once[own])
    assert found


def test_late_classes_must_be_frozen() -> None:
    with pytest.raises(TypeError, match="frozen"):
        late.dataclass(frozen=False)


def test_instances_can_be_pickled() -> None:
    rule = Rule("a", ("x-1",), "why", (), (), Engineer(points=2))
    assert pickle.loads(pickle.dumps(rule)) == rule  # noqa: S301 - our own
    code = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read()))"
    shown = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(rule), capture_output=True, check=True)
    assert shown.stdout.decode().strip() == repr(rule)


def test_threads_can_use_a_late_class_at_once() -> None:
    for _ in range(20):
        plain, own = define(late, {"slots": True})
        start = Barrier(8)
        found: list[Any] = []

        def meet(kind: Any, start: Barrier = start, found: list[Any] = found) -> None:
            start.wait()
            found.append((repr(kind(one="a")), kind(one="a") == kind(one="a"), len({kind(one="a"), kind(one="a")})))

        threads = [Thread(target=meet, args=(kind,)) for kind in (plain, own) * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert len(set(found)) == 2


KINDS = (type(threading.RLock()), type(threading.Lock()))


def list_locks() -> dict[str, Any]:
    """Return every lock of a module, by module and name."""
    for module in pkgutil.walk_packages(cxrules.__path__, "cxrules."):
        if module.name.rpartition(".")[2] != "__main__":
            try:
                importlib.import_module(module.name)
            except ImportError:  # needs an extra that is not installed
                continue
    modules = {name: module for name, module in sys.modules.items() if name.startswith("cxrules.")}
    return {
        f"{name}.{own}": thing
        for name, module in modules.items()
        for own, thing in vars(module).items()
        if isinstance(thing, KINDS)
    }


def is_free_in_child(lock: Any) -> bool:
    """Fork while another thread holds a lock, and return whether the child can take it."""
    held, forked = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            forked.wait(0.1)  # a fork that waits for the lock waits this long

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if lock.acquire(timeout=1) else 1)
    forked.set()
    thread.join()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_of_a_fork_finds_every_lock_free() -> None:
    locks = list_locks()
    assert {"cxrules.rulebase._READING", "cxrules.late._MAKING"} <= set(locks)
    assert [name for name, lock in locks.items() if not is_free_in_child(lock)] == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_an_unregistered_lock_is_not_free_after_a_fork() -> None:
    assert not is_free_in_child(threading.RLock())
