"""The targets of `make fuzz`: everything that reads input, with valid input to spoil."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from cxrules import Advisor, InvalidKnowledge, InvalidOrganisation, RuleBase
from cxrules.consultation.dialogue import Consultation
from cxrules.consultation.typed_answers import UnclearAnswerError, read_answer
from cxrules.decision_log import DecisionLog, InvalidMasking, LogReader, Masking, apply_masking, make_record, replay
from cxrules.files.answer_file import change_text
from cxrules.files.organisation_file import interpret
from cxrules.knowledge.diagnostic_codes import MistakeCollector
from cxrules.knowledge.reader import parse_text

ROOT = Path(__file__).resolve().parents[1]
SEEDS = ROOT / "tests" / "data" / "fuzz"
SMALL = ROOT / "tests" / "data" / "small_base"


class Target(NamedTuple):
    """A target: valid input, and what reads it.

    Attributes:
        seeds: Valid input.
        read: Reads one input; any exception not in `documented` breaks the contract.
        documented: The exceptions that are answers.
        share: How often it is tried, relative to the others.
    """

    seeds: tuple[str, ...]
    read: Callable[[str], None]
    documented: tuple[type[Exception], ...]
    share: int


@cache
def small() -> RuleBase:
    """Return a small rule base."""
    return RuleBase.load(SMALL)


@cache
def small_advisor() -> Advisor:
    """Return its advisor."""
    return Advisor(small())


@cache
def builtin() -> Advisor:
    """Return the built-in advisor."""
    return Advisor()


def read_organisation(text: str) -> None:
    """Read a file about an organisation."""
    held = interpret(text, "x", builtin().rulebase.vocabulary)
    advice = builtin().recommend(held.facts)
    assert dict(advice.facts) == held.facts


def read_values(text: str) -> None:
    """Python values as a caller could pass them: any JSON values under any keys."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        plain = {"maturity": text, text: 1}
    advice = builtin().recommend(plain)
    assert builtin().recommend(dict(advice.facts)) == advice


def read_canonical(text: str) -> None:
    """Read a rule base in canonical form."""
    rulebase = RuleBase.from_json(text)
    assert rulebase.to_json() == text
    advice = Advisor(rulebase).recommend({})
    assert advice.explain("full")
    assert rulebase.strata


def read_meaning(text: str) -> None:
    """The canonical form in its right layout, so that only its content is spoilt."""
    from cxrules.language import canonical

    try:
        plain = json.loads(text)
        sections = [f"{json.dumps(key)}:{canonical._write_section(value)}" for key, value in plain.items()]  # noqa: SLF001
    except (ValueError, RecursionError, AttributeError):
        return
    read_canonical("{\n" + ",\n".join(sections) + "\n}\n")


def read_knowledge(text: str) -> None:
    """Load a file on top of a rule base."""
    file = _file("knowledge.yaml", text)
    rulebase = RuleBase.load(file, base=small())
    assert RuleBase.from_json(rulebase.to_json()) == rulebase
    Advisor(rulebase).recommend({})


def read_yaml(text: str) -> None:
    """Read YAML or JSON, whatever it says."""
    report = MistakeCollector()
    node = parse_text(text, "x.yaml", report)
    assert node is not None or report


def read_log(text: str) -> None:
    """Read a log, and decide again."""
    file = _file("log.jsonl", text)
    for entry in LogReader(file):
        assert str(entry)
    for outcome in replay(LogReader(file)):
        assert outcome.line


def read_consultation(text: str) -> None:
    """Read and change the file of a consultation."""
    judge = small_advisor().judge
    held = interpret(text, "x", judge.rulebase.vocabulary)
    talk = Consultation(judge, held.facts, list(held.skipped))
    changed: dict[str, Any] = dict.fromkeys(list(held.facts)[:1])
    if talk.fact is not None:
        fact = judge.rulebase.vocabulary[talk.fact]
        changed[fact.name] = read_answer(fact, "50" if fact.kind == "percent" else "1")
    try:
        change_text(text, judge.rulebase.vocabulary, changed, ["soil"])
    except InvalidOrganisation:
        raise AssertionError("what could be read cannot be read again") from None
    except ValueError:
        pass  # a layout in which single facts cannot be changed, which is reported and loses nothing


def read_typed(text: str) -> None:
    """Read what is typed in a consultation."""
    for fact in small().vocabulary.facts.values():
        with contextlib.suppress(UnclearAnswerError):
            assert fact.examine(read_answer(fact, text)) is not None


def read_masks(text: str) -> None:
    """Mask a record."""
    masking = Masking(mask=text.split("\n"), erase=text.split(",")[1:])
    masking.check(small())
    advice = small_advisor().recommend(soil="dry", budget_share=50)
    apply_masking(masking, make_record(advice), small_advisor().judge)


def read_frame(text: str) -> None:
    """Decide on a table."""
    import pyarrow as pa

    try:
        plain = json.loads(text)
        table = pa.Table.from_pylist(plain if isinstance(plain, list) else [plain])
    except Exception:  # noqa: BLE001 - not a table, so nothing to try
        return
    answer = builtin().recommend_frame(table, on_error="null")
    assert answer.num_rows == table.num_rows


