"""Mistakes and findings in formats for CI servers and editors: JSON, annotations of GitHub Actions, SARIF 2.1.0."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from cxrules.errors import Diagnostic, Location
from cxrules.version import __version__

__all__ = ["Format", "Message", "as_github", "as_json", "as_sarif", "at_place", "of_diagnostic"]

SARIF_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


class Format(StrEnum):
    """The formats in which a command reports what it found."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


@dataclass(frozen=True)
class Message:
    """One mistake or finding.

    Attributes:
        code: The kind of mistake or finding.
        text: What is wrong, in a sentence.
        subject: What it is about; empty if the place says it.
        file: The file; empty if unknown.
        line: The line, from 1; 0 if there is none.
        column: The column, from 1.
        is_error: Whether it is wrong, rather than undecided.
    """

    code: str
    text: str
    subject: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    is_error: bool = True


def of_diagnostic(found: Diagnostic) -> Message:
    """Return a mistake as a message."""
    where = found.location
    text = f"{found.message}; {found.hint}" if found.hint else found.message
    return Message(found.code, text, ".".join(where.path), where.file or "", where.line, where.column)


def at_place(message: Message, places: Mapping[str, Location]) -> Message:
    """Return a message with the place of the first word of its subject, if known."""
    where = places.get(re.split(r"[:\s]", message.subject, maxsplit=1)[0])
    if where is None:
        return message
    return replace(message, file=where.file or "", line=where.line, column=where.column)


def as_json(messages: Iterable[Message], **rest: object) -> str:
    """Write messages for programs, together with any further data."""
    plain = [
        {
            "code": message.code,
            "message": message.text,
            "subject": message.subject,
            "file": message.file or None,
            "line": message.line or None,
            "column": message.column or None,
        }
        for message in messages
    ]
    return json.dumps({**rest, "mistakes": plain}, indent=2, ensure_ascii=False) + "\n"


def as_github(messages: Iterable[Message]) -> str:
    """Write messages as annotations: workflow commands of GitHub Actions, one on each line."""
    lines = []
    for message in messages:
        properties = {"title": message.code}
        if message.file:
            properties |= {"file": message.file}
        if message.line:
            properties |= {"line": str(message.line), "col": str(message.column)}
        told = ",".join(f"{key}={_escape(value, ':,')}" for key, value in properties.items())
        text = message.text if message.file or not message.subject else f"{message.subject}: {message.text}"
        lines.append(f"::{'error' if message.is_error else 'warning'} {told}::{_escape(text)}\n")
    return "".join(lines)


def _escape(text: str, more: str = "") -> str:
    """Escape what ends a workflow command or one of its properties."""
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def as_sarif(messages: Iterable[Message], codes: Mapping[str, str]) -> str:
    """Write messages as a SARIF 2.1.0 log.

    Args:
        messages: The messages.
        codes: Every code, and what it means.
    """
    rules = [{"id": code, "shortDescription": {"text": meaning}} for code, meaning in codes.items()]
    driver = {
        "name": "cxrules",
        "version": __version__,
        "rules": rules,
    }
    index = {code: number for number, code in enumerate(codes)}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(message, index) for message in messages],
    }
    log = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(message: Message, index: Mapping[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": message.code,
        "level": "error" if message.is_error else "warning",
        "message": {"text": message.text},
    }
    if message.code in index:
        result["ruleIndex"] = index[message.code]
    location: dict[str, Any] = {}
    if message.file:
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(message.file)}}
        if message.line:
            physical["region"] = {"startLine": message.line, "startColumn": max(message.column, 1)}
        location["physicalLocation"] = physical
    if message.subject:
        location["logicalLocations"] = [{"fullyQualifiedName": message.subject}]
    if location:
        result["locations"] = [location]
    return result


def _uri(file: str) -> str:
    from pathlib import Path
    from urllib.parse import quote

    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
