"""The peers: engines that answer which rules fire, each on its own translation of the same rule base."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol

from cxrules.engines import create_engine
from cxrules.language.facts import Facts
from cxrules.policy.decider import Decider
from cxrules.rulebase import RuleBase
from tests.oracle import OracleEngine

__all__ = ["PEERS", "Peer", "PeerEngine", "Program", "disagreements", "list_left_out", "list_peers", "make_peer"]


class Program(Protocol):
    """A rule base in a peer's own terms."""

    def prepare(self, known: Facts) -> Any:
        """Return an organisation in the form that the peer takes."""
        ...

    def match(self, prepared: Any) -> object:
        """Return which rules fire, in the form that takes the peer the least time."""
        ...

    def fire(self, prepared: Any) -> Sequence[str]:
        """Return the ids of the rules that fire, in any order."""
        ...


class Native:
    """An engine of cxrules, or the oracle, as a program."""

    def __init__(self, rulebase: RuleBase, engine: str) -> None:
        self.engine = OracleEngine(rulebase) if engine == "oracle" else create_engine(engine, rulebase)
        self.match, self._names = self.engine.match, Decider(rulebase).names
        self._read, self._validate = getattr(self.engine, "read", lambda _: None), rulebase.vocabulary.validate

    def prepare(self, known: Facts) -> Facts:
        """Return the facts as they are."""
        return known

    def fire(self, prepared: Facts) -> Sequence[str]:
        """Match, and name what fired."""
        return self._names(self.match(prepared))

    def identify(self, given: Mapping[str, object]) -> Sequence[str]:
        """Validate facts, match, and name what fired."""
        read = self._read(given)
        return self._names(self.match(self._validate(given)) if read is None else read[1])


class Peer(NamedTuple):
    """One contender.

    Attributes:
        name: What it is called in tables.
        package: What it is installed from.
        module: What is imported of it.
        third_party: Whether others wrote the engine and it does not need cxrules to run.
        returns: Its own result.
        make: Translates a rule base.
        takes_json: Whether it takes facts as JSON has them, nothing prepared.
    """

    name: str
    package: str
    module: str
    third_party: bool
    returns: str
    make: Callable[[RuleBase], Program]
    takes_json: bool = False

    @property
    def lacks(self) -> str:
        """What is missing to run it; empty if nothing is."""
        if find_spec(self.module) is None:
            return f"{self.package} is not installed"
        if self.module == "drools":
            from bench.drools import has_java

            return "" if has_java() else "there is no Java runtime"
        return ""


def _translated(name: str, **options: Any) -> Callable[[RuleBase], Program]:
    """Return a factory of a class, given as `module:class`; the module is imported on the first call."""
    module, _, attribute = name.partition(":")

    def make(rulebase: RuleBase) -> Program:
        program: Program = getattr(import_module(f"bench.{module}"), attribute)(rulebase, **options)
        return program

    return make


_TRACE = "fired rules; each table's input, output and rows"
PEERS = (
    Peer("cxrules bitmap", "cxrules", "cxrules", False, "fired rules", lambda rulebase: Native(rulebase, "bitmap")),
    Peer(
        "datalogic-py",
        "datalogic-py",
        "datalogic_py",
        True,
        "true or false",
        _translated("jsonlogic:JsonLogicProgram"),
        True,
    ),
    Peer("CEL", "common-expression-language", "cel", True, "true or false", _translated("cel_list:CelProgram")),
    Peer("zen-engine", "zen-engine", "zen", True, "fired rules", _translated("zen:ZenProgram"), True),
    Peer("zen-engine, trace", "zen-engine", "zen", True, _TRACE, _translated("zen:ZenProgram", trace=True), True),
    Peer("CLIPS (clipspy)", "clipspy", "clips", True, "fired rules", _translated("clips:ClipsProgram")),
    Peer(
        "Drools (drools-jpy)",
        "drools-jpy",
        "drools",
        True,
        "fired rules and the facts",
        _translated("drools:DroolsProgram"),
    ),
    Peer("naive oracle", "cxrules", "cxrules", False, "fired rules", lambda rulebase: Native(rulebase, "oracle")),
    Peer("OPA Rego (regopy)", "regopy", "regopy", True, "fired rules", _translated("rego:RegoProgram")),
    Peer("cxrules experta", "experta", "experta", True, "fired rules", lambda rulebase: Native(rulebase, "experta")),
    Peer(
        "rule-engine",
        "rule-engine",
        "rule_engine",
        True,
        "true or false",
        _translated("rule_engine_list:RuleEngineProgram"),
        True,
    ),
)
"""Every contender; the first is what the others are compared with."""


def list_peers() -> list[Peer]:
    """Return the contenders that can run here."""
    return [peer for peer in PEERS if not peer.lacks]


def list_left_out() -> list[str]:
    """Return for each contender that cannot run here its name and why."""
    return [f"{peer.name} ({peer.lacks})" for peer in PEERS if peer.lacks]


def make_peer(name: str, rulebase: RuleBase) -> Program:
    """Translate a rule base for one of `PEERS`.

    Raises:
        ImportError: If what the peer needs is not installed.
    """
    return next(peer for peer in PEERS if peer.name == name).make(rulebase)


class PeerEngine:
    """A peer used as an engine of cxrules, so that the same code decides on the rules it fires."""

    def __init__(self, rulebase: RuleBase, name: str, program: Program) -> None:
        self.rulebase = rulebase
        self.name = name
        self._program = program
        self._bits = {rule: 1 << bit for bit, rule in enumerate(rulebase.rule_ids)}

    def match(self, known: Facts) -> int:
        """Return the rules that fire, as the bits of an int."""
        bits = self._bits
        return sum([bits[rule] for rule in self._program.fire(self._program.prepare(known))])


def disagreements(one: Program, other: Program, organisations: Sequence[Facts]) -> list[Facts]:
    """Return the organisations for which two programs do not fire the same rules, each rule once."""
    return [
        known
        for known in organisations
        if sorted(one.fire(one.prepare(known))) != sorted(other.fire(other.prepare(known)))
    ]
