"""Turns data into words: clauses into sentences, points into degrees, claims into citations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cxrules.document import mark_name, mark_title
from cxrules.language.facts import join_words
from cxrules.language.rules import Claim
from cxrules.rulebase import RuleBase

__all__ = [
    "clause",
    "count",
    "join_clauses",
    "join_names",
    "lower_first",
    "name",
    "paragraphs",
    "sentence",
    "strength",
    "title",
    "topics",
    "upper_first",
]

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

# Points, and the word for evidence that reaches them; in certainty 0.36, 0.67 and 0.91.
_STRENGTHS = ((11, "very strong"), (6, "strong"), (3, "fair"), (1, "slight"))


def sentence(text: str) -> str:
    """Make a clause a sentence, with a capital letter and a full stop.

    Examples:
        >>> sentence("marketing is already stretched")
        'Marketing is already stretched.'
        >>> sentence("15% of it is spent.")
        '15% of it is spent.'
    """
    text = upper_first(text.strip())
    return text if text.endswith((".", "!", "?", ".”")) else f"{text}."


def upper_first(text: str) -> str:
    """Return a text with a capital at the start."""
    return text[:1].upper() + text[1:]


def clause(text: str) -> str:
    """Make a sentence a clause, without a capital letter and a full stop.

    Examples:
        >>> clause("Marketing is stretched.")
        'marketing is stretched'
    """
    return lower_first(text.rstrip(". "))


def lower_first(text: str) -> str:
    """Return a sentence in lower case at the start, unless its first word always has a capital.

    Examples:
        >>> lower_first("Marketing is stretched"), lower_first("CX is young"), lower_first("I think")
        ('marketing is stretched', 'CX is young', 'I think')
    """
    first = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if first[1:].islower() or first in ("A", "An") else text


def join_clauses(clauses: Sequence[str]) -> str:
    """Join clauses into one, with semicolons if a clause contains a comma.

    Examples:
        >>> join_clauses(["it rains", "it snows"])
        'it rains, and it snows'
        >>> join_clauses(["it rains", "it snows", "it hails, too"])
        'it rains; it snows; and it hails, too'
    """
    if len(clauses) < 2:
        return "".join(clauses)
    comma = "; " if len(clauses) > 2 and any(", " in clause for clause in clauses) else ", "
    return f"{comma.join(clauses[:-1])}{comma}and {clauses[-1]}"


def count(number: int, singular: str, plural: str = "") -> str:
    """Describe how many, small numbers in words.

    Examples:
        >>> count(1, "point"), count(3, "point"), count(40, "fact"), count(0, "fact")
        ('one point', 'three points', '40 facts', 'no facts')
    """
    word = _NUMBERS[number] if 0 <= number < len(_NUMBERS) else str(number)
    return f"{word} {singular if number == 1 else plural or singular + 's'}"


def strength(points: int) -> str:
    """Return the word for evidence of a number of points.

    Examples:
        >>> [strength(points) for points in (1, 5, 7, 12)]
        ['slight', 'fair', 'strong', 'very strong']
    """
    return next((word for least, word in _STRENGTHS if abs(points) >= least), "no")


def name(rulebase: RuleBase, model: str) -> str:
    """Return the marked name of a model."""
    return mark_name(rulebase.models[model].name)


def join_names(rulebase: RuleBase, models: Iterable[str], conjunction: str = "and") -> str:
    """Return the marked names of models in one phrase."""
    return join_words([name(rulebase, model) for model in models], conjunction)


def title(rulebase: RuleBase, source: str) -> str:
    """Return the marked title of an article."""
    return mark_title(rulebase.sources[source].title)


def topics(rulebase: RuleBase, facts: Iterable[str]) -> str:
    """Return facts as noun phrases in one phrase."""
    return join_words([rulebase.vocabulary[fact].topic for fact in facts])


def paragraphs(claims: Iterable[Claim]) -> str:
    """Return the paragraphs of claims as a phrase, such as "paragraphs 3, 5 and 6"."""
    numbers = sorted({number for claim in claims for number in claim.paragraphs})
    return f"paragraph{'s' if len(numbers) > 1 else ''} {join_words([str(number) for number in numbers])}"
