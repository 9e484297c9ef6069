"""Masking: what a record must not say, declared as data and applied to a copy.

Hiding a fact hides everything from which it could be read. The rule is one sentence: whatever a masked record shows
follows from the facts it shows, or cannot depend on the others. So the rules shown are those that would have fired had
the hidden facts been unknown; they are among those that fired, because learning a fact never un-fires a rule. Sums of
the evidence (the certainty, and all that readers derive from it) are hidden as soon as any rule that bears on a model
can depend on a hidden fact, whether or not it fired. Digests are hidden with any fact, because there are few enough
values to try them all. The hidden paths depend on the rule base and on what is hidden, not on values. The answer itself
(model, status, reason) is shown, because others were told it, but can be masked like anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Final, cast

from cxrules.decision_log.record import COMPARED, DecisionRecord
from cxrules.decision_log.recorded_answer import pack_bits
from cxrules.errors import SHOWN, Diagnostic, Location, find_almost, list_shown, show_value, suggest
from cxrules.language.facts import FactValue
from cxrules.language.rules import Effect
from cxrules.policy.judge import Judge
from cxrules.rulebase import RuleBase

__all__ = ["InvalidMasking", "Masking", "apply_masking"]

_MAPPINGS: Final = ("facts", "labels")
_DIGESTS: Final = ("digest", "answer_sha256", "explanation_sha256")
_HIDEABLE: Final = (*COMPARED, *_DIGESTS, "duration", "labels", "trace_id", "span_id")


class InvalidMasking(ValueError):
    """A masking names a path that no record has. Nothing is recorded, because it might show what should be hidden.

    Attributes:
        diagnostics: Every mistake found.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__(self.diagnostics)

    def __str__(self) -> str:
        return "no record can be masked like this: " + "; ".join(list_shown(self.diagnostics))


@dataclass(frozen=True)
class Masking:
    """What records must not say.

    A path is a field of the record, such as `duration` or `fired`; one fact or label, such as `facts.silos` or
    `labels.customer`; or all of them, `facts` or `labels`. A path in `mask` is hidden if present, and the record shows
    that it was present; a path in `erase` is hidden so that nobody sees whether it was. Nothing else is hidden, except
    what would reveal it.

    Attributes:
        mask: The paths to mask.
        erase: The paths to erase.

    Raises:
        InvalidMasking: If a path is no field that can be hidden.

    Examples:
        >>> Masking(mask=["facts.silos"], erase=["labels.customer"])
        Masking(mask=('facts.silos',), erase=('labels.customer',))
        >>> Masking(mask=["fact.silos"])
        Traceback (most recent call last):
            ...
        cxrules.decision_log.masking.InvalidMasking: no record can be masked like this: fact.silos: no field that can be
        hidden [unknown-path]; did you mean 'facts.silos'?
    """

    mask: Sequence[str] = ()
    erase: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("mask", "erase"):
            paths = getattr(self, name)
            if isinstance(paths, str) or not isinstance(paths, Iterable):
                raise TypeError(f"{name} is a list of paths, not {show_value(paths)}")
            object.__setattr__(self, name, tuple(paths))
        mistakes = []
        for path in (*self.mask, *self.erase):
            given: object = path  # whatever the caller gave
            if not isinstance(given, str):
                mistakes.append(Diagnostic("wrong-type", Location(), f"a path is text, not {show_value(given)}"))
                continue
            field, dot, name = path.partition(".")
            bare = ".".join(part.strip() for part in (field, name) if part.strip())
            if bare != path and bare.partition(".")[0] in _HIDEABLE:
                # It would hide nothing, and nobody would notice.
                message = "a blank at the start or the end hides nothing"
                mistakes.append(Diagnostic("unknown-path", Location(path=(path,)), message, f"write {bare!r}"))
            elif field not in _HIDEABLE or (dot and (not name or field not in _MAPPINGS)):
                meant = next((each for each in _MAPPINGS if dot and find_almost(field, [each])), "")
                hint = f"did you mean {f'{meant}.{name}'!r}?" if meant and name.strip() else ""
                hint = hint or (suggest(field, _HIDEABLE) if len(mistakes) < SHOWN else "")
                mistakes.append(Diagnostic("unknown-path", Location(path=(path,)), "no field that can be hidden", hint))
        if mistakes:
            raise InvalidMasking(mistakes)

    def __bool__(self) -> bool:
        return bool(self.mask or self.erase)

    def check(self, rulebase: RuleBase) -> None:
        """Check that the facts it names are facts of a rule base.

        Raises:
            InvalidMasking: If one is not; a misspelt fact would be shown.
        """
        known = tuple(rulebase.vocabulary.facts)
        unknown = [
            path
            for path in (*self.mask, *self.erase)
            if path.startswith("facts.") and path.partition(".")[2] not in known
        ]
        if unknown:
            hints = [suggest(path.partition(".")[2], known) for path in unknown[:SHOWN]]
            raise InvalidMasking(
                Diagnostic("unknown-fact", Location(path=(path,)), "no such fact", hint)
                for path, hint in zip_longest(unknown, hints, fillvalue="")
            )


