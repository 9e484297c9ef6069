"""The solver behind a circuit: its assertions, its questions, and how a question ends early.

A question may be left undecided, because its effort is used up, the time limit has passed, or somebody presses Ctrl-C.
A solver stopped in the middle of its work cannot be trusted again, because it may have processed only half of its
assertions. So assertions are kept here, and the next question goes to a fresh solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from threading import Event, Thread, current_thread, main_thread
from time import monotonic
from typing import Any, Final

import z3

__all__ = ["EFFORT", "Possibility", "Solver"]

EFFORT: Final = 100_000_000
"""The most work that one question may take, in the solver's resource units; about two million take a second."""

_LARGEST_EFFORT: Final = (1 << 32) - 1

_GLANCE = 0.2  # seconds between two checks for a signal, where waiting itself does not notice one


class Possibility(Enum):
    """The solver's answers to a question: possible for some organisation, for none, or undecided."""

    POSSIBLE = "possible"
    IMPOSSIBLE = "impossible"
    UNDECIDED = "undecided"


class Solver:
    """A solver that is replaced after each question it leaves undecided.

    Attributes:
        asked: The number of questions so far.
        restarts: The number of times a fresh solver took over.
        deadline: When, by `time.monotonic`, it stops working; None for never.
    """

    def __init__(self, context: z3.Context) -> None:
        self._context = context
        self._told: list[list[z3.BoolRef]] = [[]]  # by scope, so that a fresh solver can be given the same
        self._solver: Any = None
        self._settings: tuple[int, int] = (0, 0)
        self._model: Any = None
        self._core: frozenset[int] = frozenset()
        self.asked = 0
        self.restarts = -1
        self.deadline: float | None = None

    @property
    def late(self) -> bool:
        """Whether the time limit has passed."""
        return self.deadline is not None and monotonic() >= self.deadline

    def add(self, expression: z3.BoolRef) -> None:
        """Require that something be true while the current scope lasts."""
        self._told[-1].append(expression)
        if self._solver is not None:
            self._solver.add(expression)

    def push(self) -> None:
        """Open a scope."""
        self._told.append([])
        if self._solver is not None:
            self._solver.push()

    def pop(self) -> None:
        """Forget what was added in the current scope."""
        self._told.pop()
        if self._solver is not None:
            self._solver.pop()

    def check(self, assumed: Sequence[z3.BoolRef], effort: int) -> Possibility:
        """Ask whether all that was added and all of these can be true together.

        Args:
            assumed: The assumptions for this question only.
            effort: The most work, in resource units, that the question may take.
        """
        self.forget()
        if self.late:
            return Possibility.UNDECIDED
        self.asked += 1
        solver, decided = self._ready(effort), False
        try:
            answer = self._work(solver, assumed)
            if answer == z3.sat:
                self._model = solver.model()
                found = Possibility.POSSIBLE
            elif answer == z3.unsat:
                self._core = frozenset(bit.get_id() for bit in solver.unsat_core())
                found = Possibility.IMPOSSIBLE
            else:
                return Possibility.UNDECIDED
            decided = True
        except z3.Z3Exception:  # raised if it is stopped while processing assertions
            return Possibility.UNDECIDED
        finally:
            if not decided:
                self._solver = None
        return found

    def forget(self) -> None:
        """Forget the result of the last question."""
        self._core = frozenset()
        self._model = None

    def evaluate(self, expression: z3.ExprRef) -> z3.ExprRef:
        """Return the value of an expression in the example found last."""
        value: z3.ExprRef = self._model.eval(expression, model_completion=True)
        return value

    def needed(self, bit: z3.BoolRef) -> bool:
        """Return whether something assumed was needed to show that the last question is impossible."""
        return bit.get_id() in self._core

    def _ready(self, effort: int) -> z3.Solver:
        """Return the solver, or a fresh one if there is none, with the effort and time that are left."""
        if self._solver is None:
            self.restarts += 1
            self._solver = z3.SolverFor("QF_FD", ctx=self._context)
            self._solver.set("ctrl_c", False)  # else Ctrl-C would end this question, and the next would follow
            self._settings = (0, 0)
            for depth, expressions in enumerate(self._told):
                if depth:
                    self._solver.push()
                self._solver.add(*expressions)
        left = 0 if self.deadline is None else max(1, round(1000 * min(self.deadline - monotonic(), _LARGEST_EFFORT)))
        settings = (min(effort, _LARGEST_EFFORT), min(left, _LARGEST_EFFORT - 1))
        if settings != self._settings:
            self._solver.set("rlimit", settings[0])
            self._solver.set("timeout", settings[1] or _LARGEST_EFFORT)
            self._settings = settings
        return self._solver

    def _work(self, solver: z3.Solver, assumed: Sequence[z3.BoolRef]) -> z3.CheckSatResult:
        """Have the solver work on a separate thread, so that a signal can end it immediately.

        Python handles signals between two instructions of the main thread, and there is none while z3 works on it.
        """
        if current_thread() is not main_thread():
            return solver.check(*assumed)
        answers: list[z3.CheckSatResult] = []
        done = Event()

        def work() -> None:
            try:
                answers.append(solver.check(*assumed))
            except z3.Z3Exception:
                answers.append(z3.unknown)
            finally:
                done.set()

        Thread(target=work, name="cxrules solver", daemon=True).start()
        try:
            while not done.wait(_GLANCE):
                pass
        except BaseException:
            self._interrupt(done)
            raise
        return answers[0]

    def _interrupt(self, done: Event) -> None:
        while not done.is_set():
            with suppress(BaseException):  # another signal; the first one is already being handled
                self._context.interrupt()
                done.wait(_GLANCE / 10)
