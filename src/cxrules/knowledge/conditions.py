"""What stands under `when` → tests, each held against the kind and the values of its fact."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from cxrules.errors import suggest
from cxrules.knowledge.draft import Draft, Entry
from cxrules.knowledge.reader import Content, Node
from cxrules.language.facts import Fact, Kind
from cxrules.language.rules import AnyOf, Condition, FactTest, FindingTest, Operator

__all__ = ["ConditionReader"]

_FITTING: Final = {
    Kind.ORDERED: (Operator.AT_LEAST, Operator.AT_MOST),
    Kind.CHOICE: (),
    Kind.FLAG: (),
    Kind.PERCENT: (Operator.AT_LEAST, Operator.BELOW),
    Kind.SET: (Operator.INCLUDES_ANY, Operator.INCLUDES_ALL, Operator.LACKS_ALL),
}
_WRITTEN: Final = {
    Kind.ORDERED: "write a value, a list of values, or {at_least: …} or {at_most: …}",
    Kind.CHOICE: "write a value or a list of values",
    Kind.FLAG: "write true or false",
    Kind.PERCENT: "write {at_least: …} or {below: …}",
    Kind.SET: "write {includes_any: […]}, {includes_all: […]} or {lacks_all: […]}",
}
_FULL: Final = 100


class ConditionReader:
    """Reads the conjunctions of one entry.

    Args:
        draft: Everything that was read.
        facts: The facts that are in order.
        entry: A rule or an impossible conjunction.
    """

    def __init__(self, draft: Draft, facts: Mapping[str, Fact], entry: Entry) -> None:
        self.draft, self.facts, self.entry = draft, facts, entry

    def read(self) -> tuple[Condition, ...]:
        """Read the conjunction; what is wrong in it is reported and left out."""
        node = self.entry.node.get("when")
        return tuple(self._read(node, ("when",), alternatives=True)) if node else ()

    def _read(self, node: Node, path: tuple[str | int, ...], *, alternatives: bool) -> list[Condition]:
        found: list[Condition] = []
        assert isinstance(node.content, dict)
        impossible = self.entry.section == "impossible"
        for name, form in node.content.items():
            here = (*path, name)
            if name == "any_of":
                if impossible:
                    self._add("impossible-not-facts", here, "an impossible conjunction has no alternatives", key=True)
                elif not alternatives:
                    self._add("nested-any-of", here, "alternatives stand inside alternatives", key=True)
                elif isinstance(form.content, list):
                    found.append(self._read_alternatives(form.content, here))
            elif name in self.draft.sections["facts"]:
                found += self._read_test(name, form, here)
            elif name in self.draft.sections["findings"]:
                if impossible:
                    self._add("impossible-not-facts", here, f"{name!r} is a finding, no fact", key=True)
                elif form.content is True:
                    found.append(FindingTest(name))
                else:
                    self._add("finding-negated", here, f"{name!r} is a finding, tested for presence only", "write true")
            else:
                self._miss(name, form, here)
        return found

    def _read_alternatives(self, branches: list[Node], path: tuple[str | int, ...]) -> AnyOf:
        alternatives = []
        for index, branch in enumerate(branches):
            if not branch.content:
                self._add("idle-test", (*path, index), "an alternative of nothing always holds")
            alternatives.append(self._read(branch, (*path, index), alternatives=False))
        return AnyOf(tuple(map(tuple, alternatives)))  # type: ignore[arg-type] # no AnyOf in them: see alternatives=False

    def _miss(self, name: str, form: Node, path: tuple[str | int, ...]) -> None:
        if {"facts", "findings"} & self.draft.lost:
            return
        facts, findings = tuple(self.draft.sections["facts"]), tuple(self.draft.sections["findings"])
        if self.entry.section == "impossible":
            self._add("unknown-fact", path, f"no such fact: {name!r}", suggest(name, facts), key=True)
            return
        hint = suggest(name, (*facts, *findings))
        meant = hint.startswith("did you mean") and any(repr(finding) in hint for finding in findings)
        code = "unknown-finding" if meant and form.content is True else "unknown-fact"
        self._add(code, path, f"no such fact or finding: {name!r}", hint, key=True)

    def _read_test(self, name: str, node: Node, path: tuple[str | int, ...]) -> list[FactTest]:
        fact = self.facts.get(name)
        if fact is None:
            return []  # the fact itself is out of order, and that is reported
        content = node.content
        if isinstance(content, dict):
            return self._compare(fact, content, path)
        if fact.kind is Kind.FLAG and isinstance(content, bool):
            return [FactTest(name, Operator.IS, content)]
        if fact.kind in (Kind.ORDERED, Kind.CHOICE):
            return self._choose(fact, content, path)
        code = "wrong-type" if fact.kind is Kind.FLAG and not isinstance(content, list) else "wrong-operator"
        self._add(code, path, f"{name!r} is {_article(fact.kind)}, which is not tested like this", _WRITTEN[fact.kind])
        return []

    def _choose(self, fact: Fact, content: Content, path: tuple[str | int, ...]) -> list[FactTest]:
        if isinstance(content, list):
            chosen = self._names(fact, content, path)
            if len(chosen) == len(fact.values):
                self._refuse_idle(fact.name, path)
            return [FactTest(fact.name, Operator.IN, chosen)]
        return [FactTest(fact.name, Operator.IS, str(content))] if self._is_value(fact, content, path) else []

    def _compare(self, fact: Fact, content: dict[str, Node], path: tuple[str | int, ...]) -> list[FactTest]:
        if not content:
            self._add("idle-test", path, "a test without an operator tests nothing", _WRITTEN[fact.kind])
        tests = {}
        for word, operand in content.items():
            operator, here = Operator(word), (*path, word)
            if operator in _FITTING[fact.kind]:
                if (test := self._compare_one(fact, operator, operand.content, here)) is not None:
                    tests[operator] = test
            else:
                message = f"{fact.name!r} is {_article(fact.kind)}; {word} does not fit"
                self._add("wrong-operator", here, message, _WRITTEN[fact.kind], key=True)
        if _is_empty(fact, tests):
            self._add("empty-test", path, f"no value of {fact.name!r} passes these tests together")
        return [tests[operator] for operator in _FITTING[fact.kind] if operator in tests]

    def _compare_one(
        self, fact: Fact, operator: Operator, content: Content, path: tuple[str | int, ...]
    ) -> FactTest | None:
        if fact.kind is Kind.SET:
            assert isinstance(content, list)
            return FactTest(fact.name, operator, self._names(fact, content, path))
        if fact.kind is Kind.PERCENT:
            number = self._percentage(content, path)
            test = None if number is None else FactTest(fact.name, operator, number)
        else:
            test = FactTest(fact.name, operator, str(content)) if self._is_value(fact, content, path) else None
        if test and _is_idle(fact, test):
            self._refuse_idle(fact.name, path)
        return test

    def _refuse_idle(self, fact: str, path: tuple[str | int, ...]) -> None:
        # An impossible conjunction may well say that a fact has no value at all: who is not in post reports to nobody.
        if self.entry.section != "impossible":
            self._add("idle-test", path, f"every value of {fact!r} passes this test")

    def _percentage(self, given: object, path: tuple[str | int, ...]) -> int | float | None:
        if isinstance(given, bool) or not isinstance(given, int | float):
            self._add("wrong-type", path, f"a number from 0 to 100 is expected here, not {given!r}")
            return None
        if math.isnan(given) or not 0 <= given <= _FULL:
            self._add("value-out-of-range", path, f"a number from 0 to 100 is expected here, not {given}")
            return None
        return int(given) if float(given).is_integer() else given

    def _names(self, fact: Fact, nodes: list[Node], path: tuple[str | int, ...]) -> tuple[str, ...]:
        if not nodes:
            self._add("empty-test", path, "this list is empty, so that no value passes")
        chosen = set()
        for index, node in enumerate(nodes):
            if self._is_value(fact, node.content, (*path, index)):
                if node.content in chosen:
                    self._add("duplicate-value", (*path, index), f"{node.content!r} stands here twice")
                chosen.add(node.content)
        return tuple(name for name in fact.names if name in chosen)

    def _is_value(self, fact: Fact, given: object, path: tuple[str | int, ...]) -> bool:
        if given in fact.names:
            return True
        code = "unknown-value" if isinstance(given, str) else "wrong-type"
        self._add(code, path, f"{fact.name!r} has no value {given!r}", suggest(given, fact.names))
        return False

    def _add(self, code: str, path: tuple[str | int, ...], message: str, hint: str = "", *, key: bool = False) -> None:
        self.draft.report.add(code, self.entry.locate(*path, key=key), message, hint)


def _article(kind: Kind) -> str:
    names = {Kind.ORDERED: "an ordered fact", Kind.PERCENT: "a percentage"}
    return names.get(kind, f"a {kind.value}")


def _is_idle(fact: Fact, test: FactTest) -> bool:
    if fact.kind is Kind.PERCENT:
        return test.operator is Operator.AT_LEAST and test.operand == 0
    return test.operand == fact.names[0 if test.operator is Operator.AT_LEAST else -1]


def _is_empty(fact: Fact, tests: Mapping[Operator, FactTest]) -> bool:
    if fact.kind is Kind.PERCENT:
        low, high = tests.get(Operator.AT_LEAST), tests.get(Operator.BELOW)
        return high is not None and (high.operand == 0 or (low is not None and low.operand >= high.operand))  # type: ignore[operator]
    if fact.kind is Kind.ORDERED:
        low, high = tests.get(Operator.AT_LEAST), tests.get(Operator.AT_MOST)
        return low is not None and high is not None and fact.rank(str(low.operand)) > fact.rank(str(high.operand))
    operands = {operator: set(test.operand) for operator, test in tests.items()}  # type: ignore[arg-type]
    lacked = operands.get(Operator.LACKS_ALL, set())
    wanted = operands.get(Operator.INCLUDES_ANY, set())
    return bool(operands.get(Operator.INCLUDES_ALL, set()) & lacked) or bool(wanted and wanted <= lacked)
