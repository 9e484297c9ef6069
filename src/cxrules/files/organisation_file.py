"""A file about one organisation → facts, with every mistake at file:line:column."""

from __future__ import annotations

import errno
import sys
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cxrules.errors import SHOWN, Diagnostic, InvalidOrganisation, Location, find_almost, show_text, show_value, suggest
from cxrules.knowledge.diagnostic_codes import GUESSED, MistakeCollector
from cxrules.knowledge.node import Node
from cxrules.knowledge.reader import LARGEST, parse_text, read_file, read_stream, tell_error
from cxrules.language.facts import FactValue, Vocabulary
from cxrules.language.plain import locate_in_file

__all__ = ["OrganisationFile", "interpret", "read_organisation"]

_STANDARD_INPUT = "-"
_SHOWN = "<stdin>"
_FACTS = "facts"
_SKIPPED = "skipped"
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
            mistakes.append(Diagnostic("wrong-type", within.locate(), message))
            within = Node({}, within.file, within.line, within.column)
        mistakes += _find_strays(node, vocabulary) + _find_skipped(node, empty, vocabulary)
        mistakes = _drop_labels(mistakes, node)
    known, wrong = _validate(within, empty, vocabulary)
    if not wrapped:
        wrong = [_hint_at_facts(mistake) for mistake in wrong]
    hints = {_place(mistake.location): mistake.hint for mistake in wrong if mistake.hint}
    spoilt = {_place(mistake.location) for mistake in mistakes}
    mistakes = [
        replace(found, hint=hints.get(_place(found.location), found.hint)) if found.code in GUESSED else found
        for found in mistakes
    ]
    mistakes += [mistake for mistake in wrong if _place(mistake.location) not in spoilt]
    if mistakes:
        raise InvalidOrganisation(sorted(mistakes, key=lambda mistake: _place(mistake.location)))
    if not wrapped:
        return OrganisationFile(known)
    name = node.get("name")
    called = str(name.content) if name and isinstance(name.content, str | int) else ""
    skipped = node.get(_SKIPPED)
    names = skipped.plain() if skipped and isinstance(skipped.content, list) else ()
    return OrganisationFile(known, tuple(dict.fromkeys(names)), called, wrapped)


def _find_skipped(node: Node, empty: set[tuple[int, int]], vocabulary: Vocabulary) -> list[Diagnostic]:
    """Find what is wrong with the list of skipped facts."""
    skipped = node.get(_SKIPPED)
    if skipped is None or _place(skipped.locate()) in empty:
        return []
    if not isinstance(skipped.content, list):
        content = skipped.content
        hint = f"write {_SKIPPED}: [{content}]" if isinstance(content, str) and content in vocabulary.facts else ""
        message = f"{_SKIPPED}: a list of facts is expected, not {show_value(skipped.plain())}"
        return [Diagnostic("wrong-type", skipped.locate(), message, hint)]
    known, found = tuple(vocabulary.facts), list[Diagnostic]()
    for each in skipped.content:
        name = each.plain()
        if not (isinstance(name, str) and name in vocabulary.facts):
            hint = suggest(name, known) if len(found) < SHOWN else ""
            message = f"{_SKIPPED}: no such fact: {show_value(name)}"
            found.append(Diagnostic("unknown-fact", each.locate(), message, hint))
    return found


def _drop_labels(mistakes: list[Diagnostic], node: Node) -> list[Diagnostic]:
    """Return the mistakes except those about how YAML reads a label, which is the caller's business."""
    starts = sorted((*place, name) for name, place in node.keys.items())
    places = [(line, column) for line, column, _ in starts]

    def concerns_label(mistake: Diagnostic) -> bool:
        if mistake.code not in GUESSED:
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
        found = []
        for mistake, path in locate_in_file(error.diagnostics, given, vocabulary):
            where = node.locate(path, key=mistake.code == "unknown-fact")
            found.append(Diagnostic(mistake.code, where, f"{mistake.location}: {mistake.message}", mistake.hint))
        return {}, found


def _find_strays(node: Node, vocabulary: Vocabulary) -> list[Diagnostic]:
    """Find facts beside the key `facts`, also misspelt ones: as labels they would not be read."""
    assert isinstance(node.content, dict)
    found = []
    for name in node.content:
        here = node.locate((name,), key=True)
        if name in vocabulary.facts:
            message = "this fact is outside `facts` and would not be read"
            found.append(Diagnostic("unknown-key", here, f"{name}: {message}", "move it under facts"))
        elif fact := find_almost(name, vocabulary.facts):
            message = f"this is outside `facts` and has almost the name of the fact {fact!r}"
            hint = f"move it under facts as {fact}, or rename the label"
            found.append(Diagnostic("unknown-key", here, f"{show_text(name, 80)}: {message}", hint))
        elif name != _SKIPPED and find_almost(name, [_SKIPPED]) and _lists_facts(node.content[name], vocabulary):
            message = f"this lists facts and has almost the name {_SKIPPED!r}"
            hint = f"write {_SKIPPED}, or rename the label"
            found.append(Diagnostic("unknown-key", here, f"{show_text(name, 80)}: {message}", hint))
    return found


def _lists_facts(node: Node, vocabulary: Vocabulary) -> bool:
    """Return whether a label holds names of facts and nothing else."""
    names = node.plain() if isinstance(node.content, list) else []
    return bool(names) and all(isinstance(name, str) and name in vocabulary.facts for name in names)


def _hint_at_facts(found: Diagnostic) -> Diagnostic:
    """Return a mistake in a file without the key `facts`, with the suggestion of that key if it was meant."""
    name = found.location.path[-1] if found.code == "unknown-fact" and found.location.path else ""
    return replace(found, hint=f"did you mean {_FACTS!r}?") if find_almost(name, [_FACTS]) else found


def _place(location: Location) -> tuple[int, int]:
    return location.line, location.column
