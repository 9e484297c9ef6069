"""The rule base: everything in the knowledge files, immutable, with its strata and its revision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cxrules.document import Block, Paragraph, Table, Told, mark_name
from cxrules.errors import Diagnostic, InvalidKnowledge, no_such, show_value
from cxrules.language.coherence import Coherence
from cxrules.language.facts import Facts
from cxrules.language.rulebase_parts import Parts
from cxrules.language.rules import (
    CHOOSING,
    AnyOf,
    Condition,
    Effect,
    FactTest,
    FindingTest,
    Impossible,
)
from cxrules.late import dataclass, make_lock

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RuleBase", "read_data"]


# The loader refuses these too, but the rule base still has a meaning, so a change that leaves one behind can be tried.
_MEANINGFUL = frozenset(
    {
        "bad-fingerprint",
        "contradictory-conclusions",
        "duplicate-key",
        "duplicate-value",
        "empty-list",
        "empty-test",
        "empty-text",
        "finding-never-concluded",
        "idle-test",
        "name-not-an-id",
        "not-evidence",
        "reserved-name",
        "wrong-operator",
    }
)
_AROUND_NAMES = " \t\n“”\"'"
_COUNTED = ("sources", "claims", "rules", "findings", "models", "accompaniments", "patterns", "actions", "warnings")


@dataclass(frozen=True, eq=False)
class RuleBase(Parts, Told):
    """A rule base, ready to be compiled by an engine: its parts, and what follows from them.

    Two rule bases are equal when their revisions are. `dataclasses.replace` makes another rule base, with another
    revision; whether it makes sense is checked when an advisor is made of it.
    """

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleBase) and self.revision == other.revision

    def __hash__(self) -> int:
        return hash(self.revision)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restore, (self.to_json(),))

    def __repr__(self) -> str:
        return f"RuleBase({self.name!r}, {len(self.rules)} rules, revision {self.revision[:12]})"

    def tell(self) -> tuple[Block, ...]:
        """Return its name, and how many rules, claims, facts and models it has."""
        parts = {"facts": self.vocabulary.facts, **{name: getattr(self, name) for name in _COUNTED}}
        rows = tuple((name, str(len(part))) for name, part in parts.items())
        about = Paragraph(f"The rule base {mark_name(self.name)}, revision {self.revision[:12]}.")
        return (about, Table(("part", "number"), rows))

    @classmethod
    def builtin(cls) -> RuleBase:
        """Return the rule base that comes with the package.

        Examples:
            >>> RuleBase.builtin().name
            'cxrules'
        """
        return _make_builtin()

    @classmethod
    def load(cls, *paths: str | Path, base: RuleBase | None = None) -> RuleBase:
        """Load a rule base from YAML.

        Args:
            paths: Folders or files.
            base: A rule base on which the files are laid: an entry with a new id is added, one with a known id replaces
                the entry there. Without it the files must be a whole rule base.

        Raises:
            InvalidKnowledge: With every mistake, by file, line and column.
        """
        from cxrules import knowledge

        return cls._unflawed(knowledge.load(*paths, base=None if base is None else check_rulebase(base)))

    @classmethod
    def from_json(cls, text: str | bytes) -> RuleBase:
        """Read the canonical form.

        Raises:
            InvalidKnowledge: If the text is not a rule base in canonical form, or makes no sense: with every mistake,
                worded as for YAML.
            TypeError: If it is not a text.
        """
        from cxrules.language import canonical

        if not isinstance(text, str | bytes):
            hint = "; RuleBase.load reads files" if isinstance(text, PathLike) else ""
            raise TypeError(f"the canonical form is a str or bytes, not {show_value(text)}{hint}")
        parts, revision = canonical.read(text)
        return cls._revised(parts, revision)

    def find_model(self, name: object) -> str | None:
        """Return the id of the model that is called so, if there is exactly one.

        Args:
            name: Its id, or its name as texts show it: in any case, with or without quotation marks. An id wins.

        Examples:
            >>> RuleBase.builtin().find_model("“executive owner”")
            'cxo_owned'
        """
        if not isinstance(name, str):
            return None
        if name in self.models:
            return str(name)
        wanted = name.strip(_AROUND_NAMES).casefold()
        found = [model.id for model in self.models.values() if model.name.strip(_AROUND_NAMES).casefold() == wanted]
        return found[0] if len(found) == 1 else None

    def refuse_subject(self, what: str, name: object, others: Iterable[str] = ()) -> ValueError:
        """Internal: return the error for an unknown model or other subject, with what was probably meant."""
        called = [model.name for model in self.models.values()]
        return no_such(what, name, tuple(dict.fromkeys((*self.models, *others))), called)

    def to_json(self) -> str:
        """Write the canonical form: sorted by id, without paths, lines or comments."""
        from cxrules.language import canonical

        return canonical.write(self)

    @classmethod
    def _revised(cls, parts: Parts, revision: str) -> RuleBase:
        """Make a rule base from parts whose revision was computed while they were read."""
        rulebase = cls._unflawed(parts)
        rulebase.__dict__["revision"] = revision  # for cached_property; not a field, so no copy inherits it
        return rulebase

    @classmethod
    def _unflawed(cls, parts: Parts) -> RuleBase:
        """Make a rule base from parts that were checked while they were read."""
        rulebase = cls(**vars(parts))
        rulebase.__dict__["flaws"] = ()  # for cached_property; not a field, so no copy inherits it
        return rulebase

    @cached_property
    def flaws(self) -> tuple[Diagnostic, ...]:
        """Internal: where the parts do not fit together. What was read has none; what was made of parts is checked."""
        from cxrules.language.semantic_checks import list_diagnostics

        return tuple(each for each in list_diagnostics(self) if each.code not in _MEANINGFUL)

    @cached_property
    def revision(self) -> str:
        """The SHA-256 of the canonical form, in hexadecimal."""
        from hashlib import sha256

        return sha256(self.to_json().encode()).hexdigest()

    @cached_property
    def compiled(self) -> Mapping[str, Any]:
        """Internal: what was compiled of it beforehand, by who needs it. Of a rule base that was read it is nothing."""
        return {}

    @cached_property
    def rule_ids(self) -> tuple[str, ...]:
        """The ids of the rules, in id order: bit `i` of a set of fired rules is the rule at index `i`."""
        return tuple(self.rules)

    def serves_model(self, action: str, model: str | None) -> bool:
        """Return whether an action serves a model, or None for where no model is recommended.

        Examples:
            >>> RuleBase.builtin().serves_model("define_cx", None)
            True
        """
        return action not in self.serves or model in self.serves[action]

    @cached_property
    def concluders(self) -> Mapping[str, tuple[str, ...]]:
        """For each finding the rules that conclude it, in id order."""
        found: dict[str, list[str]] = {finding: [] for finding in self.findings}
        for rule in self.rules.values():
            for finding in rule.targets(Effect.FINDING):
                found[finding].append(rule.id)
        return MappingProxyType({finding: tuple(rules) for finding, rules in found.items()})

    @cached_property
    def strata(self) -> tuple[tuple[str, ...], ...]:
        """The rules by stratum: each needs only findings concluded by rules of lower strata.

        Raises:
            graphlib.CycleError: If findings rest on each other. Loading reports it first, so that a loaded rule base
                never raises it.
        """
        from graphlib import TopologicalSorter

        supply = {finding: set(rules) for finding, rules in self.concluders.items()}
        needs = {
            rule.id: {supplier for name in rule.needs() for supplier in supply[name]} for rule in self.rules.values()
        }
        level: dict[str, int] = {}
        for rule_id in TopologicalSorter(needs).static_order():
            level[rule_id] = 1 + max((level[below] for below in needs[rule_id]), default=-1)
        layers: list[list[str]] = [[] for _ in range(1 + max(level.values(), default=-1))]
        for rule_id in self.rules:
            layers[level[rule_id]].append(rule_id)
        return tuple(tuple(layer) for layer in layers)

    @cached_property
    def standing(self) -> frozenset[str]:
        """The standing rules: neither they nor the findings they need test a fact."""
        rules: set[str] = set()
        findings: set[str] = set()
        for layer in self.strata:
            for rule_id in layer:
                if _stands(self.rules[rule_id].when, findings):
                    rules.add(rule_id)
            findings.update(
                name for rule_id in layer if rule_id in rules for name in self.rules[rule_id].targets(Effect.FINDING)
            )
        return frozenset(rules)

    @cached_property
    def tested(self) -> tuple[tuple[str, ...], ...]:
        """For each rule, in id order, the facts that it tests."""
        return tuple([tuple(rule.facts()) for rule in self.rules.values()])

    @cached_property
    def bearing(self) -> frozenset[str]:
        """The rules that bear on the choice of the model, directly or through findings."""
        wanted = {finding for model in self.models.values() for finding in model.requires}
        found: set[str] = set()
        for layer in reversed(self.strata):
            for rule in (self.rules[name] for name in layer):
                if any(each.effect in CHOOSING for each in rule.then) or wanted.intersection(
                    rule.targets(Effect.FINDING)
                ):
                    found.add(rule.id)
                    wanted |= rule.needs()
        return frozenset(found)

    @cached_property
    def coherence(self) -> Coherence:
        """The impossible conjunctions, as masks."""
        return Coherence(self.vocabulary, self.impossible)

    def incoherences(self, known: Facts) -> list[Impossible]:
        """Return the impossible conjunctions that validated facts meet."""
        return list(self.coherence.list(self.coherence.met(known)))


def check_rulebase(given: object) -> RuleBase:
    """Return the rule base that was given.

    Raises:
        TypeError: If it is something else, such as a path.
        InvalidKnowledge: If its parts were put together by the caller and do not fit together.
    """
    if isinstance(given, RuleBase):
        if given.flaws:
            raise InvalidKnowledge(given.flaws)
        return given
    hint = f"; RuleBase.load({show_value(given)}) reads one" if isinstance(given, str | PathLike) else ""
    raise TypeError(f"a RuleBase is expected, not {show_value(given)}{hint}")


def _stands(conditions: tuple[Condition, ...], findings: set[str]) -> bool:
    for condition in conditions:
        if isinstance(condition, FactTest) or (
            isinstance(condition, FindingTest) and condition.finding not in findings
        ):
            return False
        if isinstance(condition, AnyOf) and not any(_stands(branch, findings) for branch in condition.alternatives):
            return False
    return True


def _restore(text: str) -> RuleBase:
    """Make a rule base from pickled data. A pickle can run any code anyway, so nothing is checked."""
    from cxrules.language import canonical

    return RuleBase._revised(*canonical.read(text, trusted=True))  # noqa: SLF001 - its own class


def read_data(name: str) -> bytes:
    """Return a file of the folder `builtin`, even if the package is imported from a zip.

    Args:
        name: `builtin.json`, the rule base in canonical form; or `expectations.json`, what is expected of it.
    """
    from pathlib import Path

    loader: Any = globals()["__loader__"]
    content: bytes = loader.get_data(str(Path(__file__).parent / "builtin" / name))
    return content


class _Unread(RuleBase):
    """The built-in rule base before any part of it is read; then it is a `RuleBase` like others."""

    def __getattr__(self, name: str) -> Any:
        with _READING:
            if type(self) is _Unread:
                from cxrules.language import canonical

                parts, revision = canonical.read(read_data("builtin.json"), trusted=True)
                if revision != self.revision:
                    raise RuntimeError("builtin.json and compiled.py are of different rule bases; `make generate`")
                vars(self).update(vars(parts))
                object.__setattr__(self, "__class__", RuleBase)
        return getattr(self, name)


_READING = make_lock()


@cache
def _make_builtin() -> RuleBase:
    """Make the built-in rule base, once for each process, from what was compiled of it; its parts are read later."""
    from cxrules.builtin.compiled import BITMAP, POLICY, REVISION, RULES

    rulebase = object.__new__(_Unread)
    compiled = MappingProxyType({"bitmap": BITMAP, "policy": POLICY})
    vars(rulebase).update(revision=REVISION, rule_ids=RULES, compiled=compiled, flaws=())
    return rulebase
