"""Sets of small numbers as the bits of an int, read byte by byte through tables that fill as they are used."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cxrules.policy.answer_parts import write_json

__all__ = ["BitNames", "Union"]

_FEW = 64
"""With fewer bits set than this, and than one in eight bytes, bits are read one by one: most bytes are empty."""


class BitNames:
    """Translate bits to names, in the order of the bits.

    Examples:
        >>> names = BitNames(["a", "b", "c"])
        >>> names.read(0b101), names.write(0b110)
        (('a', 'c'), '["b", "c"]')
    """

    __slots__ = ("_few", "_names", "_size", "_tuples", "_written")

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._size = (len(self._names) + 7) // 8
        self._few = min(self._size // 8, _FEW)
        self._tuples: list[dict[int, tuple[str, ...]]] = [{} for _ in range(self._size)]
        self._written: list[dict[int, str]] = [{} for _ in range(self._size)]

    def read(self, bits: int) -> tuple[str, ...]:
        """Return the names of some bits."""
        if bits.bit_count() < self._few:
            return tuple([self._names[place] for place in _list_places(bits)])
        found: list[str] = []
        octets = bits.to_bytes(self._size, "little")
        try:
            for known, octet in zip(self._tuples, octets):  # noqa: B905 - of one length; `strict` takes its time
                if octet:
                    found += known[octet]
        except KeyError:
            for place, octet in enumerate(octets):
                self._tuples[place][octet] = self._name(place, octet)
            return self.read(bits)
        return tuple(found)

    def write(self, bits: int) -> str:
        """Return the names of some bits as a JSON array."""
        octets = bits.to_bytes(self._size, "little")
        try:
            found = [known[octet] for known, octet in zip(self._written, octets) if octet]  # noqa: B905 - see above
        except KeyError:
            for place, octet in enumerate(octets):
                self._written[place][octet] = ", ".join(map(write_json, self._name(place, octet)))
            return self.write(bits)
        return f"[{', '.join(found)}]"

    def _name(self, place: int, byte: int) -> tuple[str, ...]:
        return tuple([self._names[8 * place + bit] for bit in range(8) if byte >> bit & 1])


class Union:
    """Translate bits to the union of the sets that they represent.

    Examples:
        >>> Union([0b1, 0b10, 0b1000])(0b101)
        9
    """

    __slots__ = ("_sets", "_size", "_tables")

    def __init__(self, sets: Sequence[int]) -> None:
        self._sets = tuple(sets)
        self._size = (len(self._sets) + 7) // 8
        self._tables: list[dict[int, int]] = [{0: 0} for _ in range(self._size)]

    def __call__(self, bits: int) -> int:
        """Return the union of the sets of some bits."""
        found = 0
        octets = bits.to_bytes(self._size, "little")
        try:
            for known, octet in zip(self._tables, octets):  # noqa: B905 - see above
                if octet:
                    found |= known[octet]
        except KeyError:
            for place, octet in enumerate(octets):
                self._tables[place][octet] = self._unite(place, octet)
            return self(bits)
        return found

    def _unite(self, place: int, octet: int) -> int:
        united = 0
        for bit in range(8):
            if octet >> bit & 1:
                united |= self._sets[8 * place + bit]
        return united


def _list_places(bits: int) -> list[int]:
    """Return the places of the bits, found from the top down, so that the int soon gets shorter."""
    places = []
    while bits:
        place = bits.bit_length() - 1
        places.append(place)
        bits ^= 1 << place
    places.reverse()
    return places
