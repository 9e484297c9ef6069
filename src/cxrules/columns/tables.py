"""Arrow record batches in, record batches out: each row gets the answer that `recommend` gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cxrules.columns.coding import Coder
from cxrules.columns.numpy_executor import CHUNK, ArrayRunner, Codes, count_bytes
from cxrules.columns.program import Program
from cxrules.errors import refuse_question, show_value
from cxrules.language.facts import FactValue
from cxrules.language.rules import Effect
from cxrules.policy.decider import Decider
from cxrules.policy.decision import Reason, Status
from cxrules.policy.evidence import certainty

__all__ = ["ALSO", "TableDecisions", "TableJudge", "check_options"]

ALSO = ("actions", "patterns", "incoherences", "matters")
"""What a table includes on request: the actions, the patterns, the impossible conjunctions that the facts meet, and the
unknown facts for which a single answer could change the model."""

_STATUSES = tuple(Status)
_NAMES = {"actions": Effect.ACTION, "patterns": Effect.RECOGNISES}


def check_options(columns: object, keep: object, also: object, prefix: object) -> None:
    """Check the types of the options of a frame.

    Raises:
        TypeError: With every one that is something else.
    """
    wrong = [
        f"{name}: {expected} is expected, not {show_value(given)}"
        for name, given, kind, expected in (
            ("columns", columns or {}, Mapping, "a column for each fact, as in {'silos': 'Walls'}"),
            ("keep", keep, bool | Iterable, "the names of columns, or True,"),
            ("also", also, Iterable, f"some of {', '.join(ALSO)}"),
            ("prefix", prefix, str, "a text"),
        )
        if not isinstance(given, kind)
    ]
    if wrong:
        raise TypeError(str(refuse_question(wrong, "the options")))


class TableDecisions(NamedTuple):
    """Decisions side by side: a number or a row of flags for each organisation.

    Attributes:
        model: The position of the model, from 1; 0 where there is none.
        status: The position of the status among `Status`.
        reason: The position of the reason among `Reason`, from 1; 0 where there is a model.
        points: The points of the model.
        runner_up: The position of the runner-up, from 1; 0 where there is none.
        lead: By how many points the model leads the runner-up.
        points_of: The points of every model.
        flags: The requested flags, 8 to a byte: `fired`, and some of `ALSO`.
    """

    model: npt.NDArray[np.unsignedinteger]
    status: npt.NDArray[np.uint8]
    reason: npt.NDArray[np.uint8]
    points: npt.NDArray[np.unsignedinteger]
    runner_up: npt.NDArray[np.unsignedinteger]
    lead: npt.NDArray[np.int16]
    points_of: Mapping[str, npt.NDArray[np.int16]]
    flags: Mapping[str, npt.NDArray[np.uint8]]


class TableJudge:
    """Decides tables. Each row gets the judge's decision; a test compares them.

    Attributes:
        rulebase: The rule base.
        program: The compiled rule base.
        coder: Encodes the columns of a table.
    """

    def __init__(self, decider: Decider) -> None:
        self.rulebase = decider.rulebase
        self.program = Program(decider)
        self.coder = Coder(self.program)
        self.models = tuple(self.rulebase.models)
        self._runner = lru_cache(maxsize=16)(self._prepare)

    @cached_property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The meaning of a table's flags, in order."""
        concluded = {name: tuple(sorted(self.program.concluded(effect))) for name, effect in _NAMES.items()}
        impossible = tuple(entry.id for entry in self.rulebase.impossible)
        facts = tuple(self.rulebase.vocabulary.facts)
        return {"fired": self.rulebase.rule_ids, **concluded, "incoherences": impossible, "matters": facts}

    def _prepare(self, asked: frozenset[str]) -> ArrayRunner:
        program, policy = self.program, self.program.policy
        numbers: dict[str, Sequence[Any]] = {"model": program.number_of(policy.recommended)}
        flags: dict[str, Sequence[Any]] = {}
        if "whole" in asked:
            numbers["all_excluded"] = [policy.all_excluded]
            numbers["points"] = program.points
            numbers["runner_up"] = program.number_of(program.runners_up)
            numbers["next_points"] = program.next_points
        if "points" in asked:
            numbers |= {f"points of {model}": number.planes for model, number in policy.points.items()}
        if "fired" in asked:
            flags["fired"] = list(program.fired.values())
        if "incoherences" in asked:
            flags["incoherences"] = list(program.impossible.values())
        for name, effect in _NAMES.items():
            if name in asked:
                concluded = program.concluded(effect) if effect is not Effect.ACTION else program.advised()
                flags[name] = [concluded[target] for target in self.names[name]]
        return ArrayRunner(program, numbers, flags)

    def models_of(self, codes: Mapping[str, Codes], size: int) -> npt.NDArray[np.unsignedinteger]:
        """Return the position of each organisation's model, from 1; 0 where there is none. This is the fastest way."""
        return self._runner(frozenset()).__call__(codes, size)["model"]

    def suppose(
        self, codes: Mapping[str, Codes], size: int, supposed: Mapping[str, FactValue | None]
    ) -> Mapping[str, Codes]:
        """Return the codes of organisations after some facts of all of them get a value, or become unknown (None)."""
        coder = self.coder
        numbers = {
            name: 0 if value is None else coder.code_of(coder.vocabulary[name], value)
            for name, value in supposed.items()
        }
        return {**codes, **{name: np.full(size, number, coder.types[name]) for name, number in numbers.items()}}

    def decide(self, codes: Mapping[str, Codes], size: int, *, also: Iterable[str] = ()) -> TableDecisions:
        """Decide organisations from their codes.

        Args:
            codes: The facts; one that is left out is unknown.
            size: How many organisations there are.
            also: What else to return: `points` of every model, `fired`, and any of `ALSO`.
        """
        asked = frozenset(also)
        found = self._runner(asked - {"matters"} | {"whole"})(codes, size)
        named = found["model"] > 0
        points, second = found["points"], found["next_points"]
        lead = np.subtract(points, second, dtype=np.int16, casting="unsafe")
        contested = (found["runner_up"] > 0) & (lead < self.rulebase.policy.lead)
        status = np.where(named, contested.view(np.uint8), np.uint8(2))
        offsets = {model: number.offset for model, number in self.program.policy.points.items()}
        return TableDecisions(
            found["model"],
            status,
            self._reasons(codes, named, found["all_excluded"]),
            points,
            found["runner_up"],
            lead,
            {
                model: np.subtract(found[f"points of {model}"], offset, dtype=np.int16, casting="unsafe")
                for model, offset in offsets.items()
                if "points" in asked
            },
            {name: found[name].astype(np.uint8, copy=False) for name in self.names if name in asked and name in found}
            | ({"matters": self._matters(codes, found["model"])} if "matters" in asked else {}),
        )

    def _reasons(
        self,
        codes: Mapping[str, Codes],
        named: npt.NDArray[np.bool_],
        all_excluded: npt.NDArray[np.unsignedinteger],
    ) -> npt.NDArray[np.uint8]:
        reasons = np.zeros(len(named), np.uint8)
        rows = np.flatnonzero(~named)
        known = np.zeros(len(rows), np.bool_)
        for column in codes.values():
            known |= column[rows] != 0
        # In the order of Reason: nothing known, too little, all excluded.
        reasons[rows] = np.where(known, np.where(all_excluded[rows] != 0, np.uint8(3), np.uint8(2)), np.uint8(1))
        return reasons

    def _matters(self, codes: Mapping[str, Codes], models: npt.NDArray[np.unsignedinteger]) -> npt.NDArray[np.uint8]:
        """Return for each unknown fact where one answer that is compatible with the others would change the model."""
        size = len(models)
        facts = self.names["matters"]
        runner = self._runner(frozenset(["incoherences"]))
        before = runner(codes, size)["incoherences"]
        found = np.zeros((size, count_bytes(len(facts))), np.uint8)
        for position, name in enumerate(facts):
            if name not in runner.facts:
                continue
            column = codes.get(name)
            rows = np.arange(size) if column is None else np.flatnonzero(column == 0)
            if not len(rows):
                continue
            here = {other: values[rows] for other, values in codes.items() if other != name}
            changed = np.zeros(len(rows), np.bool_)
            answers = np.array(self.answers(name), self.coder.types[name])
            at_once = max(1, CHUNK // len(rows))  # a run takes almost as long for a few rows as for many
            for start in range(0, len(answers), at_once):
                some = answers[start : start + at_once]
                there = {other: np.tile(values, len(some)) for other, values in here.items()}
                then = runner(there | {name: np.repeat(some, len(rows))}, len(some) * len(rows))
                new = then["incoherences"].reshape(len(some), len(rows), -1) & ~before[rows]
                differs = then["model"].reshape(len(some), len(rows)) != models[rows]
                changed |= (differs & ~new.any(axis=2)).any(axis=0)
            found[rows, position // 8] |= changed.astype(np.uint8) << np.uint8(position % 8)
        return found

    def answers(self, name: str) -> list[int]:
        """Return the code of one value of a fact for each group of values that the rules treat alike."""
        fact = self.rulebase.vocabulary[name]
        return sorted({self.coder.code_of(fact, value) for value in self.program.values_of(name)})

    @cached_property
    def _certainties(self) -> npt.NDArray[np.float64]:
        largest = 1 << len(self.program.points)
        return np.array([certainty(points) for points in range(largest)])

    def write_models(self, numbers: npt.NDArray[np.unsignedinteger]) -> pa.Array:
        """Return models, as positions from 1, as an Arrow array."""
        return _categories(numbers, self.models)

    def write(self, table: TableDecisions) -> dict[str, pa.Array]:
        """Return a table's columns as Arrow arrays."""
        columns = {
            "model": self.write_models(table.model),
            "status": pa.DictionaryArray.from_arrays(
                table.status.astype(np.int8), [str(one) for one in _STATUSES], safe=False
            ),
            "reason": _categories(table.reason, [str(one) for one in Reason]),
            "certainty": pa.array(np.take(self._certainties, table.points)),
            "runner_up": self.write_models(table.runner_up),
            "lead": pa.array(table.lead),
        }
        columns |= {f"points_{model}": pa.array(points) for model, points in table.points_of.items()}
        for name, flags in table.flags.items():
            columns[name] = _bitset(flags) if name == "fired" else _lists(flags, self.names[name])
        return columns


def _categories(numbers: npt.NDArray[np.unsignedinteger], names: Sequence[str]) -> pa.Array:
    """Return names by their positions, from 1; 0 means none."""
    indices = np.subtract(numbers, 1, dtype=np.int16, casting="unsafe")
    known = np.packbits(numbers != 0, bitorder="little")
    places = pa.Array.from_buffers(pa.int16(), len(numbers), [pa.py_buffer(known), pa.py_buffer(indices)])
    return pa.DictionaryArray.from_arrays(places, list(names), safe=False)


def _bitset(flags: npt.NDArray[np.uint8]) -> pa.Array:
    size, width = flags.shape
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), size, [None, pa.py_buffer(np.ascontiguousarray(flags))]
    )


def _lists(flags: npt.NDArray[np.uint8], names: Sequence[str]) -> pa.Array:
    bits = np.unpackbits(flags, axis=1, count=len(names), bitorder="little")
    rows, positions = np.nonzero(bits)
    ends = np.cumsum(np.bincount(rows, minlength=len(flags)))
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    values = pa.DictionaryArray.from_arrays(positions.astype(np.int16), pa.array(list(names), pa.string()))
    return pa.ListArray.from_arrays(offsets, values.cast(pa.string()))
