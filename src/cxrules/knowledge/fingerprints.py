"""Fingerprints record the text that a claim was read from, so that later changes of an article do not go unnoticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cxrules.errors import Diagnostic, Location
from cxrules.knowledge.reader import read_bytes
from cxrules.language.rulebase_parts import Parts
from cxrules.language.rules import Claim, Source

__all__ = ["WRONG_FINGERPRINT", "compute_fingerprint", "find_text", "find_wrong_fingerprints", "read_lines"]

WRONG_FINGERPRINT: Final = MappingProxyType(
    {"wrong-fingerprint": "The text of the paragraphs differs from the text that the claim was read from."}
)


def compute_fingerprint(claim: Claim, source: Source, lines: Sequence[str]) -> str | None:
    """Return the SHA-256 of the text of a claim's paragraphs, white space folded; None if there are none."""
    numbers = [source.paragraphs[number - 1] for number in claim.paragraphs if number <= len(source.paragraphs)]
    if len(numbers) < len(claim.paragraphs) or any(number > len(lines) for number in numbers):
        return None
    text = " ".join(" ".join(lines[number - 1].split()) for number in numbers)
    return hashlib.sha256(text.encode()).hexdigest()


def find_text(source: Source, paths: Iterable[Path]) -> Path | None:
    """Return the file with the text of an article, if it is in one of the folders or next to one of the files."""
    for path in paths:
        file = (path if path.is_dir() else path.parent) / source.file
        if file.is_file():
            return file
    return None


def read_lines(file: Path) -> list[str]:
    """Return the lines of a text."""
    return read_bytes(file).decode("utf-8-sig", errors="replace").splitlines()


def find_wrong_fingerprints(parts: Parts, paths: Sequence[Path]) -> Iterator[Diagnostic]:
    """Compare the fingerprints of claims with the texts of the articles, where available."""
    for source in parts.sources.values():
        file = find_text(source, paths)
        if file is None:
            continue
        lines = read_lines(file)
        for claim in parts.claims.values():
            if claim.source == source.id and claim.fingerprint:
                right = compute_fingerprint(claim, source, lines)
                if right != claim.fingerprint:
                    message = f"{claim.id}: the fingerprint does not match its paragraphs in {file.name}"
                    hint = f"read them again, then write {right}" if right else "the text has no such paragraphs"
                    yield Diagnostic("wrong-fingerprint", Location(str(file), path=("claims", claim.id)), message, hint)
