"""A file that says what is known about an organisation → facts, every mistake at file:line:column."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cxrules.errors import Diagnostic, InvalidOrganisation, Location
from cxrules.knowledge.catalogue import Report
from cxrules.knowledge.reader import Node, read_file, read_text
from cxrules.language.facts import FactValue, Vocabulary

__all__ = ["STANDARD_INPUT", "read_facts"]

STANDARD_INPUT = "-"
_SHOWN = "<stdin>"
_FACTS = "facts"


def read_facts(name: str, vocabulary: Vocabulary) -> dict[str, FactValue]:
    """Read the facts of one organisation.

    The file is YAML or JSON: a mapping of facts, or a mapping with that mapping under `facts`. In the second case other
    keys are labels of the caller's, so that what `cxrules recommend --json` writes can be read again.

    The name `-` stands for standard input.

    Returns:
        The known facts. What is null is unknown.

    Raises:
        InvalidOrganisation: With every mistake, by line and column.
    """
    report = Report()
    node = _read(name, report)
    # An empty fact is unknown, which is no mistake here.
    empty = {_place(mistake.location) for mistake in report.in_order() if mistake.code == "null-value"}
    mistakes = [mistake for mistake in report.in_order() if mistake.code != "null-value"]
    if node is None:
        raise InvalidOrganisation(mistakes)
    if not isinstance(node.content, dict):
        message = "a mapping of facts is expected, such as maturity: early"
        raise InvalidOrganisation([*mistakes, Diagnostic("wrong-type", node.locate(), message)])
    within = node
    if _FACTS in node.content and _FACTS not in vocabulary.facts:
        within = node.content[_FACTS]
        if not isinstance(within.content, dict):
            message = "a mapping of facts is expected under facts"
            raise InvalidOrganisation([*mistakes, Diagnostic("wrong-type", within.locate(), message)])
        mistakes += _find_strays(node, vocabulary)
    known, wrong = _validate(within, empty, vocabulary)
    spoilt = {_place(mistake.location) for mistake in mistakes}
    mistakes += [mistake for mistake in wrong if _place(mistake.location) not in spoilt]
    if mistakes:
        raise InvalidOrganisation(sorted(mistakes, key=lambda mistake: _place(mistake.location)))
    return known


def _read(name: str, report: Report) -> Node | None:
    standard = name == STANDARD_INPUT
    try:
        text = (sys.stdin.buffer.read() if standard else Path(name).read_bytes()).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        if not standard:
            return read_file(Path(name), report)  # reports where it cannot be read
        report.add("not-utf8", Location(_SHOWN), f"standard input cannot be read as UTF-8: {error}")
        return None
    if text.lstrip().startswith("{"):
        # JSON may be indented with tabs, which YAML refuses. A JSON string never contains a literal tab.
        text = text.replace("\t", " ")
    return read_text(text, _SHOWN if standard else name, report)


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
    return Diagnostic(mistake.code, where, f"{'.'.join(path)}: {mistake.message}", mistake.hint)


def _find_strays(node: Node, vocabulary: Vocabulary) -> list[Diagnostic]:
    assert isinstance(node.content, dict)
    message = "this fact stands beside facts and would not be read"
    return [
        Diagnostic("unknown-key", node.locate((name,), key=True), f"{name}: {message}", "move it under facts")
        for name in node.content
        if name in vocabulary.facts
    ]


def _place(location: Location) -> tuple[int, int]:
    return location.line, location.column
