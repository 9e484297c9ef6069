"""The chain of a log: each line has the hash of the line before and its own, so that alterations show.

A line ends in `"chain":{"n":…,"prev":"…","hash":"…"}}`. Its hash is the SHA-256 of all bytes before `,"hash":`, among
them the hash of the line before. The head, a separate file, repeats the number and the hash of the last line, so that
truncation shows as well.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final, NamedTuple

__all__ = ["LINK_SIZE", "START", "ChainLink", "Head", "link", "read_head", "read_link", "write_head"]

LINK_SIZE: Final = 192
"""The most bytes that a link adds to a line."""

_ZEROS: Final = "0" * 64
_END: Final = re.compile(rb',"chain":\{"n":([1-9]\d{0,15}),"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}\}$')
_HASHED: Final = len(',"hash":""}}') + 64
"""The number of bytes at the end of a line that its hash does not cover."""
_HEAD: Final = re.compile(rb"([1-9]\d{0,15}) ([0-9a-f]{64})\n *$")
_HEAD_SIZE: Final = 96


class Head(NamedTuple):
    """The end of a chain.

    Attributes:
        number: The number of its last line; 0 when there is none.
        hash: The hash of its last line; zeros when there is none.
    """

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


START: Final = Head(0, _ZEROS)
"""The head of a chain that has no line yet."""


class ChainLink(NamedTuple):
    """What a line says about its place in the chain.

    Attributes:
        number: Its number.
        prev: The hash of the line before.
        hash: Its own hash.
        whole: Whether its own hash is right: nothing in the line was altered.
    """

    number: int
    prev: str
    hash: str
    whole: bool


def link(line: bytes, head: Head) -> tuple[bytes, Head]:
    """Chain a line to the head, and return it with the new head."""
    number = head.number + 1
    start = line[:-2] + f',"chain":{{"n":{number},"prev":"{head.hash}"'.encode()
    own = sha256(start).hexdigest()
    return start + f',"hash":"{own}"}}}}\n'.encode(), Head(number, own)


def read_link(line: bytes) -> ChainLink | None:
    """Return the link of a line, without its line break; None if it has none that can be read."""
    found = _END.search(line, max(0, len(line) - 256))
    if found is None:
        return None
    number, prev, own = (part.decode() for part in found.groups())
    return ChainLink(int(number), prev, own, sha256(line[:-_HASHED]).hexdigest() == own)


def write_head(head: Head) -> bytes:
    """Write a head for its file: always of the same length, so that it is overwritten in one piece."""
    return f"{head.number} {head.hash}\n".encode().ljust(_HEAD_SIZE)


def read_head(text: bytes) -> Head | None:
    """Read what `write_head` wrote; None if it is something else."""
    found = _HEAD.match(text)
    return None if found is None else Head(int(found[1]), found[2].decode())
