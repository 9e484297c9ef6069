"""The content of `when` → conditions, with operands as they were given. Checks of meaning come later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from cxrules.knowledge.node import Node
from cxrules.language.condition_checks import WRITTEN, normalise
from cxrules.language.facts import Fact
from cxrules.language.rules import AnyOf, Condition, FactTest, FindingTest, Operator

__all__ = ["read_conditions"]

_Path: TypeAlias = tuple[str | int, ...]
Refuse: TypeAlias = Callable[[str, _Path, str, str], None]


def read_conditions(
    node: Node, facts: Mapping[str, Fact], names: Collection[str], refuse: Refuse
) -> tuple[Condition, ...]:
    """Read a well-formed conjunction.

    Args:
        node: The content of `when`.
        facts: The facts without mistakes, whose tests are put in normal form.
        names: The names of all facts.
        refuse: Called with what cannot become a condition: a code, the path below the node, a message and a hint.
    """
    return tuple(_read(node, (), facts, names, refuse))


def _read(
    node: Node, path: _Path, facts: Mapping[str, Fact], names: Collection[str], refuse: Refuse
) -> list[Condition]:
    found: list[Condition] = []
    assert isinstance(node.content, dict)
    for name, form in node.content.items():
        here = (*path, name)
        content: Any = form.content
        if name == "any_of" and isinstance(content, list):
            branches = [
                tuple(_read(branch, (*here, index), facts, names, refuse)) for index, branch in enumerate(content)
            ]
            found.append(AnyOf(tuple(branches)))  # type: ignore[arg-type] # an AnyOf inside is reported later
        elif isinstance(content, dict):
            if not content and name in facts:
                refuse("idle-test", here, "a test without an operator tests nothing", WRITTEN[facts[name].kind])
            tests = {Operator(word): operand.plain() for word, operand in content.items()}
            found += [_test(name, operator, tests[operator], facts) for operator in Operator if operator in tests]
        elif content is True and name not in names:
            found.append(FindingTest(name))
        else:
            operator = Operator.IN if isinstance(content, list) else Operator.IS
            found.append(_test(name, operator, form.plain(), facts))
    return found


def _test(name: str, operator: Operator, operand: Any, facts: Mapping[str, Fact]) -> FactTest:
    test = FactTest(name, operator, tuple(operand) if isinstance(operand, list) else operand)
    return normalise(test, facts[name]) if name in facts else test