@cache
def application() -> Any:
    """Return the server, and the loop that it runs in."""
    from asyncio import Runner

    from cxrules.web.app import create_app
    from cxrules.web.limits import Limits

    return create_app(builtin(), limits=Limits(search=0.2, deciding=0.5)), Runner()


def read_http(text: str) -> None:
    """Send a body to the endpoint in the first line."""
    path, _, body = text.partition("\n")
    post(path, body.encode("utf-8", "surrogatepass"))


def post(path: str, body: bytes) -> tuple[int, Any]:
    """Send a body, and return the status and what is answered."""
    server, runner = application()
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    runner.run(
        server(scope | {"raw_path": b"", "root_path": "", "http_version": "1.1", "scheme": "http"}, receive, send)
    )
    status = sent[0]["status"]
    answer = json.loads(b"".join(message.get("body", b"") for message in sent[1:]))
    assert status == 200 or (status in {404, 405, 413, 422} and answer["message"]), status
    return status, answer


def read_table(text: str) -> None:
    """Send a table, with its name in the first line, and compare the result with that of the command."""
    import csv
    import io
    from base64 import b64encode

    from cxrules.columns.files import FORMATS, open_table
    from cxrules.columns.frames import Asked, FrameJudge, NamedBatch
    from cxrules.columns.layout import ALL

    name, _, content = text.partition("\n")
    packed = name.endswith(".parquet")
    sent = content.encode("latin-1", "replace") if packed else content.encode("utf-8", "surrogatepass")
    status, answer = post("/page/table", json.dumps({"name": name, "base64": b64encode(sent).decode()}).encode())
    ending = next((each for each in FORMATS if name.endswith(each)), "")
    if not ending:
        return
    file = _file(f"table{ending}", "")
    file.write_bytes(sent)
    frames = FrameJudge(builtin().tables, Asked(None, ALL, brief=True, file=True))
    models: list[str | None] = []
    try:
        with open_table(file) as table:
            for _, answers in frames.read(NamedBatch(table.names, *batch) for batch in table.batches):
                models += [] if answers is None else answers["model"].to_pylist()
    except ValueError:
        return
    if status == 200:
        shown = [row["model"] or None for row in csv.DictReader(io.StringIO(answer["csv"], newline=""))]
        assert shown == models, "the page and the command disagree"


def list_targets() -> dict[str, Target]:
    """Return what is tried, by name. What needs a package that is not installed is left out."""
    known = {"maturity": "early", "silos": "severe", "retention_budget_share": 15, "transformation_goal": True}
    known |= {"marketing_journey_coverage": ["loyalty", "retention"], "ceo_involvement": None}
    organisations = (*_seeds("organisation"), json.dumps(known), json.dumps({"facts": known, "note": "="}, indent=1))
    values = (json.dumps(known), json.dumps({name: [value] for name, value in known.items()}))
    knowledge = (*_seeds("knowledge"), *(path.read_text(encoding="utf-8") for path in sorted(SMALL.rglob("*.yaml"))))
    canonical = (small().to_json(),)
    org, know = (InvalidOrganisation,), (InvalidKnowledge,)
    targets = {
        "organisation": Target(organisations, read_organisation, org, 20),
        "values": Target(values, read_values, org, 30),
        "json": Target(canonical, read_canonical, know, 5),
        "meaning": Target(canonical, read_meaning, know, 8),
        "knowledge": Target(knowledge, read_knowledge, know, 2),
        "yaml": Target(knowledge, read_yaml, (), 3),
        "log": Target((_make_log(),), read_log, (), 2),
        "consult": Target(_seeds("consult"), read_consultation, org, 5),
        "typed": Target(("1", "dry, wet", "12,5 %", "none", "The sun", "yes"), read_typed, (), 20),
        "masks": Target(_seeds("masks"), read_masks, (InvalidMasking,), 15),
    }
    if find_spec("fastapi"):
        targets["http"] = Target(_seeds("http"), read_http, (), 5)
    if find_spec("pyarrow"):
        targets["frame"] = Target((json.dumps([known, known]),), read_frame, org, 2)
    if find_spec("fastapi") and find_spec("pyarrow"):
        targets["table"] = Target((*_seeds("table"), f"t.parquet\n{_make_parquet()}"), read_table, (), 5)
    return targets


def _seeds(name: str) -> tuple[str, ...]:
    return tuple(path.read_bytes().decode("utf-8", "surrogatepass") for path in sorted((SEEDS / name).iterdir()))


def _make_log() -> str:
    file = _file("seed.jsonl", "")
    file.unlink()
    with DecisionLog(file) as log:
        log.write(small_advisor().recommend(soil="dry"))
        log.write(small_advisor().recommend(soil="wet", budget_share=50), labels={"customer": "x"})
    return file.read_text(encoding="utf-8")


def _make_parquet() -> str:
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({"silos": ["severe", None], "retention_budget_share": [15.5, 20.0], "company": ["A", "=B"]})
    file = pa.BufferOutputStream()
    parquet.write_table(table, file, compression="gzip")
    return str(file.getvalue().to_pybytes(), "latin-1")


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    shared = Path("/dev/shm")  # noqa: S108 - a separate folder in it with an unpredictable name
    return tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None)


def clear_folder() -> None:
    """Remove the files that were written to be read."""
    _folder().cleanup()
    _folder.cache_clear()


def _file(name: str, text: str) -> Path:
    path = Path(_folder().name) / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path
