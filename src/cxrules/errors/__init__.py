"""Everything that can be wrong with input: diagnostics, and the two exceptions that carry them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cxrules.errors.near_names import find_almost, find_closest, fold_name, may_suggest
from cxrules.late import dataclass

__all__ = [
    "MISSING",
    "SHOWN",
    "Diagnostic",
    "InvalidKnowledge",
    "InvalidOrganisation",
    "Location",
    "MissingRuleBase",
    "find_almost",
    "is_missing",
    "is_real",
    "list_shown",
    "no_such",
    "read_number",
    "refuse_question",
    "show_text",
    "show_value",
    "suggest",
    "suggest_list",
    "unwrap",
]

SHOWN = 50
"""How many mistakes a message shows; the others get no suggestion."""

MISSING = "leave the fact out, or write None; recommend_row(frame, row) takes a row of a data frame"
"""The advice where a missing cell of a data frame is given as a fact."""

_PLAIN = {"numpy": "tolist", "pyarrow": "as_py"}
_LONGEST_STEP = 80
_LONGEST_FILE = 4_096  # as long as a path can be
_LONGEST_VALUE = 60
_LONGEST_MESSAGE = 1_000


@dataclass(frozen=True, slots=True)
class Location:
    """Where a mistake is: a place in a file, or a name in a mapping.

    Attributes:
        file: The file as the user named it, or None for input that is not a file.
        line: The line, from 1; 0 when there is no file.
        column: The column, from 1; 0 when there is no file.
        path: The keys that lead there, such as `("rules", "3", "when")`.

    Examples:
        >>> str(Location("rules/time.yaml", 12, 5))
        'rules/time.yaml:12:5'
        >>> str(Location(path=("maturity",))), str(Location(path=("facts", " ")))
        ('maturity', "facts.' '")
    """

    file: str | None = None
    line: int = 0
    column: int = 0
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.file is None:
            steps = (show_text(step, _LONGEST_STEP) for step in self.path)
            return ".".join(step if step and step == step.strip() else f"'{step}'" for step in steps)  # or unseen
        file = show_text(self.file, _LONGEST_FILE)
        return f"{file}:{self.line}:{self.column}" if self.line else file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake.

    Attributes:
        code: A stable name of the kind of mistake, such as `unknown-fact`.
        location: Where it is.
        message: What is wrong, in one sentence without a full stop.
        hint: What was probably meant or how to fix it; empty if there is nothing to suggest.

    Examples:
        >>> here = Location(path=("maturity",))
        >>> print(Diagnostic("unknown-value", here, "no such value: 'erly'", "did you mean 'early'?"))
        maturity: no such value: 'erly' [unknown-value]; did you mean 'early'?
    """

    code: str
    location: Location
    message: str
    hint: str = ""

    def __post_init__(self) -> None:
        for part in ("message", "hint"):
            if len(text := getattr(self, part)) > _LONGEST_MESSAGE:  # quoted input may be of any length
                object.__setattr__(self, part, text[: _LONGEST_MESSAGE - 1] + "…")

    def __str__(self) -> str:
        place = str(self.location)
        text = f"{self.message} [{self.code}]"
        if place:
            text = f"{place}: {text}"
        return show_text(f"{text}; {self.hint}" if self.hint else text)


def list_shown(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """Return the mistakes that the message of an error shows, and how many more there are."""
    shown = [str(diagnostic) for diagnostic in diagnostics[:SHOWN]]
    more = len(diagnostics) - len(shown)
    return [*shown, f"… and {more} more, all in .diagnostics"] if more else shown


class _Invalid(ValueError):
    """Base of the two exceptions that list everything that is wrong."""

    subject = "input"

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        count = len(self.diagnostics)
        lines = [f"{count} {'mistake' if count == 1 else 'mistakes'} in the {self.subject}:"]
        return "\n  ".join([*lines, *list_shown(self.diagnostics)])


class InvalidOrganisation(_Invalid):
    """The facts given about an organisation are not facts of the vocabulary.

    Attributes:
        diagnostics: Every mistake found, in the order of the input.
    """

    subject = "facts"


class InvalidKnowledge(_Invalid):
    """The files of a rule base contain mistakes.

    Attributes:
        diagnostics: Every mistake found, by file, line and column.
    """

    subject = "rule base"


class MissingRuleBase(LookupError):
    """A copied or unpickled recommendation is asked a question that needs its rule base, which is not available.

    Attributes:
        revision: The revision that is missing.
    """

    def __init__(self, revision: str, name: str = "") -> None:
        self.revision = revision
        self.name = name
        super().__init__(revision, name)

    def __str__(self) -> str:
        named = f" ({self.name})" if self.name else ""
        return (
            f"this question needs the rule base of revision {self.revision[:12]}{named}, which is not loaded; "
            "load it, or attach it with recommendation.attach(rulebase)"
        )


def show_text(text: str, longest: int | None = None) -> str:
    r"""Return a text as one line that is safe to print: control characters escaped, and cut where it is too long.

    Examples:
        >>> print(show_text("red \x1b[31m\n"))
        red \x1b[31m\n
        >>> show_text("a" * 90, 10)
        'aaaaaaaaa…'
    """
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\N{NO-BREAK SPACE}" else repr(character)[1:-1]
        for character in text
    )


