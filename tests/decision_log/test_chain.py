"""A chained log: verification names every later change."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrules import Advisor, RuleBase
from cxrules.decision_log import Breach, DecisionLog, Head, Logged, LogReader, Masking, replay, verify_chain
from cxrules.decision_log.rotation import head_path
from tests import ROOT
from tests.line_count import count_lines

ADVISOR = Advisor(RuleBase.load(ROOT / "tests" / "data" / "small_base"))
ORGANISATIONS: list[dict[str, Any]] = [{"soil": "dry"}, {}, {"place": "desk", "budget_share": 12.5}, {"soil": "wet"}]


@pytest.fixture(scope="module")
def chained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rule base and eight decisions: the links 1 to 9."""
    path = tmp_path_factory.mktemp("chained") / "log"
    with DecisionLog(path, chained=True) as log:
        for number in range(8):
            log.write(ADVISOR.recommend(ORGANISATIONS[number % 4]), id=f"d-{number}", labels={"n": number})
        assert log.head().number == 9
    return path


def copy(chained: Path, folder: Path, lines: list[bytes] | None = None) -> Path:
    path = folder / "log"
    path.write_bytes(chained.read_bytes() if lines is None else b"".join(lines))
    head_path(path).write_bytes(head_path(chained).read_bytes())
    return path


def found(path: Path, head: Head | None = None) -> list[tuple[int, str]]:
    return [(finding.line, str(finding.breach)) for finding in verify_chain(LogReader(path), head)]


def test_a_chained_log_is_whole_and_can_be_read(chained: Path) -> None:
    assert found(chained) == []
    outcomes = list(replay(LogReader(chained)))
    assert len(outcomes) == 8
    assert not any(getattr(outcome, "differences", True) for outcome in outcomes)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: lines[:3] + lines[4:], [(4, "missing")]),
        (lambda lines: lines[:3] + lines[6:], [(4, "missing")]),
        (lambda lines: lines[1:], [(1, "missing")]),
        (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], [(4, "reordered")]),
        (lambda lines: [*lines[:2], *lines[3:], lines[2]], [(9, "reordered")]),
        (lambda lines: [*lines[:4], lines[3], *lines[4:]], [(5, "duplicated")]),
        (lambda lines: [*lines, lines[3]], [(10, "duplicated")]),
        (lambda lines: lines[:-1], [(0, "truncated")]),
        (lambda lines: lines[:-4], [(0, "truncated")]),
        (lambda lines: [*lines[:-1], lines[-1][:-40]], [(0, "truncated")]),
        (lambda lines: [*lines[:4], lines[4].replace(b'"n":3', b'"n":4', 1), *lines[5:]], [(5, "altered")]),
        (lambda lines: [*lines[:4], lines[4].replace(b'"id":"d-3"', b'"id":"d-x"'), *lines[5:]], [(5, "altered")]),
        (lambda lines: [*lines[:4], lines[4].replace(b"T", b" ", 1), *lines[5:]], [(5, "altered")]),
        (lambda lines: [*lines[:4], b"\n", *lines[4:]], []),
        (lambda lines: [*lines[:4], b"hello\n", *lines[4:]], [(5, "foreign")]),
        (lambda lines: [*lines[:4], b"x" * (1 << 21) + b"\n", *lines[4:]], [(5, "foreign")]),
        (lambda lines: [*lines[:4], b"hello\n", b"you\n", *lines[5:]], [(5, "altered"), (6, "foreign")]),
        (lambda lines: [*lines[:4], b"hello\n", *lines[6:]], [(5, "altered"), (6, "missing")]),
        (lambda lines: [*lines, b"hello\n"], [(10, "foreign")]),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], [(9, "altered")]),
        (lambda lines: [*lines[:2], lines[8], *lines[2:8]], [(3, "reordered")]),
        (lambda lines: [*lines[:4], lines[4][:9] + b"\n" + lines[4][9:], *lines[5:]], [(5, "altered"), (6, "altered")]),
        (lambda lines: [line.replace(b"\n", b"\r\n") for line in lines], [(line, "altered") for line in range(1, 10)]),
        (lambda lines: lines[:0], [(0, "truncated")]),
    ],
)
def test_every_kind_of_change_is_named(
    chained: Path, tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], told: list[tuple[int, str]]
) -> None:
    lines = chained.read_bytes().splitlines(keepends=True)
    assert found(copy(chained, tmp_path, change(lines))) == told


