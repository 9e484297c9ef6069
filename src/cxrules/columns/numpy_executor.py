"""Programs run on NumPy arrays: codes in, codes out, in chunks that stay in the cache of one core.

A fact that is no set is an array of small numbers: 0 where it is unknown, else the position of its case among
`Program.cases`, plus one. A set is an array of flags: bit 0 where it is known, and after it a bit for each element, in
the order of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cxrules.columns.gates import Gate, Operation
from cxrules.columns.program import Element, Program, Within
from cxrules.language.facts import Fact, Kind

__all__ = ["CHUNK", "ArrayRunner", "Codes", "code_type", "count_bytes"]

CHUNK = 1 << 17
"""Rows that run together: a register is 16 kB then, and all of them fit in the second cache of a core."""

Codes: TypeAlias = npt.NDArray[np.unsignedinteger]
"""One fact in many organisations, as small numbers."""

_Bytes: TypeAlias = npt.NDArray[np.uint8]
_Read: TypeAlias = Callable[[Codes, npt.NDArray[np.bool_]], object]


def code_type(program: Program, fact: Fact) -> type[np.unsignedinteger]:
    """Return the smallest type of number that holds the codes of a fact.

    Raises:
        OverflowError: If a set has more than 63 elements.
    """
    bits = 1 + len(fact.names) if fact.kind is Kind.SET else len(program.cases[fact.name]).bit_length()
    for size, kind in ((8, np.uint8), (16, np.uint16), (32, np.uint32), (64, np.uint64)):
        if bits <= size:
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
            numbers: For each number that is wanted the gates of its binary digits, the lowest first.
            flags: For each set of flags that is wanted its gates; they come out as bits, 8 to a byte.
        """
        wanted = [*numbers.values(), *flags.values()]
        self._schedule = program.gates.schedule(gate for gates in wanted for gate in gates)
        places = iter(self._schedule.outputs)
        self._numbers = {name: [next(places) for _ in gates] for name, gates in numbers.items()}
        self._flags = {name: [next(places) for _ in gates] for name, gates in flags.items()}
        vocabulary = program.rulebase.vocabulary
        self._reads: dict[int, tuple[str, _Read]] = {}
        for number in self._schedule.inputs:
            what = program.inputs[number]
            assert isinstance(what, Within | Element)
            fact = vocabulary[what.fact]
            self._reads[number] = what.fact, _reader(what, fact, code_type(program, fact))
        read = {name for name, _ in self._reads.values()}
        self.facts = tuple(name for name in vocabulary.facts if name in read)

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
        registers = np.empty((self._schedule.size, (min(size, CHUNK) + 7) // 8), np.uint8)
        for start in range(0, size, CHUNK):
            stop = min(start + CHUNK, size)
            here = {name: codes[name][start:stop] for name in self.facts if name in codes}
            rows = registers[:, : (stop - start + 7) // 8]
            self._run(here, stop - start, list(rows))
            for name, places in self._numbers.items():
                _gather([rows[place] for place in places], results[name][start:stop])
            for name, places in self._flags.items():
                _transpose([rows[place] for place in places], results[name][start:stop])
        return results

    def _run(self, codes: Mapping[str, Codes], size: int, registers: list[_Bytes]) -> None:
        both, either, differ, opposite = np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert
        conjoin, disjoin, exclude, negate = Operation.AND, Operation.OR, Operation.XOR, Operation.NOT
        registers[0].fill(0)
        registers[1].fill(255)
        truths = np.empty(size, np.bool_)
        for operation, target, one, other in self._schedule.steps:
            if operation is conjoin:
                both(registers[one], registers[other], registers[target])
            elif operation is disjoin:
                either(registers[one], registers[other], registers[target])
            elif operation is exclude:
                differ(registers[one], registers[other], registers[target])
            elif operation is negate:
                opposite(registers[one], registers[target])
            else:
                name, read = self._reads[one]
                if name in codes:
                    read(codes[name], truths)
                    registers[target][:] = np.packbits(truths, bitorder="little")
                else:
                    registers[target].fill(0)


def count_bytes(flags: int) -> int:
    """Return how many bytes hold so many flags."""
    return max(1, (flags + 7) // 8)


def _number_type(digits: int) -> type[np.unsignedinteger]:
    return np.uint8 if digits <= 8 else np.uint16 if digits <= 16 else np.uint32


def _reader(what: Within | Element, fact: Fact, kind: type[np.unsignedinteger]) -> _Read:
    """Return what writes into an array of truth values where an input is true."""
    if isinstance(what, Element):
        flag = kind(1 << (1 + fact.names.index(what.element) if what.element else 0))
        return lambda codes, truths: np.not_equal(np.bitwise_and(codes, flag), 0, out=truths)
    first = kind(what.first + 1)
    if what.first == what.last:
        return lambda codes, truths: np.equal(codes, first, out=truths)
    width = kind(what.last - what.first)
    # Below the first the difference wraps around and is large.
    return lambda codes, truths: np.less_equal(np.subtract(codes, first), width, out=truths)


def _gather(planes: Sequence[_Bytes], result: npt.NDArray[np.unsignedinteger]) -> None:
    for digit, plane in enumerate(planes):
        bits = np.unpackbits(plane, count=len(result), bitorder="little").astype(result.dtype, copy=False)
        result |= np.left_shift(bits, digit, dtype=result.dtype)


_SWAPS = tuple(
    (np.uint64(shift), np.uint64(mask))
    for shift, mask in ((7, 0x00AA00AA00AA00AA), (14, 0x0000CCCC0000CCCC), (28, 0x00000000F0F0F0F0))
)


def _transpose(planes: Sequence[_Bytes], result: npt.NDArray[np.unsignedinteger]) -> None:
    """Turn planes, 8 rows to a byte, into rows of flags, 8 flags to a byte.

    Squares of 8 by 8 bits are turned inside a word of 64, by swapping ever larger parts (Warren, Hacker's Delight).
    """
    size = len(result)
    words = np.zeros((len(planes[0]) if planes else 0, 8), np.uint8)
    whole = words.view(np.uint64)[:, 0]
    swapped = np.empty_like(whole)
    for start in range(0, len(planes), 8):
        group = planes[start : start + 8]
        for position in range(8):
            words[:, position] = group[position] if position < len(group) else 0
        for shift, mask in _SWAPS:
            np.right_shift(whole, shift, out=swapped)
            np.bitwise_xor(whole, swapped, out=swapped)
            np.bitwise_and(swapped, mask, out=swapped)
            np.bitwise_xor(whole, swapped, out=whole)
            np.left_shift(swapped, shift, out=swapped)
            np.bitwise_xor(whole, swapped, out=whole)
        result[:, start // 8] = words.reshape(-1)[:size]
