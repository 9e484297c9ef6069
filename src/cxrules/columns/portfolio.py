"""What a table of organisations shows as a whole: models, statuses, what to find out, patterns, who would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cxrules.columns.arrow.odd_cells import list_texts
from cxrules.columns.numpy_executor import Codes
from cxrules.columns.tables import TableDecisions, TableJudge
from cxrules.errors import is_missing
from cxrules.language.facts import FactValue
from cxrules.policy.decision import Status
from cxrules.policy.evidence import certainty
from cxrules.rulebase import RuleBase

__all__ = ["Portfolio", "PortfolioWords", "count_organisations"]

_LOOKED_AT = 20_000
"""For how many organisations the facts that matter are computed: each costs a hundred times its decision."""

_UNDETERMINED = "undetermined"


def count_organisations(number: int) -> str:
    """Return a number of organisations in words.

    Examples:
        >>> count_organisations(1), count_organisations(2000)
        ('1 organisation', '2,000 organisations')
    """
    return f"{number:,} organisation{'' if number == 1 else 's'}"


class PortfolioWords(NamedTuple):
    """What a rule base decides on, in words: the built-in one on the owner of CX, another one on its own subject.

    Attributes:
        subject: What it is about.
        question: The heading over the models.
        model: What a model is called.
        none: What is said if there is no model.
    """

    subject: str
    question: str
    model: str
    none: str

    @classmethod
    def of(cls, rulebase: RuleBase) -> PortfolioWords:
        """Choose the words.

        Examples:
            >>> PortfolioWords.of(RuleBase.builtin()).question
            'Who should own Customer Experience'
        """
        if rulebase.name == RuleBase.builtin().name:
            return cls("Customer Experience", "Who should own Customer Experience", "owner", "No owner yet")
        return cls(rulebase.name, f"What {rulebase.name} recommends", "model", "No recommendation yet")

    def names(self, rulebase: RuleBase) -> dict[str, str]:
        """Return the names of the models, and what is said if there is none."""
        return {model.id: model.name for model in rulebase.models.values()} | {_UNDETERMINED: self.none}


class Portfolio:
    """Counts over batches of organisations.

    Attributes:
        size: How many organisations there are.
        models: How many organisations have each model, or `undetermined`, by status.
        patterns: How many organisations show each pattern.
        contradictory: How many organisations meet each impossible conjunction.
        refused: How many organisations could not be read; they count nowhere else.
        matters: For each fact, how many organisations do not know it and would get another model by some answer to it.
        looked_at: For how many organisations `matters` was computed.
        certainties: How many organisations have each certainty, in tenths.
        segments: The models in each segment, by the values of the column of segments.
        contradicted: How many organisations would newly meet an impossible conjunction if the supposition were true.
        moves: For each pair of models, how many organisations would go from one to the other if it were true.
    """

    def __init__(
        self, judge: TableJudge, *, segment: str | None = None, supposed: Mapping[str, FactValue | None] | None = None
    ) -> None:
        self._judge, self._segment = judge, segment
        self.supposed = dict(supposed or {})
        self.size = self.looked_at = self.refused = 0
        self.models: dict[str, Counter[str]] = {name: Counter() for name in (*judge.models, _UNDETERMINED)}
        self.patterns: Counter[str] = Counter()
        self.contradictory: Counter[str] = Counter()
        self.contradictory_rows = self.contradicted = 0
        self.matters: Counter[str] = Counter()
        self.certainties: Counter[int] = Counter()
        self.segments: dict[str, Counter[str]] = {}
        self.moves: Counter[tuple[str, str]] = Counter()

    def watch(
        self, column: Callable[[str], Any], codes: Mapping[str, Codes], table: TableDecisions, refused: int = 0
    ) -> npt.NDArray[np.unsignedinteger] | None:
        """Count a batch, and return the models that follow from what is supposed."""
        self.refused += refused
        names = (_UNDETERMINED, *self._judge.models)
        size = len(table.model)
        self.size += size
        statuses = tuple(str(one) for one in Status)
        pairs = np.bincount(table.model.astype(np.int64) * len(statuses) + table.status)
        for pair, count in enumerate(pairs.tolist()):
            if count:
                self.models[names[pair // len(statuses)]][statuses[pair % len(statuses)]] += count
        for points, count in enumerate(np.bincount(table.points[table.model > 0]).tolist()):
            if count:
                self.certainties[min(9, int(certainty(points) * 10))] += count
        self._count(self.patterns, table.flags["patterns"], "patterns")
        self._count(self.contradictory, table.flags["incoherences"], "incoherences")
        self.contradictory_rows += int(table.flags["incoherences"].any(axis=1).sum())
        more = min(size, _LOOKED_AT - self.looked_at)
        if more > 0:
            first = {name: values[:more] for name, values in codes.items()}
            flags = self._judge.decide(first, more, also=["matters"]).flags["matters"]
            self._count(self.matters, flags, "matters")
            self.looked_at += more
        if self._segment is not None:
            self._count_segments(column(self._segment), table, names)
        return self._suppose(codes, table, names) if self.supposed else None

    def _count(self, counter: Counter[str], flags: np.typing.NDArray[np.uint8], what: str) -> None:
        names = self._judge.names[what]
        bits = np.unpackbits(flags, axis=1, count=len(names), bitorder="little").sum(axis=0, dtype=np.int64)
        counter.update({name: count for name, count in zip(names, bits.tolist(), strict=True) if count})

    def _count_segments(self, column: Any, table: TableDecisions, names: tuple[str, ...]) -> None:
        values = column if isinstance(column, list) else list_texts(column)
        for (segment, model), count in Counter(
            zip(map(_tell_segment, values), table.model.tolist(), strict=True)
        ).items():
            self.segments.setdefault(segment, Counter())[names[model]] += count

    def _suppose(
        self, codes: Mapping[str, Codes], table: TableDecisions, names: tuple[str, ...]
    ) -> npt.NDArray[np.unsignedinteger]:
        size = len(table.model)
        then = self._judge.decide(self._judge.suppose(codes, size, self.supposed), size, also=["incoherences"])
        moved = Counter(zip(table.model.tolist(), then.model.tolist(), strict=True))
        before, after = (other.flags["incoherences"].any(axis=1) for other in (table, then))
        self.contradicted += int((after & ~before).sum())
        self.moves.update({(names[one], names[other]): count for (one, other), count in moved.items()})
        return then.model

    def tell_supposed(self) -> str:
        """Return the supposed facts as one text."""
        return ", ".join(f"{name} = {_tell_value(value)}" for name, value in self.supposed.items())

    def tell_contradicted(self) -> str:
        """Return what to say if the supposed facts contradict others."""
        if not self.contradicted:
            return ""
        return f"The facts of {count_organisations(self.contradicted)} would contradict each other then"

    @property
    def changed(self) -> int:
        """How many organisations would have another model."""
        return sum(count for (before, after), count in self.moves.items() if before != after)

    def as_data(self) -> dict[str, Any]:
        """Return everything as data that JSON can hold, the most frequent first."""
        found: dict[str, Any] = {
            "organisations": self.size,
            "refused": self.refused,
            "models": {name: dict(counts) for name, counts in self.models.items() if counts},
            "certainty": {f"{tenth / 10:.1f}": self.certainties[tenth] for tenth in range(10)},
            "matters": {"looked_at": self.looked_at, "unknown_facts": dict(self.matters.most_common())},
            "patterns": dict(self.patterns.most_common()),
            "contradictory": {"organisations": self.contradictory_rows, "by": dict(self.contradictory.most_common())},
        }
        if self._segment is not None:
            found["segments"] = {name: dict(counts.most_common()) for name, counts in sorted(self.segments.items())}
        if self.supposed:
            found["what_if"] = {
                "facts": self.supposed,
                "changed": self.changed,
                "contradicted": self.contradicted,
                "moves": [
                    {"from": before, "to": after, "organisations": count}
                    for (before, after), count in self.moves.most_common()
                    if before != after
                ],
            }
        return found


def _tell_value(value: FactValue | None) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return "unknown" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _tell_segment(value: object) -> str:
    return "(empty)" if is_missing(value) else str(value)
