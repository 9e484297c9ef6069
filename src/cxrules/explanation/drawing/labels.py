"""Text in drawings: without control characters, and inside its box in whatever script it is written."""

from __future__ import annotations

import re
import textwrap
from typing import Final
from unicodedata import combining, east_asian_width

from cxrules.language.patterns import UNPRINTABLE

__all__ = ["clean", "measure", "wrap"]

_ACTING: Final = re.compile(rf"[{UNPRINTABLE}\uD800-\uDFFF\uFFFE\uFFFF]+")
_WIDE: Final = 2.0
"""The width of an ideograph or an emoji, in mean characters."""


def clean(text: str) -> str:
    r"""Return a text without control characters and characters that XML forbids.

    Examples:
        >>> clean("red \x1b[31m\n alert")
        'red  [31m  alert'
    """
    return _ACTING.sub(" ", text)


def measure(text: str) -> float:
    """Return the width of a text, in mean characters.

    Examples:
        >>> measure("team"), measure("顧客")
        (4.0, 4.0)
    """
    return float(sum(map(_measure, text)))


def _measure(character: str) -> float:
    if east_asian_width(character) in "WF":
        return _WIDE
    return 0.0 if combining(character) else 1.0


def wrap(text: str, room: int, *, break_on_hyphens: bool = True) -> list[str]:
    """Break a text into lines whose width is at most `room` average characters.

    Lines may break between any ideographs, but within a word only if it does not fit on a line.

    Examples:
        >>> wrap("顧客体験の責任者は誰ですか", 12)
        ['顧客体験の責', '任者は誰です', 'か']
    """
    text = clean(text)
    if text.isascii() or measure(text) == len(text):
        return textwrap.wrap(text, room, break_on_hyphens=break_on_hyphens)
    lines: list[str] = []
    line, taken = "", 0.0
    for word in _list_words(text):
        size = measure(word)
        if line and taken + size > room:
            lines.append(line.rstrip())
            line, taken = "", 0.0
        if not line and word.isspace():
            continue
        if size <= room:
            line, taken = line + word, taken + size
            continue
        for character in word:  # longer than a line
            if taken + _measure(character) > room:
                lines.append(line)
                line, taken = "", 0.0
            line, taken = line + character, taken + _measure(character)
    return [*lines, line.rstrip()] if line.strip() else lines


def _list_words(text: str) -> list[str]:
    """Split a text into blanks, words, and single ideographs."""
    words: list[str] = []
    for character in text:
        kind = "blank" if character.isspace() else "wide" if _measure(character) == _WIDE else "word"
        if words and kind == "word" and not words[-1].isspace() and _measure(words[-1][0]) != _WIDE:
            words[-1] += character
        elif words and not combining(character) and kind != "word":
            words.append(character)
        elif words and combining(character):
            words[-1] += character
        else:
            words.append(character)
    return words
