"""Checks the form of an item by its pydantic model, and reports pydantic's errors in plain words at their place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Final, TypeAlias, get_args, get_origin

from pydantic import BaseModel, Tag, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from cxrules.errors import find_almost, show_value, suggest
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.forms import SourceForm, Test, When
from cxrules.knowledge.node import Node
from cxrules.language.condition_checks import WRITTEN
from cxrules.language.facts import Kind, guess_number
from cxrules.language.patterns import TEXT, UNPRINTABLE

__all__ = ["Filled", "FormType", "examine", "salvage"]

FormType: TypeAlias = Any  # a pydantic model, or another type that pydantic knows
Filled: TypeAlias = Any  # the result

_EXPECTED: Final = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "string_type": "text",
}
_ACTING: Final = re.compile(f"[{UNPRINTABLE}]")
_WORDS: Final = {"enum", "literal_error", "union_tag_invalid"}
_RANGES: Final = {
    "greater_than_equal": ("ge", "at least"),
    "less_than_equal": ("le", "at most"),
    "finite_number": ("", ""),
}
_SHORT: Final = {
    "values": ("values-missing", "a fact of this kind needs more values"),
    "any_of": ("empty-test", "any_of needs at least two alternatives"),
    "when": ("empty-test", "an empty conjunction is true of every organisation"),
    "because": ("rule-without-claim", "a rule needs a claim behind it"),
}
_TELLING: Final = {"rationale", "says", "author", "reason"}
_Path = tuple[str | int, ...]


@cache
def _adapter(form: FormType) -> TypeAdapter[Any]:
    return TypeAdapter(form)


def examine(form: FormType, node: Node, within: tuple[str, ...], report: MistakeCollector) -> Filled:
    """Check the form of one item.

    Returns:
        The item as its model, or None if something is wrong.
    """
    try:
        return _adapter(form).validate_python(node.plain())
    except ValidationError as error:
        translation = _Translation(form, node, within, report)
        for mistake in error.errors(include_url=False):
            translation.translate(mistake)
        return None


def salvage(form: FormType, node: Node) -> Filled:
    """Repair a malformed item, so that its meaning can be checked although its form is wrong.

    An unknown key becomes the key that it almost is, so that nothing is missed that is there; any other is left out. A
    text that only tells something gets a stand-in.

    Returns:
        The item as its model, or None if something else is wrong.
    """
    if not isinstance(node.content, dict):
        return None
    try:
        return _adapter(form).validate_python(node.plain())
    except ValidationError as error:
        for mistake in error.errors(include_url=False):
            *above, key = mistake["loc"] or ("",)
            if mistake["type"] == "extra_forbidden":
                _repair_key(form, above, str(key), _find_node(node, above))
            elif key in _TELLING and not above:
                node.content[str(key)] = Node("…", node.file, node.line, node.column)
            elif mistake["type"] != "missing":  # it may be there under a misspelt key
                return None
    if form is SourceForm and ("file" in node.content) != ("paragraphs" in node.content):
        return None  # each is wrong without the other, which the key that was left out may have been
    try:
        return _adapter(form).validate_python(node.plain())
    except ValidationError:
        return None


def _repair_key(form: FormType, above: Sequence[str | int], key: str, holder: Node) -> None:
    """Replace an unknown key by the absent one that it almost is, or remove it, unless nothing would be left."""
    content = holder.content
    if not isinstance(content, dict) or key not in content:
        return
    if meant := find_almost(key, _list_absent(form, above, holder)):
        holder.content = {meant if name == key else name: below for name, below in content.items()}
        holder.keys |= {meant: holder.keys[key]} if key in holder.keys else {}
    elif len(content) > 1:
        del content[key]


def _list_absent(form: FormType, path: Sequence[str | int], holder: Node) -> list[str]:
    """Return the keys that a mapping may have and does not have; `path` is pydantic's to it."""
    model = _find_form(form, path)
    present = holder.content if isinstance(holder.content, dict) else {}
    return [name for name in model.model_fields if name not in present] if model else []


