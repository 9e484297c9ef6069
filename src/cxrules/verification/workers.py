"""Processes that share tasks, none of which outlives the one that started them, however it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Thread, current_thread, main_thread
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

__all__ = ["share"]

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)
OnProgress: TypeAlias = Callable[[str, int, int], None]


class Task(Protocol[Result_co]):
    """A task for each name, which yields results one by one and stops after a deadline."""

    def __call__(self, name: str, deadline: float | None) -> Iterator[Result_co]:
        """Do the task for one name."""
        ...


def share(
    task: Task[Result],
    names: Sequence[str],
    *,
    jobs: int,
    deadline: float | None = None,
    progress: OnProgress | None = None,
) -> dict[str, list[Result]]:
    """Do a task for each of some names.

    Args:
        task: The task; it is sent to each process.
        names: The names, the slowest tasks first.
        jobs: The number of processes; with one, the work is done in this process.
        deadline: The deadline for the task, by `time.monotonic`, which all processes of a machine share.
        progress: Called with a name, the number of its results so far, and the number of names that are done.

    Returns:
        The results by name. If a task raises, so does this, and the others are ended.
    """
    progress = progress or _keep_quiet
    if jobs < 2:
        return {name: list(_count(task(name, deadline), name, done, progress)) for done, name in enumerate(names)}
    crew = _Crew(task, deadline, list(names))
    try:
        for _ in range(min(jobs, len(names))):
            crew.hire()
        return crew.work(progress)
    finally:
        crew.dismiss()


class _Crew(Generic[Result]):
    """Processes at work."""

    def __init__(self, task: Task[Result], deadline: float | None, waiting: list[str]) -> None:
        self._task, self._deadline, self._waiting = task, deadline, waiting
        self._context = get_context("spawn")  # forked processes would share the solver's state
        self._processes: list[SpawnProcess] = []
        self._connections: dict[Connection[Any, Any], list[Result]] = {}  # with the results of the task in each item

    def hire(self) -> None:
        """Start a process, and hand it its first task."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        self._processes.append(process)
        with _signals_held():  # a process that is half started cannot be ended
            process.start()
        theirs.close()
        # Not as arguments: `start` would wait for ever for a process that died before reading so much.
        _send(ours, (self._task, self._deadline))
        self._send_next(ours)

    def work(self, progress: OnProgress) -> dict[str, list[Result]]:
        """Collect what they find, until all is done."""
        results: dict[str, list[Result]] = {}
        while self._connections:
            ready = set(wait(list(self._connections)))
            for connection in [connection for connection in self._connections if connection in ready]:
                kind, name, content = _receive(connection)
                if kind == "failed":
                    raise content
                if kind == "result":
                    self._connections[connection].append(content)
                    progress(name, len(self._connections[connection]), len(results))
                else:
                    results[name] = self._connections.pop(connection)
                    progress(name, len(results[name]), len(results))
                    self._send_next(connection)
        return results

    def dismiss(self) -> None:
        """End every process at once."""
        with _signals_held():  # so that none is left, even if the signal that ends the work comes twice
            for process in self._processes:
                if process.pid is not None:
                    process.kill()
                    process.join()

    def _send_next(self, connection: Connection[Any, Any]) -> None:
        if self._waiting:
            self._connections[connection] = []
            _send(connection, self._waiting.pop(0))


@contextmanager
def _signals_held() -> Iterator[None]:
    """Defer Ctrl-C and SIGTERM until the block is done."""
    if current_thread() is not main_thread():
        yield
        return
    held: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    before = {number: handler for number, handler in before.items() if handler not in (None, signal.SIG_IGN)}
    for number in before:
        signal.signal(number, lambda number, _: held.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for come in held:
            signal.raise_signal(come)


_DIED = (
    "a process that shared the work has died; a script that asks for several begins it under "
    "`if __name__ == '__main__':`, because each of them imports the script"
)


def _send(connection: Connection[Any, Any], content: object) -> None:
    try:
        connection.send(content)
    except OSError:
        raise RuntimeError(_DIED) from None


def _receive(connection: Connection[Any, Any]) -> tuple[str, str, Any]:
    try:
        kind, name, content = connection.recv()
    except (EOFError, OSError):
        raise RuntimeError(_DIED) from None
    return kind, name, content


def _keep_quiet(_name: str, _number: int, _done: int) -> None:
    """Do nothing: there is nobody to tell."""


def _count(found: Iterable[Result], name: str, done: int, progress: OnProgress) -> Iterator[Result]:
    progress(name, 0, done)
    for number, result in enumerate(found, 1):
        progress(name, number, done)
        yield result


def _serve(connection: Connection[Any, Any]) -> None:
    """Work in a separate process, one name after another."""
    # Ctrl-C reaches every process of a terminal; the parent ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError):
        task, deadline = connection.recv()
        while True:
            name = connection.recv()
            try:
                for result in task(name, deadline):
                    connection.send(("result", name, result))
            except Exception as error:  # noqa: BLE001 - it is raised where the work was asked for
                connection.send(("failed", name, error))
            else:
                connection.send(("done", name, None))


def _end_with_parent() -> None:
    """End this process when its parent has gone, even if killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
