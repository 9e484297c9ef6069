"""The file in which a consultation keeps its answers: only the answers change, everything else stays as it was.

Comments, labels and the order of keys stay, and so do facts that somebody else wrote meanwhile. The new content is
written next to the old file, under a name that nobody can predict and with the same mode, and then replaces it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cxrules.errors import InvalidOrganisation
from cxrules.files.organisation_file import OrganisationFile, interpret
from cxrules.language.facts import FactValue, Vocabulary
from cxrules.whole_file import write_whole

__all__ = ["change_text", "write_safely"]

_SKIPPED = "skipped"
_HALF: Final = "\ud800"
"""Half a surrogate pair, which no text in a file has: it marks what stands for a number, which is kept as it was."""
_KEPT: Final = re.compile(f'"{_HALF}([0-9]+)"')
_UNCHANGEABLE = "its layout does not allow single facts to be changed; write each fact on a separate line"


def change_text(
    text: str, vocabulary: Vocabulary, changed: Mapping[str, FactValue | None], skipped: Sequence[str]
) -> str:
    """Return the text of a file with some facts changed and everything else as it was.

    Args:
        text: The content of the file: YAML or JSON that `cxrules recommend` takes.
        vocabulary: The facts that exist.
        changed: The new values; None for a fact that is no longer known.
        skipped: The facts that are skipped.

    Raises:
        InvalidOrganisation: If the file no longer describes an organisation.
        ValueError: If its layout does not allow single facts to be changed.
    """
    before = interpret(text, "the file", vocabulary)
    wanted = {name: value for name, value in {**before.facts, **changed}.items() if value is not None}
    line_end = next((end for end in ("\r\n", "\n", "\r") if end in text), "\n")
    lines = text.replace(line_end, "\n")
    try:
        new = _change_json(lines, before, changed, skipped) or _change_yaml(lines, before, changed, skipped)
        after = interpret(new, "the file", vocabulary)
    except (InvalidOrganisation, LookupError, ValueError) as error:
        raise ValueError(_UNCHANGEABLE) from error
    if after.facts != wanted or (after.wrapped and set(after.skipped) != set(skipped)):
        raise ValueError(_UNCHANGEABLE)
    return new.replace("\n", line_end)


def _change_json(
    text: str, before: OrganisationFile, changed: Mapping[str, FactValue | None], skipped: Sequence[str]
) -> str:
    numbers: list[str] = []

    def keep(number: str) -> str:
        numbers.append(number)
        return f"{_HALF}{len(numbers) - 1}"

    try:
        plain = json.loads(text, parse_float=keep, parse_int=keep)
    except ValueError:
        return ""
    facts = (plain["facts"] or {}) if before.wrapped else plain
    for name, value in changed.items():
        facts.pop(name, None)
        if value is not None:
            facts[name] = value
    if before.wrapped:
        plain["facts"] = facts
    elif skipped:
        plain = {"facts": facts}
    if skipped:
        plain[_SKIPPED] = list(skipped)
    elif before.wrapped:
        plain.pop(_SKIPPED, None)
    written = json.dumps(plain, indent=2, ensure_ascii=False)
    return _KEPT.sub(lambda found: numbers[int(found[1])], written) + "\n"


def _change_yaml(
    text: str, before: OrganisationFile, changed: Mapping[str, FactValue | None], skipped: Sequence[str]
) -> str:
    wrapped = before.wrapped
    if text.lstrip()[:1] in ("{", "["):
        text = text.replace("\t", " ")  # as it was read
    head, text, tail = _split(text)
    if skipped and not wrapped:
        text = "facts:\n" + "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))
        wrapped = True
    for name, value in changed.items():
        text = _set(text, ("facts",) if wrapped else (), name, None if value is None else _write(value))
    if wrapped:
        text = _set(text, (), _SKIPPED, _write(tuple(skipped)) if skipped else None)
    return head + text + tail


def _split(text: str) -> tuple[str, str, str]:
    """Return the text before the one document, the document, and the text after it, as `---` and `...` mark them."""
    import yaml

    start, end = 0, len(text)
    events: Any = yaml.parse(text, Loader=yaml.SafeLoader)
    for event in events:
        kind = type(event)
        if kind is yaml.DocumentStartEvent and event.explicit:
            start = event.end_mark.index
        elif kind is yaml.DocumentEndEvent and event.explicit:
            end = event.start_mark.index
    head, document, tail = text[:start], text[start:end], text[end:]
    if head:
        line, _, below = document.partition("\n")
        if line.strip() and not line.lstrip().startswith("#"):  # the document starts on the line of the mark
            return f"{head}\n", document.lstrip(" "), tail
        return f"{head}{line}\n", below, tail
    return head, document, tail


def _write(value: object) -> str:
    return json.dumps(value)  # JSON is YAML, and quotes whatever YAML would misread


def _set(text: str, path: tuple[str, ...], key: str, written: str | None) -> str:
    """Set or delete a key of the mapping at the end of a path."""
    import yaml

    if text and not text.endswith("\n"):
        text += "\n"
    try:
        node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    entry = None
    for step in path:
        entry = next(pair for pair in node.value if str(pair[0].value) == step)
        node = entry[1]
    if not isinstance(node, yaml.MappingNode):  # an empty document, or `facts:` with nothing after it
        return text if written is None else _begin(text, entry, f"{key}: {written}")
    found = next((pair for pair in node.value if str(pair[0].value) == key), None)
    if found and written is not None:
        colon = text.index(":", found[0].end_mark.index) + 1
        return f"{text[:colon]} {written}{text[max(_end(found[1]), colon) :]}"
    if found:
        return _delete(text, node, found)
    return text if written is None else _add(text, node, f"{key}: {written}")


def _begin(text: str, entry: Any, more: str) -> str:
    if entry is None:
        return f"{text}{more}\n"
    colon = text.index(":", entry[0].end_mark.index) + 1
    rest = text[max(colon, entry[1].end_mark.index) :] if entry[1].value else text[colon:]  # without a written null
    return f"{text[:colon]}\n  {more}{rest}"


def _add(text: str, node: Any, more: str) -> str:
    if node.flow_style:
        return _set_whole(text, node, node.value, more)
    key, value = node.value[-1]
    end = max(_end(value), key.end_mark.index)
    line_end = end - 1 if text[end - 1] == "\n" else text.find("\n", end)  # a block of text ends on the next line
    indent = " " * node.value[0][0].start_mark.column
    return f"{text[: line_end + 1]}{indent}{more}\n{text[line_end + 1 :]}"


def _delete(text: str, node: Any, found: Any) -> str:
    if node.flow_style:
        return _set_whole(text, node, [pair for pair in node.value if pair is not found], "")
    start = found[0].start_mark.index
    end = max(_end(found[1]), text.index(":", found[0].end_mark.index) + 1)
    if len(node.value) == 1:
        return text[:start] + "{}" + text[end:]
    return text[: text.rfind("\n", 0, start) + 1] + text[text.find("\n", end) + 1 :]


def _set_whole(text: str, node: Any, pairs: Sequence[Any], more: str) -> str:
    """Rewrite a mapping in braces, its entries as they were written."""
    entries = [text[pair[0].start_mark.index : pair[1].end_mark.index] for pair in pairs] + ([more] if more else [])
    return text[: node.start_mark.index] + "{" + ", ".join(entries) + "}" + text[node.end_mark.index :]


def _end(node: Any) -> int:
    """Return where a value ends: that of a block ends with its last element, not with the comments after it."""
    import yaml

    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return int(node.end_mark.index)


def write_safely(file: Path, text: str) -> None:
    """Replace the content of a file, atomically.

    Raises:
        OSError: If it cannot be written; the file is then unchanged.
    """
    with write_whole(file) as whole:
        whole.write(text.encode())