def _find_node(node: Node, path: Sequence[str | int]) -> Node:
    """Return what is at a path of pydantic's, which also names the forms that it passes through."""
    for step in path:
        node = node.get(step) or node
    return node


class _Translation:
    def __init__(self, form: FormType, node: Node, within: tuple[str, ...], report: MistakeCollector) -> None:
        self.form, self.node, self.within, self.report = form, node, within, report

    def translate(self, mistake: ErrorDetails) -> None:
        kind, path, given, context = mistake["type"], mistake["loc"], mistake["input"], mistake.get("ctx", {})
        last = str(path[-1]) if path else ""
        if misplaced := self._find_alternatives(path):
            code = "impossible-not-facts" if misplaced == ("when", "any_of") else "nested-any-of"
            self._add(code, misplaced, "alternatives are not allowed here", key=True)
        elif isinstance(given, dict) and self._means_alternatives(path):
            message = f"no such fact or finding: {path[-3]!r}"  # said of each alternative, and told once
            self._add("unknown-fact", path[:-2], message, "did you mean 'any_of'?", key=True)
        elif kind == "missing":
            self._miss(path)
        elif kind == "extra_forbidden":
            self._exceed(path)
        elif kind == "union_tag_not_found":
            self._add("missing-key", path, "the key 'kind' is missing")
        elif kind in _WORDS:
            self._mischoose(path, given, context)
        elif kind in _RANGES:
            limit, words_of_limit = _RANGES[kind]
            told = f"{words_of_limit} {context[limit]:g}" if limit else "finite"
            self._add("value-out-of-range", path, f"this number must be {told}, but is {_show(given)}")
        elif kind == "too_short":
            code, message = _SHORT.get(last, ("empty-list", "this list needs an element"))
            self._add(code, path, message)
        elif kind in ("string_too_short", "string_pattern_mismatch"):
            self._mismatch(path, given, context)
        else:
            self._mistype(path, given, kind, mistake["msg"])

    def _add(self, code: str, path: Sequence[str | int], message: str, hint: str = "", *, key: bool = False) -> None:
        self.report.add(code, self.node.locate(path, key=key, within=self.within), message, hint)

    def _find_alternatives(self, path: _Path) -> _Path:
        """Return the path to an any_of where none is allowed, if pydantic's path leads through one."""
        allowed = 0 if self.within[:1] == ("impossible",) else 1
        places = [index for index, step in enumerate(path) if step == "any_of"]
        return path[: places[allowed] + 1] if path[:1] == ("when",) and len(places) > allowed else ()

    def _means_alternatives(self, path: _Path) -> bool:
        """Whether a path leads into a list of tests under what is almost any_of, where that is allowed."""
        listed = path[-2:-1] == ("names",) and self.within[:1] != ("impossible",)
        return listed and find_almost(str(path[-3]), ["any_of"]) is not None

    def _mischoose(self, path: _Path, given: object, context: dict[str, Any]) -> None:
        if "discriminator" in context:
            path = (*path, context["discriminator"].strip("'"))
            given = context["tag"]
        words = re.findall(r"'([^']*)'", str(context.get("expected_tags", context.get("expected", ""))))
        if isinstance(given, str) and words:
            self._add("unknown-word", path, f"{given!r} is not one of the words allowed here", suggest(given, words))
        else:
            expected = context.get("expected", "a word")
            self._add("wrong-type", path, f"{str(expected).lower()} is expected here, not {_show(given)}")

    def _miss(self, path: _Path) -> None:
        last = str(path[-1])
        if last == "because":
            self._add("rule-without-claim", path, "a rule needs a claim behind it", "because: [A0-1]")
        elif last == "values" or (last in ("true", "false") and "values" in path):
            self._add("values-missing", path, f"the key {last!r} is missing")
        else:
            self._add("missing-key", path, f"the key {last!r} is missing")

    def _exceed(self, path: _Path) -> None:
        last = str(path[-1])
        if last == "values" and "percent" in path:
            self._add("percent-with-values", path, "a percentage has no named values", "remove them", key=True)
            return
        absent = _list_absent(self.form, path[:-1], _find_node(self.node, path[:-1]))
        self._add("unknown-key", path, f"no such key: {last!r}", suggest(last, absent), key=True)

    def _mismatch(self, path: _Path, given: object, context: dict[str, Any]) -> None:
        pattern = str(context.get("pattern", ""))
        is_key = path[-1:] == ("[key]",)
        path = path[:-1] if is_key else path
        if isinstance(given, str) and (acting := _ACTING.search(given)):
            message = f"this text contains the control character {acting[0]!r}"
            self._add("control-character", path, message, "write the text on one line", key=is_key)
        elif not pattern or pattern == TEXT:
            self._add("empty-text", path, "a text is expected here, without spaces around it", key=is_key)
        elif "{64}" in pattern:
            self._add("bad-fingerprint", path, "64 hexadecimal digits in small letters are expected here")
        else:
            hint = "small letters, digits and " + ("-" if "(?:-" in pattern else "_")
            if "A-Z" in pattern:
                hint = "such as A0-12" if "-[0-9]" in pattern else "such as A0"
            self._add("name-not-an-id", path, f"{given!r} is not written as a name here", hint, key=is_key)

    def _mistype(self, path: _Path, given: object, kind: str, message: str) -> None:
        expected = _EXPECTED.get(kind)
        if expected is None:
            self._add("wrong-type", path, message[:1].lower() + message[1:])
            return
        hint = ""
        if path[-2:] == ("at_least", "number"):
            expected = "a value or a number"
        if expected == "text" and path[-2:-1] == ("names",) and isinstance(given, bool):
            hint = f"a flag or a finding is tested outside a list: write {str(given).lower()}"
        elif expected == "text" and {"when", "unless", "asked_if"} & set(path):  # no value's name looks like a number
            if path[-1] == "at_most" and type(given) in (int, float):
                hint = f"for a percentage, {WRITTEN[Kind.PERCENT]}"
            elif "asked_if" in path:
                hint = "a premise is a fact with listed values"
        elif expected == "text" and isinstance(given, bool | int | float):
            shown = str(given).lower() if isinstance(given, bool) else str(given)
            hint = f'write "{shown}"'
        elif expected == "a list" and isinstance(given, str) and given.lower() not in ("", "~", "null"):
            hint = f"write [{given}]"
        elif expected == "a number":
            hint = guess_number(given)
        self._add("wrong-type", path, f"{expected} is expected here, not {_show(given)}", hint)


