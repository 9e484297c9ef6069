"""`cxrules rules` and `cxrules rule`: the rules, in a list and one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cxrules.cli.claims import describe_claim
from cxrules.cli.shared import (
    AsJson,
    OnTop,
    Rules,
    demand_known,
    fail,
    hang,
    in_digits,
    list_names,
    mistakes_end_it,
    open_rulebase,
    write_parts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cxrules.language.rules import Conclusion, Condition, Rule
    from cxrules.rulebase import RuleBase

__all__ = ["register"]

_ABOUT_MODELS = ("supports", "opposes", "excludes", "prefers")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(rules)
    app.command()(rule)


def rules(
    about: Annotated[
        str | None,
        typer.Argument(metavar="[MODEL]", show_default=False, help="Only rules about this model; as --model."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only rules about this ownership model, by its id or its name.")
    ] = None,
    fact: Annotated[str | None, typer.Option(metavar="NAME", help="Only rules that test this fact.")] = None,
    finding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only rules that conclude or need this finding.")
    ] = None,
    source: Annotated[str | None, typer.Option(metavar="ID", help="Only rules from this article, such as A3.")] = None,
    paths: Rules = None,
    on_top: OnTop = False,
    json: AsJson = False,
) -> None:
    """List the rules, each with its text, its id and its article."""
    if about is not None and model is not None:
        fail("name the model once: as an argument or with --model")
    with mistakes_end_it():
        rulebase = open_rulebase(paths, on_top)
    chosen = about if model is None else model
    if chosen is not None:
        chosen = rulebase.find_model(chosen) or chosen
    demand_known(
        ("model", chosen, rulebase.models),
        ("fact", fact, rulebase.vocabulary.facts),
        ("finding", finding, rulebase.findings),
        ("source", source, rulebase.sources),
        called=list_names(rulebase),
    )
    found = [
        rule
        for rule in rulebase.rules.values()
        if chosen in (None, *_models(rule))
        and fact in (None, *rule.facts())
        and finding in (None, *rule.needs(), *_findings(rule))
        and source in (None, *(rulebase.claims[claim].source for claim in rule.because))
    ]
    _list(rulebase, found, json)


def _list(rulebase: RuleBase, found: Sequence[Rule], json: bool) -> None:
    if json:
        write_parts(rulebase, "rules", (each.id for each in found))
        return
    for each in found:
        typer.echo(hang("", each.rationale))
        typer.echo(f"    {each.id} ({rulebase.claims[each.because[0]].source})")
    typer.echo(f"{in_digits(len(found), 'rule')} of {len(rulebase.rules)}.")


def rule(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            show_default=False,
            help="The id of a rule, or the id or name of a model.",
        ),
    ],
    paths: Rules = None,
    on_top: OnTop = False,
    json: AsJson = False,
) -> None:
    """Show one rule: its reason, conditions, conclusions and sources. For a model, list the rules about it."""
    with mistakes_end_it():
        rulebase = open_rulebase(paths, on_top)
    model = rulebase.find_model(name)
    if name not in rulebase.rules and model is not None:
        _list(rulebase, [rule for rule in rulebase.rules.values() if model in _models(rule)], json)
        return
    if name not in rulebase.rules:
        demand_known(("rule or model", name, (*rulebase.rules, *rulebase.models)), called=list_names(rulebase))
    if json:
        write_parts(rulebase, "rules", [name])
        return
    typer.echo("\n".join(_describe(rulebase, rulebase.rules[name])))


def _models(rule: Rule) -> Iterator[str]:
    for conclusion in rule.then:
        if conclusion.effect in _ABOUT_MODELS:
            yield conclusion.target
            yield from conclusion.over


def _findings(rule: Rule) -> Iterator[str]:
    return (conclusion.target for conclusion in rule.then if conclusion.effect == "finding")


def _describe(rulebase: RuleBase, rule: Rule) -> Iterator[str]:
    yield hang("", rule.rationale)
    yield f"    {rule.id}"
    yield ""
    yield "When"
    if not rule.when:
        yield "  always: this is a standing rule"
    for condition in rule.when:
        yield from _describe_condition(rulebase, condition)
    yield ""
    yield "Then"
    for conclusion in rule.then:
        yield hang("  ", _describe_conclusion(rulebase, rule, conclusion), indent=4)
    yield ""
    article = rulebase.sources[rulebase.claims[rule.because[0]].source]
    yield hang("Because ", f"{article.author} says in “{article.title}” ({article.id})", indent=2)
    yield from (describe_claim(rulebase.claims[claim]) for claim in rule.because)
    engineer = rule.engineer
    notes = {
        "the threshold": engineer.threshold,
        "the evidence": engineer.evidence,
        "the weight": engineer.points_reason,
        "the reading": engineer.reading,
    }
    if any(notes.values()):
        yield ""
        yield "The engineer's own"
        yield from (hang(f"  {what}: ", reason, indent=4) for what, reason in notes.items() if reason)


def _describe_condition(rulebase: RuleBase, condition: Condition) -> Iterator[str]:
    from cxrules.language.rules import AnyOf

    if not isinstance(condition, AnyOf):
        yield hang("  ", _describe_test(rulebase, condition), indent=4)
        return
    yield "  at least one of"
    for alternative in condition.alternatives:
        yield hang("    - ", " and ".join(_describe_test(rulebase, test) for test in alternative))


def _describe_test(rulebase: RuleBase, test: Condition) -> str:
    """Return a test in words, and as authors write it."""
    from cxrules.explanation.prose.rules import tell_condition

    return f"{tell_condition(rulebase, test)} [{test.write()}]"


def _describe_conclusion(rulebase: RuleBase, rule: Rule, conclusion: Conclusion) -> str:
    from cxrules.explanation.prose.rules import state_target
    from cxrules.policy.evidence import weigh_rule

    effect, target = conclusion.effect, conclusion.target
    if effect in _ABOUT_MODELS:
        text = f"{effect} {target} ({rulebase.models[target].name})"
        if effect in ("supports", "opposes"):
            return f"{text}, {in_digits(weigh_rule(rulebase, rule)[0], 'point')}"
        return f"{text} over {', '.join(conclusion.over)}" if conclusion.over else text
    return f"{effect} {target}: {state_target(rulebase, effect, target)}"