def apply_masking(masking: Masking, record: DecisionRecord, judge: Judge) -> DecisionRecord:
    """Return a copy of a record without what should be hidden.

    Args:
        record: An unmasked record; it stays as it is.

    Raises:
        InvalidMasking: If the masking names a fact that the rule base does not know.
    """
    masking.check(judge.rulebase)
    copy: dict[str, Any] = dict(record)
    hidden = _HiddenPaths(masking, record)
    if hidden.facts:
        visible = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in record["facts"].items()
            if name not in hidden.facts
        }
        _hide_what_reveals(copy, visible, hidden, judge)
    for field in _MAPPINGS:
        copy[field] = hidden.strip(field, cast("Mapping[str, Any]", record[field]))
    for path in (*hidden.masked, *hidden.erased):
        if path in copy and path not in (*_MAPPINGS, *hidden.partly):
            copy[path] = None
    order = list(copy)
    copy["masked"] = _in_order(hidden.masked, order)
    copy["erased"] = _in_order(hidden.erased, order)
    return cast("DecisionRecord", copy)


class _HiddenPaths:
    """The paths that one masking hides in one record."""

    def __init__(self, masking: Masking, record: DecisionRecord) -> None:
        self.erased = dict.fromkeys(masking.erase)
        self.masked = dict.fromkeys(path for path in masking.mask if _is_there(path, record))
        # Whatever lies below an erased path, or is that path, is erased and not also masked.
        for path in list(self.masked):
            if path in self.erased or path.partition(".")[0] in self.erased:
                del self.masked[path]
        self.partly: set[str] = set()
        self.facts = self._list_facts(record)

    def _list_facts(self, record: DecisionRecord) -> set[str]:
        names = {path.partition(".")[2] for path in (*self.masked, *self.erased) if path.startswith("facts.")}
        if "facts" in self.masked or "facts" in self.erased:
            names |= set(record["facts"])
            names.add("")  # facts that were not given are hidden too
        return names

    def strip(self, field: str, values: Mapping[str, Any]) -> dict[str, Any]:
        if field in self.erased:
            return {}
        everything = field in self.masked
        return {
            name: None if everything or f"{field}.{name}" in self.masked else value
            for name, value in values.items()
            if f"{field}.{name}" not in self.erased
        }

    def reveal_partly(self, field: str) -> None:
        """List a field as partly hidden, unless it is hidden altogether by request."""
        if field not in self.masked and field not in self.erased:
            self.masked[field] = None
            self.partly.add(field)

    def hide(self, field: str) -> None:
        if field not in self.erased:
            self.masked[field] = None


def _hide_what_reveals(copy: dict[str, Any], visible: dict[str, FactValue], hidden: _HiddenPaths, judge: Judge) -> None:
    rulebase = judge.rulebase
    names = frozenset(rulebase.vocabulary.facts) if "" in hidden.facts else frozenset(hidden.facts)
    tainted = _list_tainted(rulebase, names)
    if tainted:
        # Decided on the visible facts alone, by the definition of a rule: what fires then also fired with the hidden
        # facts.
        copy["fired"] = pack_bits(judge.decide(visible).fired, len(rulebase.rules))
        hidden.reveal_partly("fired")
    if not rulebase.bearing.isdisjoint(tainted):
        hidden.hide("certainty")
    # There are few enough values to try them one by one.
    for field in _DIGESTS:
        if copy[field] is not None:
            hidden.hide(field)


@lru_cache(maxsize=8)
def _list_tainted(rulebase: RuleBase, names: frozenset[str]) -> tuple[str, ...]:
    """Return the rules whose firing may depend on some facts, directly or through the findings they need."""
    found: dict[str, None] = {}
    findings: set[str] = set()
    for layer in rulebase.strata:
        for name in layer:
            rule = rulebase.rules[name]
            if not rule.facts().isdisjoint(names) or not rule.needs().isdisjoint(findings):
                found[name] = None
        for name in layer:
            if name in found:
                findings.update(rulebase.rules[name].targets(Effect.FINDING))
    return tuple(found)


def _is_there(path: str, record: DecisionRecord) -> bool:
    field, dot, name = path.partition(".")
    value = record[field]  # type: ignore[literal-required]  # held by Masking
    if dot:
        return name in value
    return value is not None and not (field in _MAPPINGS and not value)


def _in_order(paths: Iterable[str], order: list[str]) -> list[str]:
    return sorted(paths, key=lambda path: (order.index(path.partition(".")[0]), path))
