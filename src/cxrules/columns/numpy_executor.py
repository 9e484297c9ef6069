"""Programs run on NumPy arrays: codes in, codes out, in chunks that stay in the cache of one core.

A fact other than a set is an array of small numbers: 0 where it is unknown, otherwise the position of its case in
`Program.cases`, plus one. A set is an array of flags: bit 0 says whether it is known, and the following bits stand for
the elements, in the order of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cxrules.columns.bits.gates import Gate, Operation
from cxrules.columns.bits.transposition import LANE, Words, read_planes, write_planes
from cxrules.columns.digits import count_digits, lower
from cxrules.columns.program import Program
from cxrules.language.facts import Fact

__all__ = ["CHUNK", "ArrayRunner", "Codes", "code_type", "count_bytes"]

CHUNK = 1 << 17
"""Rows that run together: a register then has 16 kB, and most registers fit in a core's second-level cache."""

Codes: TypeAlias = npt.NDArray[np.unsignedinteger]
"""One fact in many organisations, as small numbers."""

_GATES: dict[Operation, Callable[..., object]] = {
    Operation.AND: np.bitwise_and,
    Operation.OR: np.bitwise_or,
    Operation.XOR: np.bitwise_xor,
}


def code_type(program: Program, fact: Fact) -> type[np.unsignedinteger]:
    """Return the smallest type of number that holds the codes of a fact.

    Raises:
        OverflowError: If a set has more than 63 elements.
    """
    digits = count_digits(program, fact)
    for size, kind in ((8, np.uint8), (16, np.uint16), (32, np.uint32), (64, np.uint64)):
        if digits <= size:
            return kind
    raise OverflowError(f"the set {fact.name} has more than 63 elements: too many for a table")


class ArrayRunner:
    """Numbers and sets of flags that a program computes, ready to run on arrays. Threads may share it.

    Attributes:
        facts: The facts that are read, in the order of the vocabulary.
    """

    def __init__(
        self, program: Program, numbers: Mapping[str, Sequence[Gate]], flags: Mapping[str, Sequence[Gate]]
    ) -> None:
        """Prepare.

        Args:
            program: The program.
            numbers: The gates of each wanted number's binary digits, the lowest first.
            flags: The gates of each wanted set of flags; the result has them as bits, 8 to a byte.
        """
        wanted = [*numbers.values(), *flags.values()]
        self._schedule, digits = lower(program, (gate for gates in wanted for gate in gates))
        places = iter(self._schedule.outputs)
        self._numbers = {name: [next(places) for _ in gates] for name, gates in numbers.items()}
        self._flags = {name: [next(places) for _ in gates] for name, gates in flags.items()}
        vocabulary = program.rulebase.vocabulary
        read = {digits[number].fact for number in self._schedule.inputs}
        self.facts = tuple(name for name in vocabulary.facts if name in read)
        # For each fact, the register of each digit of its codes.
        self._places: dict[str, list[int | None]] = {
            name: [None] * count_digits(program, vocabulary[name]) for name in self.facts
        }
        self._steps: list[tuple[Callable[..., object] | None, Any, int, int]] = []
        for operation, target, one, other in self._schedule.steps:
            if operation is Operation.NOT:
                self._steps.append((np.bitwise_xor, one, 1, target))
            elif operation is not Operation.READ:
                self._steps.append((_GATES[operation], one, other, target))
            else:
                fact, place = digits[one]
                self._places[fact][place] = target
                if self._steps[-1:] != [(None, fact, 0, 0)]:
                    self._steps.append((None, fact, 0, 0))

    def __call__(self, codes: Mapping[str, Codes], size: int) -> dict[str, npt.NDArray[np.unsignedinteger]]:
        """Return every number and every set of flags in every organisation.

        Args:
            codes: The facts; one that is left out is unknown.
            size: How many organisations there are.
        """
        results: dict[str, npt.NDArray[np.unsignedinteger]] = {
            name: np.zeros(size, _number_type(len(places))) for name, places in self._numbers.items()
        }
        for name, places in self._flags.items():
            results[name] = np.zeros((size, count_bytes(len(places))), np.uint8)
        registers = np.empty((self._schedule.size, _count_words(min(size, CHUNK))), np.uint64)
        registers[0], registers[1] = 0, ~np.uint64(0)
        for start in range(0, size, CHUNK):
            stop = min(start + CHUNK, size)
            rows = [register[: _count_words(stop - start)] for register in registers]
            self._run({name: codes[name][start:stop] for name in self.facts if name in codes}, rows)
            for name, places in self._numbers.items():
                _gather([rows[place] for place in places], results[name][start:stop])
            for name, places in self._flags.items():
                _transpose([rows[place] for place in places], results[name][start:stop])
        return results

    def _run(self, codes: Mapping[str, Codes], registers: list[Words]) -> None:
        for gate, one, other, target in self._steps:
            if gate:
                gate(registers[one], registers[other], registers[target])
            else:
                targets = [None if place is None else registers[place] for place in self._places[one]]
                _read(codes.get(one), targets)


def count_bytes(flags: int) -> int:
    """Return how many bytes hold a number of flags."""
    return max(1, (flags + 7) // 8)


def _count_words(size: int) -> int:
    """Return how many words a plane for a number of rows has."""
    return (size + LANE - 1) // LANE


def _number_type(digits: int) -> type[np.unsignedinteger]:
    return np.uint8 if digits <= 8 else np.uint16 if digits <= 16 else np.uint32


def _read(codes: Codes | None, targets: list[Words | None]) -> None:
    """Write the digits of a fact's codes into planes; a fact without codes is unknown."""
    if codes is None:
        for target in targets:
            if target is not None:
                target.fill(0)
        return
    (width,) = {len(target) for target in targets if target is not None}
    for start in range(0, len(targets), 8):
        some = targets[start : start + 8]
        if any(target is not None for target in some):
            read_planes(_pad((codes >> start).astype(np.uint8) if codes.itemsize > 1 else codes, width), some)


def _pad(codes: Codes, width: int) -> Words:
    """Return bytes as eight rows of words, with 0 after the last."""
    if len(codes) < width * LANE or not codes.flags.c_contiguous or codes.ctypes.data % 8:
        padded = np.zeros(width * LANE, np.uint8)
        padded[: len(codes)] = codes
        codes = padded
    return codes.view(np.uint64).reshape(8, width)


def _gather(planes: Sequence[Words], result: npt.NDArray[np.unsignedinteger]) -> None:
    """Turn planes into numbers."""
    for start in range(0, len(planes), 8):
        found = write_planes(planes[start : start + 8])[: len(result)]
        result |= found.astype(result.dtype) << result.dtype.type(start) if start else found


def _transpose(planes: Sequence[Words], result: npt.NDArray[np.unsignedinteger]) -> None:
    """Turn planes into rows of flags, 8 to a byte."""
    for start in range(0, len(planes), 8):
        result[:, start // 8] = write_planes(planes[start : start + 8])[: len(result)]