@given(st.data())
def test_a_flipped_bit_anywhere_is_named(chained: Path, tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    content = bytearray(chained.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    path = copy(chained, tmp_path_factory.mktemp("flipped"), [bytes(content)])
    told = found(path)
    assert told
    line = chained.read_bytes()[:place].count(b"\n") + 1
    assert told[0][0] in (line, line + 1, 0), "that line, or the next if two became one, or the end"


def test_every_bit_of_the_last_line_and_the_first_link(chained: Path, tmp_path: Path) -> None:
    content = chained.read_bytes()
    rng = random.Random(7)
    last = content.rindex(b"\n", 0, -1) + 1
    for place in rng.sample(range(last, len(content)), 60):
        changed = bytearray(content)
        changed[place] ^= 1 << rng.randrange(8)
        assert found(copy(chained, tmp_path, [bytes(changed)])), place


def test_a_flipped_bit_of_the_head_is_named(chained: Path, tmp_path: Path) -> None:
    path = copy(chained, tmp_path)
    head = head_path(path).read_bytes()
    for place in range(len(head)):
        for bit in range(8):
            changed = bytearray(head)
            changed[place] ^= 1 << bit
            head_path(path).write_bytes(changed)
            assert found(path), (place, bit)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The lines of another chain, a longer one."""
    path = tmp_path_factory.mktemp("other") / "log"
    with DecisionLog(path, chained=True) as log:
        for number in range(11):
            log.write(ADVISOR.recommend(ORGANISATIONS[number % 4]), id=f"o-{number}")
    return path.read_bytes().splitlines(keepends=True)


@given(st.data())
def test_one_change_is_named_where_it_is_and_nothing_else(
    chained: Path, other: list[bytes], tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    lines = chained.read_bytes().splitlines(keepends=True)
    here, there = (data.draw(st.integers(0, 8)) for _ in range(2))
    alien = data.draw(st.sampled_from(other[2:]))  # not the second line, which follows the same rule base in both logs
    left = [*lines[:here], *lines[here + 1 :]]
    changes: dict[str, tuple[list[bytes], set[str]]] = {
        "removed": (left, {"missing", "truncated"}),
        "repeated": ([*lines[:there], lines[here], *lines[there:]], {"duplicated"}),
        "moved": ([*left[:there], lines[here], *left[there:]], {"reordered"} if here != there else set()),
        "inserted": ([*lines[:here], alien, *lines[here:]], {"foreign"}),
        "replaced": ([*lines[:here], alien, *lines[here + 1 :]], {"foreign", "missing", "truncated"}),
        "appended": ([*lines, alien], {"foreign", "missing"}),  # it may have followed lines that were removed
        "scribbled": ([*lines[:here], b"?\n", *lines[here:]], {"foreign"}),
        "blotted": ([*lines[:here], b"?\n", *lines[here + 1 :]], {"altered"}),
    }
    name = data.draw(st.sampled_from(sorted(changes)))
    changed, breaches = changes[name]
    told = found(copy(chained, tmp_path_factory.mktemp("changed"), changed))
    assert bool(told) == bool(breaches)
    assert {breach for _, breach in told} <= breaches
    assert len(told) <= (3 if name == "replaced" else 1)
    if name in ("inserted", "scribbled", "blotted"):
        assert told[0][0] == here + 1


def test_a_head_noted_earlier_must_match_the_record_of_its_number(chained: Path) -> None:
    for number, line in enumerate(chained.read_bytes().splitlines(), 1):
        noted = Head(number, json.loads(line)["chain"]["hash"])
        assert found(chained, noted) == []
        assert found(chained, Head(number, "0" * 64)) == [(number, "foreign")]


def test_the_line_after_a_rehashed_one_does_not_follow(chained: Path, tmp_path: Path) -> None:
    from cxrules.decision_log.chain import link

    lines = chained.read_bytes().splitlines(keepends=True)
    before = json.loads(lines[3])["chain"]
    bare = lines[4][: lines[4].rindex(b',"chain"')].replace(b'"n":3', b'"n":4') + b"}\n"
    forged, _ = link(bare, Head(before["n"], before["hash"]))
    assert found(copy(chained, tmp_path, [*lines[:4], forged, *lines[5:]])) == [(6, "foreign")]


def test_a_rewritten_chain_does_not_match_a_head_kept_elsewhere(chained: Path, tmp_path: Path) -> None:
    noted = Head(9, json.loads(chained.read_bytes().splitlines()[-1])["chain"]["hash"])
    path = tmp_path / "log"
    with DecisionLog(path, chained=True) as log:
        for number in range(8):
            log.write(ADVISOR.recommend(), id=f"d-{number}")
    assert found(path) == []
    assert found(path, noted) == [(9, "foreign")]
    assert found(chained, noted) == []
    with DecisionLog(path, chained=True) as log:
        log.write(ADVISOR.recommend())
    assert found(path, Head(11, noted.hash)) == [(0, "truncated")]


def test_a_missing_head_is_reported(chained: Path, tmp_path: Path) -> None:
    path = copy(chained, tmp_path)
    for text in (b"", b"hello", b"9 abc\n"):
        head_path(path).write_bytes(text)
        assert found(path) == [(0, str(Breach.NO_HEAD))]
    head_path(path).unlink()
    assert found(path) == [(0, str(Breach.NO_HEAD))]


def test_the_chain_continues_after_damage(chained: Path, tmp_path: Path) -> None:
    path = copy(chained, tmp_path)
    for torn in (b'{"kind":"decision","format":2,"id":"lo', b"{"):
        with path.open("ab") as file:
            file.write(torn)
        with DecisionLog(path, chained=True) as log:
            log.write(ADVISOR.recommend())
    assert found(path) == [], "torn lines are noted in the chain"
    assert sum(isinstance(entry, Logged) for entry in LogReader(path)) == 10
    # If the last line was altered before the next writer came, that line alone is named.
    content = path.read_bytes()
    path.write_bytes(content[:-30] + b"?" + content[-29:])
    with DecisionLog(path, chained=True) as log:
        log.write(ADVISOR.recommend())
        log.write(ADVISOR.recommend())
    assert [breach for _, breach in found(path)] == ["altered"]


def test_a_torn_note_of_a_torn_line_is_noted_with_it(chained: Path, tmp_path: Path) -> None:
    path = copy(chained, tmp_path)
    with path.open("ab") as file:
        file.write(b'{"kind":"decision","format":2,"id":"lo\n{"kind":"torn","for')
    with DecisionLog(path, chained=True) as log:
        log.write(ADVISOR.recommend())
    assert found(path) == []
    assert {getattr(entry, "trouble", "fine") for entry in LogReader(path)} == {"torn", "fine"}
    # A note must match the torn line.
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"id":"lo', b'"id":"la'))
    assert [breach for _, breach in found(path)] == ["altered", "altered"]
    path.write_bytes(b"".join(line for line in content.splitlines(keepends=True) if b'"id":"lo' not in line))
    assert [breach for _, breach in found(path)] == ["altered"]
    lines = content.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:9], *lines[11:]]))
    assert [breach for _, breach in found(path)] == ["missing"], "the torn line that the note is about"


def test_a_log_is_chained_throughout_or_not_at_all(chained: Path, tmp_path: Path) -> None:
    path = copy(chained, tmp_path)
    with DecisionLog(path) as log, pytest.raises(ValueError, match="open it with chained=True"):
        log.write(ADVISOR.recommend())
    plain = tmp_path / "plain"
    with DecisionLog(plain) as log:
        log.write(ADVISOR.recommend())
        with pytest.raises(ValueError, match="not chained"):
            log.head()
    before = plain.read_bytes()
    with DecisionLog(plain, chained=True) as log, pytest.raises(ValueError, match="open it without chained=True"):
        log.write(ADVISOR.recommend())
    assert plain.read_bytes() == before
    with pytest.raises(ValueError, match="is not chained"):
        list(verify_chain(LogReader(plain)))
    assert found(tmp_path / "log") == []
    (tmp_path / "empty").write_bytes(b"")
    assert found(tmp_path / "empty") == []


def test_many_processes_write_one_chain(tmp_path: Path) -> None:
    import os

    path = tmp_path / "log"
    children = []
    with DecisionLog(path, chained=True) as log:
        log.write(ADVISOR.recommend())
        for _ in range(4):
            process = os.fork()
            if process == 0:
                for _ in range(25):
                    log.write(ADVISOR.recommend(soil="dry"))
                os._exit(0)
            children.append(process)
        for _ in range(25):
            log.write(ADVISOR.recommend(soil="wet"))
        assert all(os.waitpid(process, 0)[1] == 0 for process in children)
        assert log.head().number == 127
    assert found(path) == []


def test_masked_records_are_chained_as_written(tmp_path: Path) -> None:
    with DecisionLog(tmp_path / "log", chained=True, masking=Masking(mask=["facts.soil"])) as log:
        log.write(ADVISOR.recommend(soil="dry"))
    assert found(tmp_path / "log") == []
    assert b"dry" not in (tmp_path / "log").read_bytes().splitlines()[1]


def test_a_log_with_many_gaps_is_verified_in_linear_time(tmp_path: Path) -> None:
    """Ten thousand gaps are kept; a look at each of them for each line would take minutes."""

    def verify(number: int) -> int:
        path = tmp_path / str(number)
        with DecisionLog(path, chained=True) as log:
            for _ in range(number):
                log.write(ADVISOR.recommend())
        kept = path.read_bytes().splitlines(keepends=True)[::2]
        path.write_bytes(b"".join([*kept, *kept]))
        return count_lines(lambda: found(path))

    assert verify(240) < 5 * verify(60)
