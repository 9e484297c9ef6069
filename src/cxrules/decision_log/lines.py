"""Reads a line of a log: its record, or what is wrong with it. Records of format 1 are returned as format 2."""

from __future__ import annotations

import json
import re
from binascii import Error as NoBase64
from binascii import a2b_base64
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from functools import cache, partial
from hashlib import sha256
from math import inf, isfinite
from operator import itemgetter
from typing import Any, Final, NoReturn, TypeAlias, cast

from cxrules.decision_log.entries import DecisionLine, Faulty, RuleBaseLine, TornLine, Trouble, UnreadableLine
from cxrules.decision_log.record import ABSENT, FORMAT, LONGEST_LINE, LONGEST_RULEBASE, REVISION_DIGITS, DecisionRecord
from cxrules.decision_log.recorded_answer import unpack_bits
from cxrules.errors import show_text

__all__ = ["TIME", "decode", "find_noted", "parse"]

Parsed: TypeAlias = DecisionLine | RuleBaseLine | TornLine | UnreadableLine | None


def parse(text: bytes) -> Parsed:
    """Read a line; None for an empty one.

    Raises:
        Faulty: If it is not a record.
    """
    if not text:
        message = f"the line is longer than {LONGEST_LINE >> 20} MiB, or {LONGEST_RULEBASE >> 20} for a rule base"
        raise Faulty(Trouble.TOO_LONG, message)
    stripped = text.strip()
    if not stripped:
        return None
    if len(text) > LONGEST_LINE and not _FLAT.fullmatch(stripped):
        raise Faulty(Trouble.NOT_A_RECORD, "the line is long but not a rule base")
    stripped = stripped.removeprefix(BOM_UTF8)
    try:
        record = decode(stripped)
    except (ValueError, RecursionError) as error:
        if stripped.startswith(_START) or _START.startswith(stripped):
            ended = isinstance(error, json.JSONDecodeError) and _ends_early(error, len(stripped))
            return UnreadableLine(ended)
        raise Faulty(Trouble.NOT_JSON, "this is not JSON") from None
    if not isinstance(record, dict):
        raise Faulty(Trouble.NOT_A_RECORD, "this JSON is not a record of a decision log")
    kind, version = record.get("kind"), record.get("format")
    if kind not in _KINDS:
        raise Faulty(Trouble.NOT_A_RECORD, "this JSON is not a record of a decision log")
    if type(version) is not int or not 1 <= version <= FORMAT:
        message = f"the record is of version {_show(version)}; this cxrules reads versions 1 to {FORMAT}"
        raise Faulty(Trouble.OTHER_FORMAT, message)
    if kind == "decision":
        return _read_lean(record) if version == FORMAT else _read_first(record)
    return _read_rulebase(record) if kind == "rulebase" else _read_torn(record)