def show_value(value: object) -> str:
    """Return the `repr` of any value, cut where it is too long.

    Examples:
        >>> show_value("early"), show_value(["x" * 100])
        ("'early'", "['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…")
    """
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a stranger's repr may raise anything, and that of a huge int does
        text = f"a value of type {type(value).__name__}"
    return show_text(text, _LONGEST_VALUE)


def unwrap(value: object) -> object:
    """Return the plain value of a NumPy scalar or array, or of a PyArrow scalar, by the method meant for that."""
    method = _PLAIN.get(type(value).__module__.partition(".")[0], "")
    if not method or not hasattr(value, method):
        return value
    try:
        plain = getattr(value, method)()
    except (
        LookupError,
        OverflowError,
        ValueError,
    ):  # a date beyond the calendar, a time in no known zone
        return value
    # NumPy makes a number of a date or a duration whose unit is finer than Python's.
    dated = isinstance(plain, int) and getattr(getattr(value, "dtype", None), "kind", "") in ("m", "M")
    return str(value) if dated else plain


def read_number(value: object) -> float | None:
    """Return a number as a float, infinite where it is too large for one; None where it is none, such as a flag.

    Examples:
        >>> read_number(2), read_number(10**400), read_number(True), read_number("2")
        (2.0, inf, None, None)
    """
    if isinstance(value, bool | str | bytes | bytearray):
        return None
    try:
        return float(value)  # type: ignore[arg-type] # whatever is not a number raises
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")  # type: ignore[operator] # an integer or fraction
    except Exception:  # noqa: BLE001 - a stranger's __float__ may raise anything
        return None


def is_missing(value: object) -> bool:
    """Return whether a cell is empty: None, NaN, NaT or NA.

    Examples:
        >>> is_missing(None), is_missing(float("nan")), is_missing(0)
        (True, True, False)
    """
    if value is None:
        return True
    try:
        differs = unwrap(value != value)  # noqa: PLR0124 - NaN and NaT are the values that do not equal themselves
    except Exception:  # noqa: BLE001 - a stranger's comparison may raise anything
        return False
    return differs is True or type(value).__name__ == "NAType"  # pandas.NA, of which every comparison is NA


def is_real(value: object) -> bool:
    """Return whether a value is a real number, or a Decimal, which `numbers` does not count as one."""
    from numbers import Complex, Number, Real

    return isinstance(value, Real) or (isinstance(value, Number) and not isinstance(value, Complex))


def refuse_question(mistakes: Sequence[str], what: str = "the question") -> ValueError:
    r"""Return the error for a question that cannot be answered as it is put, with everything that is wrong with it.

    Examples:
        >>> refuse_question(["this", "that"])
        ValueError('2 mistakes in the question:\n  this\n  that')
    """
    if len(mistakes) == 1:
        return ValueError(mistakes[0])
    more = [f"… and {len(mistakes) - SHOWN} more"] if len(mistakes) > SHOWN else []
    return ValueError("\n  ".join([f"{len(mistakes)} mistakes in {what}:", *mistakes[:SHOWN], *more]))


def no_such(what: str, name: object, known: Sequence[str], called: Iterable[str] = ()) -> ValueError:
    """Return the error for an unknown name, with the one that was probably meant.

    Args:
        what: What the name should be of.
        name: The unknown name.
        known: The known names, those that are meant most often first.
        called: Names for people, which are known too.

    Examples:
        >>> no_such("model", "cmo_ownd", ["cmo_owned", "cxo_owned"])
        ValueError("no such model: 'cmo_ownd'; did you mean 'cmo_owned'?")
    """
    return ValueError(f"no such {what}: {show_value(name)}; {suggest(name, known, called)}".rstrip("; "))


def suggest(word: object, known: Sequence[str], called: Iterable[str] = ()) -> str:
    """Describe which known word was probably meant. Names for people, in `called`, are known too, in any case.

    Returns:
        `did you mean 'x'?`, or a list of the known words when they are few, or an empty string.

    Examples:
        >>> suggest("erly", ["not_started", "early"])
        "did you mean 'early'?"
        >>> suggest("zzz", ["low", "high"])
        "known: 'low', 'high'"
    """
    if not may_suggest():
        return ""
    known = tuple(known)
    others = {fold_name(name): name for name in called}
    if isinstance(word, str) and (meant := find_closest(word[:80], (*others, *known))):
        return f"did you mean {others.get(meant, meant)!r}?"
    if 0 < len(known) <= 12:
        return "known: " + ", ".join(map(repr, known))
    return ""


def suggest_list(text: str, known: Sequence[str]) -> str:
    """Describe which list was probably meant by a text.

    Examples:
        >>> suggest_list("low and high", ["low", "medium", "high"])
        "write ['low', 'high']"
    """
    found = re.findall(r"[\w-]+", text[:_LONGEST_MESSAGE])
    words = [word for word in found if word in known or word.lower() not in ("and", "or")]
    return f"write {words}" if words and all(word in known for word in words) else suggest(text, known)