def _show(given: object) -> str:
    if isinstance(given, dict | list):
        return "a mapping" if isinstance(given, dict) else "a list"
    if isinstance(given, bool):
        return str(given).lower()
    return show_value(given)


def _find_form(form: FormType, path: Sequence[str | int]) -> type[BaseModel] | None:
    """Return the model of the mapping at the end of pydantic's path, which also names members of unions."""
    arguments = get_args(form)
    if _origin(form) is Annotated:
        return _find_form(arguments[0], path)
    if isinstance(form, type) and issubclass(form, BaseModel):
        if not path:
            return form
        known = form.model_fields.get(str(path[0]))
        return _find_form(known.annotation if known else Test if form is When else None, path[1:])
    if _origin(form) in (list, dict):
        return _find_form(arguments[-1], path[1:]) if path else None
    named = [member for member in arguments if path and path[0] in _tags(member)]
    found = [_find_form(member, path[1:]) for member in named] or [_find_form(member, path) for member in arguments]
    return next(filter(None, found), None)


def _origin(form: FormType) -> object:
    return get_origin(form)


def _tags(member: FormType) -> set[str]:
    if _origin(member) is Annotated:
        return {tag.tag for tag in get_args(member)[1:] if isinstance(tag, Tag)}
    kind = member.model_fields.get("kind") if isinstance(member, type) and issubclass(member, BaseModel) else None
    return set(get_args(kind.annotation)) if kind else set()
