"""The generated parts of the README: the drawing and text of a decision, and figures from `docs/benchmarks.md`.

The decision is that of the README's own example, so that the picture cannot show another one.
"""

import doctest
import re
from collections.abc import Mapping
from pathlib import Path

from cxrules import Advisor, RuleBase
from cxrules.recommendation.answer import Recommendation

ROOT = Path(__file__).resolve().parent.parent
PICTURE = "docs/_static/decision.svg"
ENGINES = ("cxrules bitmap", "datalogic-py", "CEL", "zen-engine", "Drools (drools-jpy)", "CLIPS (clipspy)")
"""The columns of the README's table, as `docs/benchmarks.md` calls them; the fastest of others is the second."""

FIGURES = {
    "which rules fire, from validated facts": ("Matching alone", "matched"),
    "ids of the fired rules, from facts as JSON has them": ("Matching alone", "ids"),
    "`recommend()` with this engine inside": ("The whole answer", "median"),
}
"""The rows of the README's table that are measured: the section of `docs/benchmarks.md`, and the column."""


def generate(text: str, rulebase: RuleBase) -> Mapping[str, str]:
    """Return the README, refreshed, and the drawing.

    Args:
        text: The README as it is.
        rulebase: Who decides.
    """
    advice = Advisor(rulebase).recommend(find_advice(text).facts)
    quoted = "\n".join(f"> {line}".rstrip() for line in advice.to_markdown().strip().splitlines())
    text = replace_between(text, "prose", f"\n{quoted}\n\n")
    for title, row in write_figures((ROOT / "docs" / "benchmarks.md").read_text("utf-8")).items():
        text, count = re.subn(rf"^\| {re.escape(title)} \|.*$", row, text, flags=re.MULTILINE)
        assert count == 1, f"the README has no row {title}"
    return {"README.md": text, PICTURE: advice.to_svg()}


def find_advice(text: str) -> Recommendation:
    """Return the value of `advice` in the first example."""
    names: dict[str, object] = {}
    for example in doctest.DocTestParser().get_examples(text):
        exec(compile(example.source, "<example>", "single"), names)  # noqa: S102 - our own documentation
        if "advice" in names:
            break
    advice = names["advice"]
    assert isinstance(advice, Recommendation)
    return advice


def write_figures(benchmarks: str) -> Mapping[str, str]:
    """Return the measured rows of the README's table, by their titles."""
    rows = {}
    for title, (section, column) in FIGURES.items():
        part = benchmarks.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
        head, *table = [
            [cell.strip() for cell in line.split("|")[1:]] for line in part.splitlines() if line.startswith("|")
        ]
        medians = {cells[0]: cells[head.index(column)] for cells in table}
        figures = (f"{medians[engine]} µs" if engine in medians else "not measured" for engine in ENGINES)
        rows[title] = f"| {title} | {' | '.join(figures)} |"
    return rows


def replace_between(text: str, name: str, content: str) -> str:
    """Return a text with other content between two comments."""
    pattern = rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end of {name} -->)"
    replaced, count = re.subn(pattern, lambda found: f"{found[1]}{content}{found[2]}", text, flags=re.DOTALL)
    assert count == 1, f"the README has no place for {name}"
    return replaced
