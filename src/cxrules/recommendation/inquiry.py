"""The questions that can be put to a recommendation. Each is answered on request, by the modules of `explanation`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from cxrules.document import Block, Told
from cxrules.errors import Diagnostic, InvalidOrganisation, Location, show_text, show_value

if TYPE_CHECKING:
    from datetime import date
    from typing import Self

    from cxrules.builtin.models import OwnershipModel, OwnershipModelName
    from cxrules.explanation.counterfactuals import Counterfactuals
    from cxrules.explanation.derivation import Case, Derivation, Established, Step
    from cxrules.explanation.drawing.argument import Argument
    from cxrules.explanation.next_questions import NextQuestions
    from cxrules.explanation.robustness import Robustness
    from cxrules.explanation.settled import Settled
    from cxrules.explanation.sufficient import Sufficient
    from cxrules.explanation.what_if import WhatIf
    from cxrules.explanation.why_not import WhyNot
    from cxrules.explanation.why_not_fired import WhyNotFired
    from cxrules.policy.decision import Decision
    from cxrules.policy.judge import Judge

__all__ = ["Detail", "Inquiry"]

Detail: TypeAlias = Literal["brief", "full"]
"""How detailed an explanation is."""


class Inquiry(Told):
    """Mixin with the questions, for a class that has a judge and a decision.

    Every question raises `MissingRuleBase` if it is put to a copy whose rule base is not available.
    """

    __slots__ = ()

    @property
    def judge(self) -> Judge:
        """The engine and policy that decided."""
        raise NotImplementedError

    @property
    def decision(self) -> Decision:
        """The decision."""
        raise NotImplementedError

    def explain(
        self,
        detail: Detail = "brief",
        *,
        width: int | None = None,
        searches: bool = True,
        deadline: float | None = None,
    ) -> str:
        """Explain the recommendation in plain text.

        Args:
            detail: `brief` for the outcome, the decisive reasons, the contrast, who disagrees and what is unknown;
                `full` for everything behind it.
            width: The longest line, from 1; None leaves every paragraph on one line.
            searches: Whether to search for what is worth finding out and what would change the answer. Most of the time
                goes into these searches.
            deadline: The seconds that these searches may take together. What they have not found by then is left out.

        Raises:
            ValueError: If there is no such detail, the width is not a whole number from 1, or the deadline is not a
                number of seconds.
        """
        from cxrules import explanation
        from cxrules.search.budget import time_limit

        with time_limit(deadline):
            return explanation.explain(self.judge, self.decision, detail, width, searches=searches)

    def to_markdown(self, detail: Detail = "brief", *, searches: bool = True, deadline: float | None = None) -> str:
        """Explain the recommendation in Markdown.

        Args:
            detail: As for `explain`.
            searches: As for `explain`.
            deadline: As for `explain`.
        """
        from cxrules.explanation.prose.explain import explain_in_markdown
        from cxrules.search.budget import time_limit

        with time_limit(deadline):
            return explain_in_markdown(self.judge, self.decision, detail, searches=searches)

    def to_html(self, *, title: str = "", date: date | None = None, deadline: float | None = None) -> str:
        """Write a report for printing: one self-contained HTML page.

        Args:
            title: The title, such as the name of the organisation.
            date: The date to print; none when left out, so that the same facts give the same page.
            deadline: As for `explain`.

        Raises:
            TypeError: If the title is not a text, or the date none.
        """
        from cxrules.arguments import check_kind
        from cxrules.explanation.prose.report import write_report
        from cxrules.search.budget import time_limit

        check_kind("title", title, str, "text")
        if date is not None:
            import datetime as dt

            check_kind("date", date, dt.date, "a date")
        with time_limit(deadline):
            return write_report(self.judge, self.decision, title=show_text(title), dated=date)

    def to_mermaid(self, *, complete: bool = False) -> str:
        """Draw the argument as a Mermaid flowchart of about twelve boxes: deciding reasons and strongest objections.

        Args:
            complete: Whether to include every model, with everything that speaks for or against it.
        """
        from cxrules.explanation.drawing.mermaid import sketch

        return sketch(self._argue(complete))

    def to_svg(self, *, complete: bool = False, width: int | None = None) -> str:
        """Draw the argument as SVG, with the deciding reasons in heavy lines and the best model at the top.

        It contains a description in words, for readers who cannot see it.

        Args:
            complete: As for `to_mermaid`.
            width: The greatest width in pixels, for a report or a phone: the argument is then drawn from top to bottom,
                in readable type. When left out, it is drawn from left to right, as wide as necessary.

        Raises:
            ValueError: If the width is not a whole number from 240 to 100,000.
        """
        from cxrules.explanation.drawing.svg import draw
        from cxrules.explanation.drawing.tree import draw_tree

        argument = self._argue(complete)
        return draw(argument) if width is None else draw_tree(argument, width)

    def _argue(self, complete: bool) -> Argument:
        from cxrules.explanation.drawing.argument import argue
        from cxrules.explanation.drawing.digest import digest

        argument = argue(self.judge, self.decision, complete=complete)
        return argument if complete else digest(argument)

    def tell(self) -> tuple[Block, ...]:
        """Return the brief explanation as data, with marks around names and titles."""
        from cxrules.explanation.prose.brief import write_brief

        return write_brief(self.judge, self.decision)

    def _repr_html_(self) -> str | None:
        """Show the brief explanation and the argument in a notebook; a copy without its rule base shows its `repr`."""
        told = super()._repr_html_()
        return told and f"{told}\n{self.to_svg()}"

    def why(self, *, complete: bool = False) -> Derivation:
        """Return the derivation: facts given → rules → findings → rules → evidence → policy step.

        Args:
            complete: Whether to include everything. Otherwise only the shortest of several ways to a finding is
                included, the first of several alternatives that hold, and the rules that bear on a model.

        Returns:
            A tree of data; printed, it is an outline.
        """
        from cxrules.explanation.trace import trace

        return trace(self.judge, self.decision, complete=complete)

    def how(self, name: str) -> Step | Established | Case | None:
        """Describe how a finding or rule came about, or what speaks for and against a model.

        Args:
            name: A finding, a rule or a model, by its id; a model also by its name.

        Returns:
            Everything behind it as a tree of data; None if the finding is not established or the rule did not fire.

        Raises:
            ValueError: If the rule base has nothing of that name.
        """
        from cxrules.explanation.trace import how

        return how(self.judge, self.decision, name)

    @overload
    def why_not(self, name: OwnershipModelName | OwnershipModel, *, deadline: float | None = None) -> WhyNot: ...

    @overload
    def why_not(self, name: str, *, deadline: float | None = None) -> WhyNot | WhyNotFired: ...

    def why_not(self, name: str, *, deadline: float | None = None) -> WhyNot | WhyNotFired:
        """Describe what keeps a model from being recommended, or why a rule did not fire.

        Args:
            name: A model, by its id or its name; or the id of a rule, a finding, a pattern, an action, a warning, an
                accompaniment or a contradiction.
            deadline: The seconds that each search may take: that for the answer, then that for the nearest change. A
                search that is cut short says so.

        Returns:
            For a model, its obstacles in the order of the policy. For anything else, which tests of the rules behind it
            hold, fail or depend on something unknown; for an action also which models it serves; and, once read, the
            smallest change that would bring it about.

        Raises:
            ValueError: If the rule base has nothing of that name.
        """
        from cxrules.explanation.why_not import why_not
        from cxrules.explanation.why_not_fired import list_subjects, why_not_fired
        from cxrules.search.budget import time_limit

        rulebase, subjects = self.judge.rulebase, list_subjects(self.judge.rulebase)
        with time_limit(deadline):
            if isinstance(name, str):
                if name in subjects and name not in rulebase.models:
                    return why_not_fired(self.judge, self.decision, name, subjects[name], deadline=deadline)
                if (model := rulebase.find_model(name)) is not None:
                    return why_not(self.judge, self.decision, model, deadline=deadline)
        raise rulebase.refuse_subject("model, rule, finding, pattern, action or warning", name, subjects)

    def what_if(self, changes: Mapping[str, Any] | None = None, /, **facts: object) -> WhatIf[Self]:
        """Make the recommendation for changed facts, and compare.

        Args:
            changes: Facts with their assumed values.
            facts: The same as keywords. None means that the fact is assumed to be unknown.

        Raises:
            InvalidOrganisation: With every mistake in the changes.
        """
        from cxrules.explanation.what_if import what_if
        from cxrules.language.plain import unite_given

        if not (changes is None or isinstance(changes, Mapping)):
            message = f"a mapping of facts is expected, not {show_value(changes)}"
            raise InvalidOrganisation([Diagnostic("wrong-type", Location(), message)])
        united = unite_given(changes or {}, facts, self.judge.rulebase.vocabulary)
        return what_if(self.judge, self.decision, united, self._present)

    def sufficient(self, *, deadline: float | None = None) -> Sufficient:
        """Find a smallest set of the known facts that alone gives the same model and status.

        Args:
            deadline: The seconds that the search may take; where they end it, the answer says so.
        """
        from cxrules.explanation.sufficient import sufficient_facts

        return sufficient_facts(self.judge, self.decision, deadline=deadline)

    def counterfactuals(
        self,
        target: str | None = None,
        max_changes: int = 3,
        *,
        keep: Iterable[str] = (),
        effort: Mapping[str, int] | None = None,
        deadline: float | None = None,
    ) -> Counterfactuals:
        """Find every set of changes, of the least total price, that changes the model or reaches a target.

        Args:
            target: The model to reach, by its id or its name; None for any other outcome, including no model.
            max_changes: How many changes may be made together, at least 1.
            keep: Facts to leave alone, or a single one.
            effort: The price of changing a fact, a whole number from 1 to 1000, where it differs from that in the rule
                base.
            deadline: The seconds that the search may take; where they end it, the answer says so.

        Returns:
            The sets of changes, and whether the search was complete. A complete search without a set proves that no
            allowed change of that size exists.

        Raises:
            ValueError: With everything that is wrong: there is no such model or fact, a price is invalid, or fewer
                than one change is allowed; or the deadline is not a number of seconds.
        """
        from cxrules.explanation.counterfactuals import counterfactuals

        return counterfactuals(
            self.judge, self.decision, target, max_changes, keep=keep, effort=effort, deadline=deadline
        )

    def settled(self, *, deadline: float | None = None) -> Settled:
        """Find whether unknown facts can still change the model: a proof that they cannot, or two that disagree.

        Args:
            deadline: The seconds that the search may take; where they end it, the answer says so.
        """
        from cxrules.explanation.settled import settled

        return settled(self.judge, self.decision, deadline=deadline)

    def next_questions(self, *, deadline: float | None = None) -> NextQuestions:
        """Rank the unknown facts by how much they are expected to reveal about the final model.

        Args:
            deadline: The seconds that the search may take; where they end it, the answer says so.
        """
        from cxrules.explanation.next_questions import next_questions

        return next_questions(self.judge, self.decision, deadline=deadline)

    def robustness(self, *, deadline: float | None = None) -> Robustness:
        """Find by how much the model leads, and on which single rules and tones it depends.

        Args:
            deadline: The seconds that the search may take; where they end it, the answer says so.
        """
        from cxrules.explanation.robustness import robustness

        return robustness(self.judge, self.decision, deadline=deadline)

    @classmethod
    def _present(cls, judge: Judge, decision: Decision) -> Self:
        """Make the inquiry of another decision."""
        raise NotImplementedError
