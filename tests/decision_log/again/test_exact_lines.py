"""Lines that are read without decoding give the same result as decoded ones, whichever byte is changed."""

import pickle
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrules import Advisor, RuleBase
from cxrules.decision_log import DecisionLog, Logged, LogReader, assess_impact, context, replay
from cxrules.decision_log.again import bulk
from cxrules.decision_log.again.bulk import Bulks
from cxrules.decision_log.lines import parse
from tests.rulebases import organisations, random_organisations, readable_rulebases

BUILTIN = RuleBase.builtin()
LABELS: dict[str, Any] = {"who": "Élise", "n": 1, "x": -2.5, "flag": True, "none": None}
BYTES = [bytes([byte]) for byte in b'"{}[]:,.019e\\ -~\xff']


def write_log(path: Path, advisor: Advisor, many: list[dict[str, Any]], **options: Any) -> list[bytes]:
    with DecisionLog(path, **options) as log:
        for number, known in enumerate(many):
            with context(labels=LABELS if number % 3 == 1 else {}, trace_id="t" if number % 2 else None):
                log.write(advisor.recommend(known), duration=0.25 if number % 2 else None)
    return path.read_bytes().splitlines(keepends=True)


def see(path: Path) -> list[Logged]:
    """Return the decisions after the first, read as they are once their rule base is compiled."""
    reader = LogReader(path)
    bulks = Bulks(reader)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "_WORTHWHILE", 1)
        list(bulks.list_groups(list(islice(reader, 1))))
    return [entry for entry in islice(reader.entries(bulks.look), 1, None) if isinstance(entry, Logged)]


@pytest.mark.parametrize("chained", [False, True])
def test_what_the_log_writes_is_not_decoded(tmp_path: Path, chained: bool) -> None:
    many = [known for known, _ in zip(random_organisations(BUILTIN, 3), range(30), strict=False)]
    lines = write_log(tmp_path / "log", Advisor(), [*many, {}], chained=chained)
    logged = see(tmp_path / "log")
    assert len(logged) == 30
    for entry, line in zip(logged, lines[2:], strict=True):
        # Texts that JSON escapes are left to its decoder.
        assert (entry.sight is None) == (b"\\u" in line)
        assert pickle.loads(pickle.dumps(entry)) == entry  # noqa: S301 - our own
        parsed = parse(line)
        assert parsed is not None
        assert (entry.record, entry.answer) == parsed
        assert entry.cxrules == entry.record["cxrules"]


@given(data=st.data())
@settings(max_examples=settings().max_examples // 2)
def test_lines_with_a_byte_added_removed_or_changed(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rulebase = data.draw(readable_rulebases())
    path = tmp_path_factory.mktemp("log") / "log"
    chained = data.draw(st.booleans())
    lines = write_log(
        path, Advisor(rulebase), data.draw(st.lists(organisations(rulebase), min_size=4, max_size=6)), chained=chained
    )
    for _ in range(data.draw(st.integers(0, 2))):
        number = data.draw(st.integers(2, len(lines) - 1))
        line, place = lines[number], data.draw(st.integers(0, len(lines[number]) - 1))
        put = data.draw(st.sampled_from([b"", line[place : place + 1] * 2, *BYTES]))
        lines[number] = line[:place] + put + line[place + 1 :]
    if data.draw(st.booleans()):  # a fact that is written twice
        head, found, rest = lines[-1].partition(b'"facts":{')
        member, comma, others = rest.partition(b",")
        lines[-1] = head + found + member + b"," + member + comma + others
    path.write_bytes(b"".join(lines))

    def read(least: int) -> list[object]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bulk, "_WORTHWHILE", least)
            return [*replay(LogReader(path)), *assess_impact(LogReader(path), rulebase)]

    assert read(1) == read(1_000_000)
