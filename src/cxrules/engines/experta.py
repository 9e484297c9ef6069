"""The reference engine: the rule base as experta's rules and facts, run forward until nothing more fires.

experta is unmaintained and importing it has side effects on the program, so every use goes through
`_import_experta`. Each fact of the vocabulary has its own slot in the working memory: in a shared slot the predicate of
one fact would be given the value of another. An `any_of` becomes an unnamed finding, concluded by one auxiliary rule
for each alternative, because experta multiplies out nested alternatives.
"""

from __future__ import annotations

import collections
import collections.abc
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

from cxrules.language.facts import Fact, Facts, Kind
from cxrules.language.rules import AnyOf, Effect, FactTest, FindingTest, Operand, Operator
from cxrules.late import make_lock
from cxrules.root_logger import protect_root_logger
from cxrules.rulebase import RuleBase

__all__ = ["ExpertaEngine"]

_Experta: TypeAlias = Any
"""The module experta, or an object from it; experta has no types."""

_DOOR = make_lock()
"""Held while experta is imported and while an engine is built: experta keeps caches for the whole process."""


_SHELVES = 16
"""experta shows a new fact to the first test of every pattern of its class: with one class it is three times slower."""


class ExpertaEngine:
    """The engine built on experta. Threads may share it: each gets its own experta engine, built on first use.

    Attributes:
        name: `experta`.
        rulebase: The rule base it was built from.
    """

    name = "experta"

    def __init__(self, rulebase: RuleBase) -> None:
        self.rulebase = rulebase
        self._experta = _import_experta()
        translator = _Translator(self._experta, rulebase)
        self._productions = tuple(translator.translate())
        self._slots = translator.slots
        self._threads = threading.local()

    def match(self, known: Facts) -> int:
        """Return the rules that fire, as the bits of an int."""
        engine = getattr(self._threads, "engine", None)
        if engine is None:
            engine = self._threads.engine = _build(self._experta, self._productions)
        slots = self._slots
        try:
            engine.fired = 0
            engine.reset()
            engine.declare(*[slots[name].fill(value) for name, value in known.items() if name in slots])
            engine.run()
        except BaseException:
            # Interrupted halfway, it would remember half of these facts.
            del self._threads.engine
            raise
        fired: int = engine.fired
        return fired


class _Slot(NamedTuple):
    """The place of one fact or finding in the working memory.

    Attributes:
        shelf: The class of `experta.Fact` that has it.
        name: Its name there, a meaningless one, because a user's name might mean something to experta.
    """

    shelf: _Experta
    name: str

    def fill(self, content: object) -> _Experta:
        """Return an experta fact with this slot only."""
        return self.shelf(**{self.name: content})

    def ask(self, constraint: _Experta) -> _Experta:
        """Return a pattern of this slot."""
        # Captured under the slot's name, since it holds one fact; by default, experta makes a new name and keeps it for
        # ever.
        return self.name << self.fill(constraint)


class _Production(NamedTuple):
    """A rule or an alternative in experta's terms.

    Attributes:
        bit: The bit of the rule; 0 for an alternative.
        patterns: The patterns that must be in the working memory.
        conclusions: The slots of the findings it concludes.
    """

    bit: int
    patterns: tuple[_Experta, ...]
    conclusions: tuple[_Slot, ...]


class _Translator:
    """Translates a rule base into productions.

    Attributes:
        slots: The slots of the facts that rules test.
    """

    def __init__(self, experta: _Experta, rulebase: RuleBase) -> None:
        self._experta = experta
        self._rulebase = rulebase
        self._count = 0
        tested = sorted({name for rule in rulebase.rules.values() for name in rule.facts()})
        self.slots = {name: self._slot() for name in tested}
        self._findings = {name: self._slot() for name in rulebase.findings}

    def translate(self) -> Iterator[_Production]:
        """Return the rules in order, each after its alternatives."""
        for position, rule in enumerate(self._rulebase.rules.values()):
            patterns: list[_Experta] = []
            for condition in rule.when:
                if isinstance(condition, AnyOf):
                    unnamed = self._slot()
                    for alternative in condition.alternatives:
                        yield _Production(0, tuple(map(self._pattern, alternative)), (unnamed,))
                    patterns.append(unnamed.ask(True))
                else:
                    patterns.append(self._pattern(condition))
            findings = tuple(self._findings[name] for name in rule.targets(Effect.FINDING))
            yield _Production(1 << position, tuple(patterns), findings)

    def _slot(self) -> _Slot:
        shelves = _shelves(self._experta)
        self._count += 1
        return _Slot(shelves[self._count % len(shelves)], f"slot_{self._count}")

    def _pattern(self, test: FactTest | FindingTest) -> _Experta:
        if isinstance(test, FindingTest):
            return self._findings[test.finding].ask(True)
        return self.slots[test.fact].ask(self._constraint(test, self._rulebase.vocabulary[test.fact]))

    def _constraint(self, test: FactTest, fact: Fact) -> _Experta:
        operator, operand = test.operator, test.operand
        if operator is Operator.IS:
            return self._experta.L(operand)
        if fact.kind is Kind.ORDERED and operator is not Operator.IN:
            rank = fact.rank(str(operand))
            ranges = {
                Operator.AT_LEAST: fact.names[rank:],
                Operator.AT_MOST: fact.names[: rank + 1],
                Operator.BELOW: fact.names[:rank],
            }
            operator, operand = Operator.IN, ranges[operator]
        return self._experta.P(_predicate(operator, operand))


