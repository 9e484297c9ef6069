"""A Sphinx extension: linked pages for each rule, fact, model, claim and article of the built-in rule base.

The pages are written to docs/knowledge/ before Sphinx looks for its sources. They are not committed: the knowledge is.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxrules.language.facts import Fact, Kind, join_words
from cxrules.language.rules import Claim, Effect, Model, Rule, Source
from cxrules.policy.evidence import weigh_rule
from cxrules.rulebase import RuleBase

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["setup", "write_pages"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "knowledge"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(folder: Path) -> None:
    """Write every page.

    Args:
        folder: Where to; what is in it is replaced.
    """
    shutil.rmtree(folder, ignore_errors=True)
    pages = _Pages(RuleBase.builtin())
    for name, lines in pages.list_pages():
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        # A sidebar with five hundred pages on each would take minutes to build: links and search lead to them.
        orphan = "" if name.endswith("index") else "---\norphan: true\n---\n"
        path.write_text(orphan + "\n".join(lines) + "\n", "utf-8")


class _Pages:
    def __init__(self, rulebase: RuleBase) -> None:
        self.rulebase = rulebase
        self.rules_of_claim: dict[str, list[str]] = defaultdict(list)
        self.rules_of_fact: dict[str, list[str]] = defaultdict(list)
        self.rules_of_model: dict[str, list[str]] = defaultdict(list)
        for rule in rulebase.rules.values():
            for claim in rule.because:
                self.rules_of_claim[claim].append(rule.id)
            for fact in rule.facts():
                self.rules_of_fact[fact].append(rule.id)
            for conclusion in rule.then:
                for target in (conclusion.target, *conclusion.over):
                    if target in rulebase.models and rule.id not in self.rules_of_model[target]:
                        self.rules_of_model[target].append(rule.id)

    def list_pages(self) -> Iterator[tuple[str, list[str]]]:
        rulebase = self.rulebase
        rooms: tuple[tuple[str, Mapping[str, Any], Callable[[str], Iterator[str]]], ...] = (
            ("articles", rulebase.sources, self._article),
            ("models", rulebase.models, self._model),
            ("facts", rulebase.vocabulary.facts, self._fact),
            ("rules", rulebase.rules, self._rule),
            ("claims", rulebase.claims, self._claim),
        )
        for kind, items, write in rooms:
            for name in items:
                yield f"{kind}/{name}", list(write(name))
            yield f"{kind}/index", list(self._index(kind, items))
        counts = join_words([f"{len(items)} {kind}" for kind, items, _ in rooms])
        head = ["# The built-in knowledge", "", f"Revision `{rulebase.revision[:12]}`: {counts}.", ""]
        yield "index", [*head, "```{toctree}", *(f"{kind}/index" for kind, _, _ in rooms), "```"]

    def _index(self, kind: str, items: Mapping[str, Any]) -> Iterator[str]:
        yield f"# {kind.capitalize()}"
        yield ""
        yield from (f"- [{_title(name, item)}]({name}.md)" for name, item in items.items())

    def _article(self, name: str) -> Iterator[str]:
        source = self.rulebase.sources[name]
        yield f"# {source.title}"
        yield ""
        yield f"{name}, by {source.author}. {len(source.paragraphs)} paragraphs."
        yield ""
        yield "## What it claims"
        yield ""
        for claim in self.rulebase.claims.values():
            if claim.source == name:
                yield f"- [{claim.id}](../claims/{claim.id}.md) ({_paragraphs(claim)}): {claim.says}"

    def _claim(self, name: str) -> Iterator[str]:
        claim = self.rulebase.claims[name]
        source = self.rulebase.sources[claim.source]
        yield f"# {name}"
        yield ""
        yield f"> {claim.says}"
        yield ""
        yield f"[{source.title}](../articles/{source.id}.md), {_paragraphs(claim)}, in the words of this project."
        yield f"Its tone is {claim.tone.name.lower()}, its kind {claim.kind.value}."
        yield from self._rules_section("Which rules rest on it", self.rules_of_claim[name])
        if claim.set_aside:
            yield ""
            yield f"No rule rests on it: {claim.set_aside}"

    def _fact(self, name: str) -> Iterator[str]:
        fact = self.rulebase.vocabulary[name]
        yield f"# {name}"
        yield ""
        yield fact.question
        yield ""
        yield from _values(fact)
        yield from self._rules_section("Which rules test it", self.rules_of_fact[name])

    def _model(self, name: str) -> Iterator[str]:
        model = self.rulebase.models[name]
        yield f"# {model.name}"
        yield ""
        yield f"`{name}`: {model.says}."
        if model.requires:
            yield ""
            yield "It can be recommended only if this is established:"
            yield ""
            yield from (f"- `{finding}`: {self.rulebase.findings[finding]}" for finding in model.requires)
        yield ""
        yield "It rests on " + join_words([f"[{claim}](../claims/{claim}.md)" for claim in model.claims]) + "."
        yield from self._rules_section("Which rules are about it", self.rules_of_model[name])

    def _rule(self, name: str) -> Iterator[str]:
        rule = self.rulebase.rules[name]
        yield f"# {name}"
        yield ""
        yield rule.rationale
        yield ""
        yield "## When"
        yield ""
        yield (
            f"`{', '.join(condition.write() for condition in rule.when)}`"
            if rule.when
            else "Always: it is a standing rule."
        )
        facts = rule.facts()
        if facts:
            yield ""
            yield "Facts: " + join_words([f"[{fact}](../facts/{fact}.md)" for fact in facts]) + "."
        yield ""
        yield "## Then"
        yield ""
        yield from (f"- {line}" for line in self._conclusions(rule))
        yield ""
        yield "## Why"
        yield ""
        for claim_id in rule.because:
            claim = self.rulebase.claims[claim_id]
            source = self.rulebase.sources[claim.source]
            yield f"- [{claim_id}](../claims/{claim_id}.md), *{source.title}*, {_paragraphs(claim)}: {claim.says}"
        notes = (rule.engineer.threshold, rule.engineer.evidence, rule.engineer.points_reason)
        if any(notes):
            yield ""
            yield "## What the engineer adds"
            yield ""
            yield from (f"- {note}" for note in notes if note)

    def _conclusions(self, rule: Rule) -> Iterator[str]:
        for conclusion in rule.then:
            target = conclusion.target
            if target in self.rulebase.models:
                linked = f"[{self.rulebase.models[target].name}](../models/{target}.md)"
                points = ""
                if conclusion.effect in (Effect.SUPPORTS, Effect.OPPOSES):
                    number = weigh_rule(self.rulebase, rule)[0]
                    points = f" ({number} point{'s' if number > 1 else ''})"
                over = [f"[{self.rulebase.models[name].name}](../models/{name}.md)" for name in conclusion.over]
                yield f"{conclusion.effect} {linked}{' over ' + join_words(over) if over else ''}{points}"
            else:
                yield f"{conclusion.effect} `{target}`"

    def _rules_section(self, heading: str, rules: Iterable[str]) -> Iterator[str]:
        found = list(rules)
        if found:
            yield from ("", f"## {heading}", "")
            yield from (f"- [{rule}](../rules/{rule}.md): {self.rulebase.rules[rule].rationale}" for rule in found)


def _title(name: str, item: Source | Claim | Fact | Model | Rule) -> str:
    if isinstance(item, Claim):
        return f"{name}: {item.says}"
    if isinstance(item, Rule):
        return f"{name}: {item.rationale}"
    if isinstance(item, Fact):
        return f"{name}: {item.question}"
    return f"{name}: {item.title if isinstance(item, Source) else item.name}"


def _paragraphs(claim: Claim) -> str:
    word = "paragraph" if len(claim.paragraphs) == 1 else "paragraphs"
    return f"{word} {join_words([str(number) for number in claim.paragraphs])}"


def _values(fact: Fact) -> Iterator[str]:
    if fact.kind is Kind.PERCENT:
        yield "A number from 0 to 100."
        return
    order = {Kind.ORDERED: "From least to most:", Kind.SET: "Any of:"}.get(fact.kind, "One of:")
    yield order
    yield ""
    yield from (f"- `{value.name}`: {value.label}" for value in fact.values)
