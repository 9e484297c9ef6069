"""The expected result of a case: what is wrong with how it is written, and how a recommendation differs from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from cxrules.errors import show_value, suggest
from cxrules.language.mistakes import Mistake, Path
from cxrules.language.rules import Effect
from cxrules.policy.decision import Reason, Status
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase

__all__ = ["EXPECTED", "find_faults", "find_mistakes"]

_NAMES: Final[Mapping[str, tuple[str, Callable[[Recommendation], set[str]]]]] = {
    "rejected": (
        "models",
        lambda advice: {row.model for row in advice.ranking if row.excluded or row.missing or row.points <= 0},
    ),
    "excluded": ("models", lambda advice: {row.model for row in advice.ranking if row.excluded}),
    "open": ("models", lambda advice: {row.model for row in advice.ranking if not row.excluded}),
    "set_aside": ("models", lambda advice: {row.model for row in advice.ranking if row.set_aside_by}),
    "findings": ("findings", lambda advice: set(advice.findings)),
    "recognises": ("patterns", lambda advice: set(advice.patterns)),
    "accompanies": ("accompaniments", lambda advice: set(advice.accompaniments)),
    "actions": ("actions", lambda advice: {action.id for action in advice.actions}),
    "warnings": ("warnings", lambda advice: {warning.id for warning in advice.warnings}),
    "fires": ("rules", lambda advice: set(advice.fired)),
    "cites": ("claims", lambda advice: set(advice.cites)),
    "dissent": ("claims", lambda advice: set(advice.dissent)),
    "support": ("claims", lambda advice: set(advice.support)),
    "concludes": (
        "actions",
        lambda advice: {
            action for rule in advice.fired for action in advice.rulebase.rules[rule].targets(Effect.ACTION)
        },
    ),
    "advice_cites": ("claims", lambda advice: {claim for action in advice.actions for claim in action.claims}),
}
_NOT: Final = {"silent": "fires", **{f"{name}_not": name for name in _NAMES if name not in ("fires", "open")}}
_BY_MODEL: Final = {"missing": "findings", "excluded_by": "rules", "set_aside_by": "rules"}
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {"status": tuple(Status), "reason": tuple(Reason)}
_PAIR: Final = 2

EXPECTED: Final = (*_NAMES, *_NOT, "model", "status", "reason", "ahead", "rests_on", *_BY_MODEL, "points")
"""Everything that a case may expect."""


def find_mistakes(expect: Mapping[str, Any], rulebase: RuleBase | None = None) -> Iterator[Mistake]:
    """Report what is wrong with how an expected result is written.

    Args:
        expect: The expected result.
        rulebase: The rule base whose names it may contain; without one, names are not looked up.
    """
    reader = _ExpectedReader(rulebase)
    for key, value in expect.items():
        if key not in EXPECTED:
            yield Mistake("unknown-key", (key,), f"no such key: {show_value(key)}", suggest(key, EXPECTED), key=True)
        else:
            yield from reader.check(key, value)


class _ExpectedReader:
    """Checks each part of an expected result, by the names of a rule base."""

    def __init__(self, rulebase: RuleBase | None) -> None:
        self._rulebase = rulebase

    def check(self, key: str, value: Any) -> Iterator[Mistake]:
        """Report what is wrong with the value of one key."""
        path = (key,)
        if key in _WORDS:
            yield from _check_word(value, path, _WORDS[key], or_null=key == "reason")
        elif key == "model":
            yield from self._check_models(value, path)
        elif key == "ahead":
            yield from self._check_pairs(value, path)
        elif key == "rests_on":
            yield from self._check_rests_on(value, path)
        elif key in ("points", *_BY_MODEL):
            yield from self._check_by_model(key, value, path)
        else:
            yield from self._check_names(value, path, _NAMES[_NOT.get(key, key)][0])

    def _check_models(self, value: Any, path: Path) -> Iterator[Mistake]:
        if isinstance(value, list | tuple):
            if not value:
                yield Mistake("empty-list", path, "no model is acceptable here", "write null if none is recommended")
            for index, name in enumerate(value):
                if name is not None:
                    yield from self._check_name(name, (*path, index), "models")
        elif value is not None:
            yield from self._check_name(value, path, "models")

    def _check_pairs(self, value: Any, path: Path) -> Iterator[Mistake]:
        if not isinstance(value, list | tuple) or not value:
            yield Mistake("wrong-type", path, "ahead is a list of pairs of models", "such as [[a, b]]")
            return
        if all(isinstance(name, str) for name in value):
            hint = f"write [[{', '.join(value)}]]" if len(value) == _PAIR else "write [[a, b]]"
            yield Mistake("wrong-type", path, "ahead is a list of pairs of models, not of models", hint)
            for index, name in enumerate(value):
                yield from self._check_name(name, (*path, index), "models")
            return
        for index, pair in enumerate(value):
            if not isinstance(pair, list | tuple) or len(pair) != _PAIR:
                yield Mistake("wrong-type", (*path, index), "a pair of models is expected here", "such as [a, b]")
                continue
            for place, name in enumerate(pair):
                yield from self._check_name(name, (*path, index, place), "models")

    def _check_rests_on(self, value: Any, path: Path) -> Iterator[Mistake]:
        if not isinstance(value, Mapping) or not value:
            yield Mistake("wrong-type", path, "rests_on is a mapping from actions and warnings to claims")
            return
        for name, claims in value.items():
            if self._rulebase is not None and name not in {**self._rulebase.actions, **self._rulebase.warnings}:
                known = (*self._rulebase.actions, *self._rulebase.warnings)
                message = f"no such action or warning: {show_value(name)}"
                yield Mistake("unknown-key", (*path, name), message, suggest(name, known), key=True)
            yield from self._check_names(claims, (*path, name), "claims")

    def _check_by_model(self, key: str, value: Any, path: Path) -> Iterator[Mistake]:
        if not isinstance(value, Mapping) or not value:
            what = "numbers" if key == "points" else _BY_MODEL[key]
            yield Mistake("wrong-type", path, f"{key} is a mapping from models to {what}")
            return
        for model, wanted in value.items():
            here = (*path, model)
            if self._rulebase is not None and model not in self._rulebase.models:
                known = tuple(self._rulebase.models)
                yield Mistake(
                    "unknown-key", here, f"no such model: {show_value(model)}", suggest(model, known), key=True
                )
            if key != "points":
                yield from self._check_names(wanted, here, _BY_MODEL[key])
            elif not isinstance(wanted, int) or isinstance(wanted, bool):
                yield Mistake("wrong-type", here, f"a whole number is expected here, not {show_value(wanted)}")

    def _check_names(self, value: Any, path: Path, section: str) -> Iterator[Mistake]:
        if not isinstance(value, list | tuple):
            yield from self._check_name(value, path, section)
            return
        if not value:
            yield Mistake("empty-list", path, "this list expects nothing", "leave the key out")
        for index, name in enumerate(value):
            yield from self._check_name(name, (*path, index), section)

    def _check_name(self, name: Any, path: Path, section: str) -> Iterator[Mistake]:
        noun = section[:-1]
        named: Mapping[str, Any] = {} if self._rulebase is None else getattr(self._rulebase, section)
        if not isinstance(name, str):
            yield Mistake(
                "wrong-type", path, f"a name is expected here, not {show_value(name)}", suggest(name, (*named,))
            )
        elif self._rulebase is not None and name not in named:
            yield Mistake(f"unknown-{noun}", path, f"no such {noun}: {show_value(name)}", suggest(name, (*named,)))


def _check_word(value: Any, path: Path, words: Sequence[str], *, or_null: bool) -> Iterator[Mistake]:
    if value not in words and not (or_null and value is None):
        known = tuple(map(str, words))
        message = f"{show_value(value)} is not one of the words allowed here"
        yield Mistake("unknown-word", path, message, suggest(value, known))


def find_faults(advice: Recommendation, expect: Mapping[str, Any]) -> Iterator[str]:
    """Describe how a recommendation differs from what a case expects, and what cannot be expected at all.

    Names are not looked up: what must not be there and does not exist is no fault. `run_cases` refuses such a case.
    """
    wrong = {}
    for mistake in find_mistakes(expect):
        wrong[mistake.path[0]] = True
        yield f"{'.'.join(map(str, mistake.path))}: {mistake.message}"
    expect = {name: value for name, value in expect.items() if name not in wrong}
    yield from _find_outcome_faults(advice, expect)
    for name, (_, read) in _NAMES.items():
        if name in expect and (lacking := set(_listed(expect[name])) - read(advice)):
            yield f"{name}: {', '.join(sorted(lacking))} not there"
    for name, other in _NOT.items():
        if name in expect and (present := set(_listed(expect[name])) & _NAMES[other][1](advice)):
            yield f"{name}: {', '.join(sorted(present))} there"
    claims = {advised.id: set(advised.claims) for advised in (*advice.actions, *advice.warnings)}
    for advised, wanted in expect.get("rests_on", {}).items():
        if lacking := set(_listed(wanted)) - claims.get(advised, set()):
            yield f"{advised} does not rest on {', '.join(sorted(lacking))}"
    yield from _find_faults_of_models(advice, expect)


def _find_outcome_faults(advice: Recommendation, expect: Mapping[str, Any]) -> Iterator[str]:
    if "model" in expect and advice.model not in (wanted := _listed(expect["model"])):
        yield f"model {advice.model}, not {' or '.join(map(str, wanted))}"
    for name in _WORDS:
        if name in expect and getattr(advice, name) != expect[name]:
            yield f"{name} {getattr(advice, name)}, not {expect[name]}"


def _find_faults_of_models(advice: Recommendation, expect: Mapping[str, Any]) -> Iterator[str]:
    rows = {row.model: row for row in advice.ranking}
    pairs = [tuple(pair) for pair in expect.get("ahead", [])]
    named = {name for key in ("points", *_BY_MODEL) for name in expect.get(key, {})}
    for name in sorted({*named, *(name for pair in pairs for name in pair)} - set(rows)):
        yield f"no such model: {name}"
    for model, points in expect.get("points", {}).items():
        if model in rows and rows[model].points != points:
            yield f"{model} has {rows[model].points} points, not {points}"
    for name in _BY_MODEL:
        for model, wanted in expect.get(name, {}).items():
            if model in rows and (lacking := set(_listed(wanted)) - set(getattr(rows[model], name))):
                yield f"{model}: {name} lacks {', '.join(sorted(lacking))}"
    for first, second in pairs:
        if first in rows and second in rows and rows[first].points <= rows[second].points:
            yield f"{first} ({rows[first].points}) is not ahead of {second} ({rows[second].points})"


def _listed(value: Any) -> list[Any]:
    return [*value] if isinstance(value, list | tuple) else [value]