_TRUTH: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.IN: lambda value, operand: value in operand,
    Operator.AT_LEAST: lambda value, operand: value >= operand,
    Operator.AT_MOST: lambda value, operand: value <= operand,
    Operator.BELOW: lambda value, operand: value < operand,
    Operator.INCLUDES_ANY: lambda value, operand: not set(operand).isdisjoint(value),
    Operator.INCLUDES_ALL: lambda value, operand: set(operand).issubset(value),
    Operator.LACKS_ALL: lambda value, operand: set(operand).isdisjoint(value),
}


@cache
def _predicate(operator: Operator, operand: Operand) -> Callable[[Any], bool]:
    # The same function for the same test: experta compares predicates by identity and forgets none.
    truth = _TRUTH[operator]
    return lambda value: truth(value, operand)


def _build(experta: _Experta, productions: Iterable[_Production]) -> _Experta:
    """Build an experta engine with its own rules: a rule remembers the engine through which it was last reached."""
    with _DOOR:
        members: dict[str, Any] = {
            f"rule_{number}": experta.Rule(*production.patterns)(_action(production))
            for number, production in enumerate(productions)
        }
        members["__matcher__"] = _matcher(experta)
        return type("Engine", (experta.KnowledgeEngine,), members)()


def _action(production: _Production) -> Callable[[_Experta], None]:
    def fire(engine: _Experta) -> None:
        engine.fired |= production.bit
        engine.declare(*[slot.fill(True) for slot in production.conclusions])

    return fire


@cache
def _shelves(experta: _Experta) -> tuple[_Experta, ...]:
    """Return classes of facts over which to spread the slots; a new fact is only tested by patterns of its class."""
    return tuple(type(f"Shelf{number}", (experta.Fact,), {}) for number in range(_SHELVES))


@cache
def _matcher(experta: _Experta) -> _Experta:
    original = experta.KnowledgeEngine.__matcher__

    class Matcher(original):  # type: ignore[valid-type, misc]  # known only once experta is imported
        """A matcher with its own list of nodes, which asks those that changed.

        All engines of a process would share experta's list and take its nodes.
        """

        reset = _empty

        def _get_conflict_set_nodes(self) -> _Experta:
            nodes = self.__dict__.get("nodes")
            if nodes is None:
                nodes = self.nodes = original._get_conflict_set_nodes.__wrapped__(self)  # noqa: SLF001 - what is kept
            return nodes

        def changes(self, adding: _Experta = None, deleting: _Experta = None) -> tuple[list[_Experta], list[_Experta]]:
            for fact in deleting or ():
                self.root_node.remove(fact)
            for fact in adding or ():
                self.root_node.add(fact)
            added: list[_Experta] = []
            removed: list[_Experta] = []
            for node in self._get_conflict_set_nodes():
                if node.added or node.removed:  # few of them; experta empties them all, and takes three times as long
                    more, fewer = node.get_activations()
                    added += more
                    removed += fewer
            return added, removed

    return Matcher


def _empty(matcher: _Experta) -> None:
    """Empty every node of a matcher's network once; experta empties a node once for every path to it."""
    nodes = vars(matcher).get("network")
    if nodes is None:
        nodes = matcher.network = _list_nodes(matcher.root_node)
    for node in nodes:
        node._reset()  # noqa: SLF001 - what experta's `reset` does to the node itself


def _list_nodes(root: _Experta) -> tuple[_Experta, ...]:
    """Return every node of a network."""
    found: dict[int, _Experta] = {}
    ahead = [root]
    while ahead:
        node = ahead.pop()
        if id(node) not in found:
            found[id(node)] = node
            ahead += [child.node for child in node.children]
    return tuple(found.values())


def _import_experta() -> _Experta:
    """Import experta without side effects on the program.

    Raises:
        ImportError: If experta or one of its dependencies is not installed.
    """
    with _DOOR:
        known = sys.modules.get("experta")
        if hasattr(known, "KnowledgeEngine"):
            return known
        try:
            with _quietly(), protect_root_logger(), _lending("Mapping"):
                # experta/__init__.py hides which dependency is missing; its module `engine` does not.
                import_module("experta.engine")
                experta = import_module("experta")
        except ImportError as error:
            raise ImportError("the experta engine needs an extra: pip install cxrules[experta]") from error
        _hush(import_module("experta.watchers"))
        return experta


@contextmanager
def _lending(*names: str) -> Iterator[None]:
    """Restore in `collections`, for this import, the names that frozendict 1.2 needs and Python 3.10 removed."""
    lent = {name: getattr(collections.abc, name) for name in names if not hasattr(collections, name)}
    vars(collections).update(lent)
    try:
        yield
    finally:
        for name in lent:
            vars(collections).pop(name, None)


@contextmanager
def _quietly() -> Iterator[None]:
    """Ignore the warnings of these old packages only, because other threads share the filters meanwhile."""
    with warnings.catch_warnings():
        # A module that is being compiled is known by its path.
        warnings.filterwarnings("ignore", module=r"(.*[/\\])?(experta|frozendict|schema)\b")
        yield


def _hush(watchers: _Experta) -> None:
    """Keep experta from reporting every step, with the facts in it, to a host that logs at level INFO or DEBUG."""
    for name in watchers.ALL:
        watcher = getattr(watchers, name)
        if watcher.level == logging.NOTSET:
            watcher.setLevel(logging.WARNING)
