"""Reads lines that are exactly as the log writes them, without decoding them.

Deciding again needs the facts of a record and compares the rest with what would be written today. So bytes are
compared, and a line is decoded only if its record is asked for, or if it differs from the log's own way of writing,
even by a space.
"""

from __future__ import annotations

import re
from typing import Final

from cxrules.decision_log import lines
from cxrules.decision_log.again.fact_sheet import Stationer
from cxrules.decision_log.entries import DecisionLine, Sight
from cxrules.decision_log.record import DecisionRecord

__all__ = ["begin", "look"]

_TEXT: Final = rb'"[ !#-\[\]-~]*+"'
_NUMBER: Final = rb"-?+(?:0|[1-9]\d{0,14}+)(?:\.\d{1,17}+)?+(?:e-\d\d)?+"
_LABEL: Final = rb"(?:" + _TEXT + rb"|true|false|null|" + _NUMBER + rb")"
_HEAD: Final = re.compile(
    rb'\{"kind":"decision","format":2,"id":"[ !#-\[\]-~]++","time":"'
    + lines.TIME.encode()
    + rb'","cxrules":"([ !#-\[\]-~]*+)",'
    rb'"revision":"([ !#-\[\]-~]*+)","facts":\{(?:"|(?=\}))'
)
_ANSWER: Final = re.compile(
    rb'\},"model":(?:null|' + _TEXT + rb'),"status":"(?:recommended|contested|undetermined)",'
    rb'(?:"reason":"(?:nothing_known|too_little|all_excluded)",)?+"certainty":(?:0\.\d{1,17}+|1\.0),'
    rb'"fired":"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?+"'
    rb'(?:,"digest":' + _TEXT + rb')?+(?:,"duration":(?!-)' + _NUMBER + rb")?+"
    rb'(?:,"labels":\{(?:' + _TEXT + rb":" + _LABEL + rb"(?:," + _TEXT + rb":" + _LABEL + rb")*+)?+\})?+"
    rb'(?:,"trace_id":' + _TEXT + rb')?+(?:,"span_id":' + _TEXT + rb")?+"
    rb'(?:,"chain":\{"n":\d{1,15}+,"prev":' + _TEXT + rb',"hash":' + _TEXT + rb"\})?+\}\n"
)
"""The text after the facts in a record that hides nothing and has no digest of the whole answer."""


def begin(text: bytes) -> re.Match[bytes] | None:
    """Match the beginning of a line, up to its facts: the version of cxrules, and the digits of the revision."""
    return _HEAD.match(text)


def look(text: bytes, head: re.Match[bytes], revision: str, stationer: Stationer) -> Sight | None:
    """Return what the line says after its beginning; None unless all of it is as the log writes it."""
    start = head.end()
    end = text.find(b"}", start)
    codes = stationer.read_text(text[start:end])
    if codes is None or not _ANSWER.fullmatch(text, end):
        return None
    return Sight(text, revision, head[1].decode(), codes, end, _decode)


def _decode(text: bytes) -> DecisionRecord:
    parsed = lines.parse(text)
    assert isinstance(parsed, DecisionLine)
    return parsed.record
