"""A file about one organisation → facts, with every mistake at file:line:column."""

from __future__ import annotations

import errno
import sys
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cxrules.errors import Diagnostic, InvalidOrganisation, Location
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.node import Node
from cxrules.knowledge.reader import LARGEST, parse_text, read_file, read_stream, tell_error
from cxrules.language.facts import FactValue, Vocabulary

__all__ = ["OrganisationFile", "interpret", "read_organisation"]

_STANDARD_INPUT = "-"
_SHOWN = "<stdin>"
_FACTS = "facts"
_LARGEST_YAML = 256 << 10
"""How many characters of YAML may say what is known about one organisation; of JSON as many as any file may have."""


@dataclass(frozen=True, slots=True)
class OrganisationFile:
    """The content of a file about an organisation.

    Attributes:
        facts: The known facts.
        skipped: The facts that were asked for in a consultation and skipped.
        name: The name of the organisation, if a label gives it.
        wrapped: Whether the facts are under the key `facts`, so that other keys are labels.
    """

    facts: dict[str, FactValue]
    skipped: tuple[str, ...] = ()
    name: str = ""
    wrapped: bool = False


def read_organisation(name: str, vocabulary: Vocabulary) -> OrganisationFile:
    """Read what a file says about one organisation.

    The file is YAML or JSON: a mapping of facts, or a mapping with that mapping under `facts`. In the second case other
    keys are the caller's labels, so the output of `cxrules recommend --json` can be read again.

    Args:
        name: The path of the file; `-` for standard input.
        vocabulary: The facts there are.

    Raises:
        InvalidOrganisation: With every mistake, by line and column.
    """
    report = MistakeCollector()
    return _interpret(_read(name, report), report, vocabulary)


def interpret(text: str, name: str, vocabulary: Vocabulary) -> OrganisationFile:
    """Read what a text says about one organisation, as `read_organisation` does with that of a file."""
    report = MistakeCollector()
    return _interpret(parse_text(text, name, report, _LARGEST_YAML), report, vocabulary)


def _interpret(node: Node | None, report: MistakeCollector, vocabulary: Vocabulary) -> OrganisationFile:
    # An empty fact is unknown, which is not a mistake here.
    empty = {_place(mistake.location) for mistake in report.in_order() if mistake.code == "null-value"}
    mistakes = [mistake for mistake in report.in_order() if mistake.code != "null-value"]
    if node is None:
        raise InvalidOrganisation(mistakes)
    if not isinstance(node.content, dict):
        message = "a mapping of facts is expected, such as maturity: early"
        raise InvalidOrganisation([*mistakes, Diagnostic("wrong-type", node.locate(), message)])
    within, wrapped = node, _FACTS in node.content and _FACTS not in vocabulary.facts
    if wrapped:
        within = node.content[_FACTS]
        if _place(within.locate()) in empty:
            within = Node({}, within.file, within.line, within.column)
        if not isinstance(within.content, dict):
            message = "a mapping of facts is expected under facts"
            raise InvalidOrganisation([*mistakes, Diagnostic("wrong-type", within.locate(), message)])
        mistakes += _find_strays(node, vocabulary)
        mistakes = _drop_labels(mistakes, node)
    known, wrong = _validate(within, empty, vocabulary)
    hints = {_place(mistake.location): mistake.hint for mistake in wrong if mistake.hint}
    spoilt = {_place(mistake.location) for mistake in mistakes}
    # The reader reports what YAML made of a word; only the vocabulary knows what is allowed there.
    mistakes = [replace(found, hint=hints.get(_place(found.location), found.hint)) for found in mistakes]
    mistakes += [mistake for mistake in wrong if _place(mistake.location) not in spoilt]
    if mistakes:
        raise InvalidOrganisation(sorted(mistakes, key=lambda mistake: _place(mistake.location)))
    if not wrapped:
        return OrganisationFile(known)
    name = node.get("name")
    called = str(name.content) if name and isinstance(name.content, str | int) else ""
    return OrganisationFile(known, _skipped(node, vocabulary), called, wrapped)


def _skipped(node: Node, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the facts that the file lists as skipped, ignoring any that this rule base does not have."""
    skipped = node.get("skipped")
    names = skipped.plain() if skipped and isinstance(skipped.content, list) else ()
    known = [name for name in names if isinstance(name, str) and name in vocabulary.facts]
    return tuple(dict.fromkeys(known))


def _drop_labels(mistakes: list[Diagnostic], node: Node) -> list[Diagnostic]:
    """Return the mistakes except those about how YAML reads a label, which is the caller's business."""
    starts = sorted((*place, name) for name, place in node.keys.items())
    places = [(line, column) for line, column, _ in starts]

    def concerns_label(mistake: Diagnostic) -> bool:
        if mistake.code not in ("unquoted-boolean", "unquoted-scalar"):
            return False
        before = bisect_right(places, _place(mistake.location))
        return before > 0 and starts[before - 1][2] != _FACTS

    return [mistake for mistake in mistakes if not concerns_label(mistake)]


def _read(name: str, report: MistakeCollector) -> Node | None:
    if name != _STANDARD_INPUT:
        return read_file(Path(name), report, _LARGEST_YAML)
    try:
        if sys.stdin is None:
            raise OSError(errno.EBADF, "it is closed")
        if hasattr(sys.stdin, "buffer"):
            text = read_stream(sys.stdin.buffer).decode("utf-8-sig")
        else:  # a host has replaced it by a stream of text
            text = sys.stdin.read(LARGEST).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        report.add("not-utf8", Location(_SHOWN), f"standard input cannot be read as UTF-8: {error}")
        return None
    except (OSError, ValueError) as error:  # ValueError: it was closed meanwhile
        report.add("unreadable-file", Location(_SHOWN), f"standard input cannot be read: {tell_error(error)}")
        return None
    return parse_text(text, _SHOWN, report, _LARGEST_YAML)


def _validate(
    node: Node, empty: set[tuple[int, int]], vocabulary: Vocabulary
) -> tuple[dict[str, FactValue], list[Diagnostic]]:
    assert isinstance(node.content, dict)
    given: dict[str, Any] = {
        fact: None if (value.line, value.column) in empty else value.plain() for fact, value in node.content.items()
    }
    try:
        return vocabulary.validate(given), []
    except InvalidOrganisation as error:
        return {}, [_locate(mistake, node) for mistake in error.diagnostics]


def _locate(mistake: Diagnostic, node: Node) -> Diagnostic:
    path = mistake.location.path
    where = node.locate(path, key=mistake.code == "unknown-fact")
    return Diagnostic(mistake.code, where, f"{mistake.location}: {mistake.message}", mistake.hint)


def _find_strays(node: Node, vocabulary: Vocabulary) -> list[Diagnostic]:
    assert isinstance(node.content, dict)
    message = "this fact is outside `facts` and would not be read"
    return [
        Diagnostic("unknown-key", node.locate((name,), key=True), f"{name}: {message}", "move it under facts")
        for name in node.content
        if name in vocabulary.facts
    ]


def _place(location: Location) -> tuple[int, int]:
    return location.line, location.column
