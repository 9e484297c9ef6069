"""Which known name is like a misspelt one, and how many misspelt names are looked up at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections import Counter

__all__ = ["MOST_SUGGESTIONS", "few_suggestions", "find_almost", "find_closest", "fold_name", "may_suggest"]

MOST_SUGGESTIONS: Final = 500
"""How many mistakes of one input get a suggestion. Ten times as many as are shown: they are found in another order."""

_SHORT = 4
_ALIKE = 0.85
_ALIKE_PART = 0.75  # with less, "severe" is like the "every" in a long name
_MOST_NEAR = 1_000  # of more names that are alike, these are compared letter by letter

_LEFT: Final[ContextVar[list[int] | None]] = ContextVar("left", default=None)


@contextmanager
def few_suggestions() -> Iterator[None]:
    """Suggest nothing for more than `MOST_SUGGESTIONS` mistakes: an input may have millions.

    Examples:
        >>> with few_suggestions():
        ...     allowed = [may_suggest() for _ in range(1_000)]
        >>> sum(allowed)
        500
    """
    if _LEFT.get() is not None:  # part of a larger input
        yield
        return
    token = _LEFT.set([MOST_SUGGESTIONS])
    try:
        yield
    finally:
        _LEFT.reset(token)


def may_suggest() -> bool:
    """Count a mistake, and return whether something may be suggested for it."""
    left = _LEFT.get()
    if left is None:
        return True
    left[0] -= 1
    return left[0] >= 0


def find_almost(word: str, known: Iterable[str]) -> str | None:
    """Return the name that a word almost is: what `suggest` would propose, but only where nothing else can be meant.

    It is the same name in another spelling of case, spaces and dashes, or with a slip: two letters swapped, one too
    many, too few or wrong (in a long name; a short word with another letter is often another word), or a few.

    Examples:
        >>> find_almost("Silso", ["silos", "scope"]), find_almost("score", ["silos", "scope"])
        ('silos', None)
    """
    from difflib import SequenceMatcher

    folded = fold_name(word[:80])
    letters = _count_letters(folded)
    best, closest = 0.0, None
    for name in known:
        if name == folded:
            return name
        if abs(len(name) - len(folded)) > 3:
            continue
        shared = 2 * (letters & _count_letters(name)).total() / (len(name) + len(folded))  # no ratio can be greater
        slip = len(name) == len(folded) > _SHORT and _is_slip(folded, name)
        if slip or shared >= max(best, _ALIKE):
            ratio = SequenceMatcher(None, folded, name).ratio()
            if ratio > best and (slip or ratio >= _ALIKE):
                best, closest = ratio, name
    return closest


@lru_cache(maxsize=1024)  # many words are compared with the same names
def _count_letters(name: str) -> Counter[str]:
    from collections import Counter

    return Counter(name)


def _is_slip(word: str, name: str) -> bool:
    """Return whether words of one length differ by two letters swapped, or if they are long, by one letter."""
    wrong = [place for place, letter in enumerate(word) if letter != name[place]]
    if len(wrong) == 1:
        return len(name) > _SHORT + 1
    return (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and word[wrong[0]] + word[wrong[1]] == name[wrong[1]] + name[wrong[0]]
    )


def fold_name(word: str) -> str:
    """Return a name as it is compared: without case, quotes, and the difference between spaces, dashes and _."""
    return word.strip().strip("“”\"'").lower().replace(" ", "_").replace("-", "_")


@lru_cache(maxsize=1024)  # in a rule base one misspelt name may occur a thousand times
def find_closest(word: str, known: tuple[str, ...]) -> str | None:
    """Return the known name that was probably meant by a word; None if it is like none of them."""
    from difflib import get_close_matches
    from itertools import pairwise

    folded = fold_name(word)
    if folded in known:
        return folded
    # A name that shares few pairs of letters with the word was not meant. Skipping it saves most comparisons when
    # thousands of words are wrong.
    pairs = set(pairwise(folded))
    enough = 0 if len(folded) <= _SHORT else len(pairs)
    shared = {name: len(pairs.intersection(pairwise(name))) for name in known}
    near = [name for name in known if 3 * shared[name] >= enough]
    if len(near) > _MOST_NEAR:
        near = sorted(near, key=shared.__getitem__, reverse=True)[:_MOST_NEAR]
    parts = {part: name for name in reversed(near) for part in name.split("_")}
    for candidates, least in (({name: name for name in near}, 0.6), (parts, _ALIKE_PART)):
        matches = get_close_matches(folded, candidates, n=1, cutoff=least if len(folded) > _SHORT else max(least, 0.7))
        if matches:
            return candidates[matches[0]]
    return next((name for name in known if len(name) == len(folded) > _SHORT and _is_slip(folded, name)), None)