_START: Final = b'{"kind":"'
_KINDS: Final = ("decision", "rulebase", "torn")
_FLAT: Final = re.compile(
    rb'\{"kind":"rulebase"(?:,"\w++":(?:"(?:[^"\\]++|\\.)*+"|\d{1,15}+))*+(?:,"chain":\{[^{}\[\]]{0,250}+\})?+\}'
)
"""The form in which long lines are read: texts and short numbers, which take no more memory than the line."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


@cache
def _load_decoder() -> Callable[[bytes], Any]:
    from pydantic_core import from_json

    return partial(from_json, allow_inf_nan=False, cache_strings="keys")  # values hardly ever recur


def decode(text: bytes) -> Any:
    """Decode JSON in half the time that `json` takes; if the fast way fails, `json` decides and locates the mistake."""
    try:
        return _load_decoder()(text)
    except ValueError:
        return _DECODER.decode(text.decode())


def _ends_early(error: json.JSONDecodeError, size: int) -> bool:
    return error.pos >= size or error.msg.startswith(("Unterminated string", "Invalid \\escape: '", "Invalid \\u"))


def _show(value: object) -> str:
    return show_text(json.dumps(value), 60)


def _refuse(record: str, wrong: list[str], how: str) -> NoReturn:
    raise Faulty(Trouble.NOT_A_RECORD, f"the record of a {record} {how} {', '.join(wrong)}")


def _read_rulebase(record: dict[str, Any]) -> RuleBaseLine:
    canonical, revision = record.get("canonical"), record.get("revision")
    if not isinstance(canonical, str) or not isinstance(revision, str):
        raise Faulty(Trouble.NOT_A_RECORD, "the record of a rule base lacks its revision or its canonical form")
    if sha256(canonical.encode(errors="replace")).hexdigest() != revision:
        message = f"the rule base is not of the revision it claims, {_show(revision[:12])}"
        raise Faulty(Trouble.ALTERED_RULEBASE, message)
    return RuleBaseLine(revision, canonical)


def _read_torn(record: dict[str, Any]) -> TornLine:
    if type(record.get("bytes")) is not int or not isinstance(record.get("sha256"), str):
        _refuse("torn line", [name for name in ("bytes", "sha256") if name in record] or ["bytes"], "has a wrong")
    return TornLine(record["bytes"], record["sha256"])


def find_noted(note: TornLine, texts: Sequence[bytes]) -> int | None:
    """Return the first of the lines before a note that it is about, or None; it may be about the last one only."""
    length = sum(map(len, texts)) - 1  # without the end of the last line
    for start, text in enumerate(texts):
        if length == note.bytes and sha256(b"".join(texts[start:])[:-1]).hexdigest() == note.sha256:
            return start
        length -= len(text)
    return None


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_time(value: object) -> bool:
    return type(value) is str and _TIME.fullmatch(value) is not None


TIME: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
"""A time as `write_time` writes it, so that times compare as texts."""
_TIME: Final = re.compile(TIME)


def _is_text_or_none(value: object) -> bool:
    return value is None or type(value) is str


def _is_texts(value: object) -> bool:
    return type(value) is list and all(type(item) is str for item in value)


def _is_share(value: object) -> bool:
    return value is None or (type(value) in (int, float) and 0 <= value <= 1)  # type: ignore[operator]


def _is_seconds(value: object) -> bool:
    return value is None or (type(value) in (int, float) and 0 <= value < inf)  # type: ignore[operator]


def _is_labels(value: object) -> bool:
    return type(value) is dict and all(
        item is None or type(item) in (str, bool, int) or (type(item) is float and isfinite(item))
        for item in value.values()
    )


def _is_bits(value: object) -> bool:
    if value is None:
        return True
    if type(value) is not str:
        return False
    try:
        unpack_bits(value)
    except (NoBase64, ValueError):
        return False
    return True


_STATUSES: Final = frozenset({"recommended", "contested", "undetermined", None})
_REASONS: Final = frozenset({"nothing_known", "too_little", "all_excluded", None})


def _is_status(value: object) -> bool:
    return _is_text_or_none(value) and value in _STATUSES


def _is_reason(value: object) -> bool:
    return _is_text_or_none(value) and value in _REASONS


def _is_mapping(value: object) -> bool:
    return type(value) is dict


def _is_name(value: object) -> bool:
    return type(value) is str and value != ""


_ALIKE: Final = {
    "id": _is_name,
    "time": _is_time,
    "cxrules": _is_text,
    "facts": _is_mapping,
    "model": _is_text_or_none,
    "status": _is_status,
    "certainty": _is_share,
}
_MAY_LACK: Final = {
    "engine": _is_text,
    "reason": _is_reason,
    "digest": _is_text_or_none,
    "duration": _is_seconds,
    "labels": _is_labels,
    "trace_id": _is_text_or_none,
    "span_id": _is_text_or_none,
    "answer_sha256": _is_text_or_none,
    "explanation_sha256": _is_text_or_none,
    "masked": _is_texts,
    "erased": _is_texts,
}
_REQUIRED: Final = {**_ALIKE, "revision": _is_text, "fired": _is_bits}
_LEAN: Final = {**_REQUIRED, **_MAY_LACK}


def _read_lean(record: dict[str, Any]) -> DecisionLine:
    try:
        usual = _is_usual(*_read_required(record))
    except (KeyError, TypeError, ValueError):
        usual = False
    fields = _MAY_LACK if usual else _LEAN
    for name, value in record.items():
        if name in fields and not fields[name](value):
            _refuse_fields(record, _REQUIRED, _MAY_LACK)
    if not usual and not (_REQUIRED.keys() <= record.keys() and not _list_unanswered(record)):
        _refuse_fields(record, _REQUIRED, _MAY_LACK)
    for name, absent, fresh in _ABSENT:
        if name not in record:
            record[name] = fresh() if fresh else absent
    record.pop("chain", None)
    return DecisionLine(cast("DecisionRecord", record), None)


_read_required: Final = itemgetter(*_REQUIRED)
_ABSENT: Final = [(name, value, type(value) if type(value) in (list, dict) else None) for name, value in ABSENT.items()]


def _is_usual(  # noqa: PLR0913, PLR0917 - the required fields in their order
    id_: object,
    time: object,
    version: object,
    facts: object,
    model: object,
    status: object,
    certainty: object,
    revision: object,
    fired: object,
) -> bool:
    """Return whether the mandatory fields are as the log writes them, without masking, as in most lines."""
    return (
        type(id_) is type(version) is type(revision) is type(fired) is str
        and id_ != ""
        and _is_time(time)
        and type(facts) is dict
        and (model is None or type(model) is str)
        and status is not None
        and status in _STATUSES
        and type(certainty) is float
        and 0 <= certainty <= 1
        and a2b_base64(fired, strict_mode=True) is not None
    )


_ANSWERED: Final = ("status", "certainty", "fired")
"""What every decision has, so that it is null only where it is hidden."""


def _list_unanswered(record: dict[str, Any]) -> list[str]:
    hidden = {*record.get("masked", ()), *record.get("erased", ())}
    return [name for name in _ANSWERED if record[name] is None and name not in hidden]


def _refuse_fields(record: dict[str, Any], required: dict[str, Any], optional: dict[str, Any]) -> NoReturn:
    missing = sorted(required.keys() - record.keys())
    if missing:
        _refuse("decision", missing, "lacks")
    fields = {**required, **optional}
    _refuse(
        "decision",
        [name for name, fits in fields.items() if name in record and not fits(record[name])]
        or _list_unanswered(record),
        "has the wrong kind of",
    )


# -- format 1 ----------------------------------------------------------------------------------------------------------

_FIRST_ANSWER: Final = (
    *("ranking", "voices", "findings", "accompaniments", "patterns", "actions", "warnings", "support", "dissent"),
)


def _is_rulebase(value: object) -> bool:
    return type(value) is dict and type(value.get("revision")) is str and type(value.get("name")) is str


def _is_ids(value: object) -> bool:
    return value is None or _is_texts(value)


def _is_rows(value: object) -> bool:
    return value is None or (type(value) is list and all(type(row) is dict for row in value))


def _is_voices(value: object) -> bool:
    return value is None or (type(value) is dict and all(type(row) is dict for row in value.values()))


def _is_flag(value: object) -> bool:
    return type(value) is bool


_FIRST: Final = {
    **_ALIKE,
    **{name: fits for name, fits in _MAY_LACK.items() if name not in ("digest", "answer_sha256")},
    **dict.fromkeys(_FIRST_ANSWER, _is_ids),
    "ranking": _is_rows,
    "voices": _is_voices,
    "fired": _is_ids,
    "rulebase": _is_rulebase,
    "replayable": _is_flag,
}


def _read_first(record: dict[str, Any]) -> DecisionLine:
    for name, fits in _FIRST.items():
        if name not in record or not fits(record[name]):
            _refuse_fields(record, _FIRST, {})
    if _list_unanswered(record):
        _refuse_fields(record, _FIRST, {})
    answer = {name: record.pop(name) for name in _FIRST_ANSWER}
    revision = record.pop("rulebase")["revision"][:REVISION_DIGITS]
    del record["replayable"]
    known = {name: record[name] for name in DecisionRecord.__annotations__ if name in record}
    whole = cast("DecisionRecord", {**known, "revision": revision, "digest": None, "answer_sha256": None})
    return DecisionLine(whole, answer)
