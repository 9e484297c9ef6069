"""A portfolio as one self-contained page with charts: without scripts or external resources, and readable in print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from cxrules.columns.portfolio import Portfolio, PortfolioWords, count_organisations
from cxrules.policy.decision import Status
from cxrules.rulebase import RuleBase

__all__ = ["page_of"]

_COLOURS = (
    "#2f6690",
    "#81a4cd",
    "#d9a441",
    "#6a994e",
    "#a7c957",
    "#bc4749",
    "#7b6d8d",
    "#c98bb9",
    "#5c9ead",
    "#9aa0a6",
)
_MOST = 12
_WIDTH = 760
_STYLE = """
:root{color-scheme:light dark;--ink:#1d2733;--soft:#5d6b7a;--line:#d8dee5;--paper:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e7ecf2;--soft:#9fb0c0;--line:#34404d;--paper:#151b22}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main,footer{max-width:52rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.7rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .4rem}
p,footer{color:var(--soft);margin:.2rem 0 .8rem}footer{margin:3rem auto;font-size:.85rem}
svg{width:100%;height:auto;display:block}
svg text{font:13px system-ui,sans-serif;fill:var(--ink)}svg .soft{fill:var(--soft)}.rule{stroke:var(--line)}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.25rem .6rem;border-bottom:1px solid var(--line)}
td:last-child,th:last-child{text-align:right}
"""


def page_of(portfolio: Portfolio, rulebase: RuleBase, source: str) -> str:
    """Return the page about the organisations in a table, given its name, as HTML."""
    words = PortfolioWords.of(rulebase)
    title = f"{words.subject} in {source}"
    names = words.names(rulebase)
    colours = {model: _COLOURS[place % len(_COLOURS)] for place, model in enumerate(names)}
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{count_organisations(portfolio.size)}: {words.question[0].lower()}{words.question[1:]} in each."
        + (f" {portfolio.refused:,} more could not be read." if portfolio.refused else "")
        + "</p>",
        _section(
            words.question,
            "Full colour: recommended. Pale: contested, the next candidate is close.",
            _owners(portfolio, names, colours),
        ),
        _section(
            "How certain",
            f"Organisations by the certainty of the evidence for their {words.model}.",
            _certainties(portfolio),
        ),
    ]
    if portfolio.segments:
        parts.append(
            _section("By segment", f"Shares of {words.model}s in each segment.", _segments(portfolio, names, colours))
        )
    if portfolio.supposed:
        others = f"{portfolio.changed:,} of {portfolio.size:,} would have another {words.model}"
        told = f"Were {portfolio.tell_supposed()} true of all, {others}."
        if more := portfolio.tell_contradicted():
            told += f" {more}."
        parts.append(_section("What if", told, _flows(portfolio, names, colours)))
    topics = {fact.name: fact.topic for fact in rulebase.vocabulary.facts.values()}
    asked = count_organisations(portfolio.looked_at)
    told = f"Unknown facts of which a single answer could change the {words.model}, in {asked}."
    parts.append(_section("What to find out first", told, _bars(_top(portfolio.matters, topics), portfolio.looked_at)))
    if portfolio.patterns:
        patterns = {name: rulebase.patterns[name].name for name in portfolio.patterns}
        parts.append(_section("Anti-patterns", "", _bars(_top(portfolio.patterns, patterns), portfolio.size)))
    if portfolio.contradictory_rows:
        reasons = {entry.id: entry.reason for entry in rulebase.impossible}
        rows = "".join(
            f"<tr><td>{escape(reasons[name])}</td><td>{count:,}</td></tr>"
            for name, count in portfolio.contradictory.most_common()
        )
        which = count_organisations(portfolio.contradictory_rows)
        told = f"The facts of {which} contradict each other, and so are no evidence."
        parts.append(
            _section("Contradictions", told, f"<table><tr><th>Why</th><th>Organisations</th></tr>{rows}</table>")
        )
    foot = f"Rule base {escape(rulebase.name)}, revision {rulebase.revision[:12]}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>{''.join(parts)}</main>"
        f"<footer>{foot}</footer></body></html>\n"
    )


def _section(heading: str, told: str, chart: str) -> str:
    return f"<section><h2>{escape(heading)}</h2><p>{escape(told)}</p>{chart}</section>"


def _share(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 or not share else "below 1%"


def _top(counts: Mapping[str, int], names: Mapping[str, str]) -> list[tuple[str, int]]:
    ordered = sorted(counts.items(), key=lambda each: -each[1])
    return [(names[name], count) for name, count in ordered[:_MOST]]


def _svg(height: int, parts: Iterable[str], label: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def _text(x: float, y: float, text: str, *, end: bool = False, soft: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{anchor}{" class=soft" if soft else ""}>{escape(text)}</text>'


def _box(  # noqa: PLR0913 - a rectangle has as many
    x: float, y: float, width: float, height: float, colour: str, told: str, *, pale: bool = False
) -> str:
    opacity = ' fill-opacity="0.45"' if pale else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" fill="{colour}"{opacity}>'
        f"<title>{escape(told)}</title></rect>"
    )


def _owners(portfolio: Portfolio, names: Mapping[str, str], colours: Mapping[str, str]) -> str:
    rows = [(model, counts) for model, counts in portfolio.models.items() if counts]
    rows.sort(key=lambda row: -sum(row[1].values()))
    most = max((sum(counts.values()) for _, counts in rows), default=1)
    parts = []
    for place, (model, counts) in enumerate(rows):
        y, x = place * 30, 280.0
        parts.append(_text(270, y + 19, names[model], end=True))
        for status in Status:
            width = 360 * counts[str(status)] / most
            told = f"{names[model]}, {status}: {counts[str(status)]:,}"
            parts.append(_box(x, y + 5, width, 20, colours[model], told, pale=status is Status.CONTESTED))
            x += width
        share = sum(counts.values()) / portfolio.size
        parts.append(_text(x + 8, y + 19, f"{sum(counts.values()):,} ({_share(share)})", soft=True))
    return _svg(max(30 * len(rows), 1), parts, "Organisations by model and status")


def _certainties(portfolio: Portfolio) -> str:
    most = max(portfolio.certainties.values(), default=1)
    parts = ['<line class="rule" x1="20" x2="740" y1="140" y2="140"/>']
    for tenth in range(10):
        count = portfolio.certainties[tenth]
        height = 110 * count / most
        x = 20 + tenth * 72
        told = f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}: {count:,}"
        parts.append(_box(x + 4, 140 - height, 64, height, _COLOURS[0], told))
        parts.append(_text(x + 4, 156, f"{tenth / 10:.1f}", soft=True))
        if count:
            parts.append(_text(x + 66, 134 - height, f"{count:,}", end=True, soft=True))
    parts.append(_text(740, 156, "1.0", end=True, soft=True))
    return _svg(162, parts, "Organisations by certainty")


def _segments(portfolio: Portfolio, names: Mapping[str, str], colours: Mapping[str, str]) -> str:
    rows = sorted(portfolio.segments.items(), key=lambda row: -sum(row[1].values()))
    parts = []
    for place, (segment, counts) in enumerate(rows[:_MOST]):
        total = sum(counts.values())
        parts.append(_text(190, place * 30 + 19, segment if len(segment) < 20 else segment[:18] + "…", end=True))
        x = 200.0
        for model, name in names.items():
            width = 460 * counts[model] / total
            told = f"{segment}, {name}: {counts[model]:,} of {total:,}"
            parts.append(_box(x, place * 30 + 5, width, 20, colours[model], told))
            x += width
        parts.append(_text(668, place * 30 + 19, f"{total:,}", soft=True))
    height = 30 * min(len(rows), _MOST)
    seen = [model for model in names if any(counts[model] for counts in portfolio.segments.values())]
    for place, model in enumerate(seen):
        x, y = 20 + place % 3 * 248, height + 14 + place // 3 * 22
        parts += [_box(x, y, 12, 12, colours[model], names[model]), _text(x + 18, y + 11, names[model])]
    more = f"<p>The {len(rows) - _MOST} smaller segments are not drawn.</p>" if len(rows) > _MOST else ""
    return _svg(height + 24 + 22 * ((len(seen) + 2) // 3), parts, "Owners by segment") + more


def _flows(portfolio: Portfolio, names: Mapping[str, str], colours: Mapping[str, str]) -> str:
    """Draw the owners now on the left, the owners then on the right, and the moves between them."""
    scale = 300 / max(portfolio.size, 1)
    sides: list[dict[str, float]] = []
    parts = []
    lowest = 40.0
    for side in (0, 1):
        y, tops = 10.0, dict[str, float]()
        for model, name in names.items():
            count = sum(n for move, n in portfolio.moves.items() if move[side] == model)
            if count:
                tops[model] = y
                x = 270 if side == 0 else 480
                parts.append(_box(x, y, 10, max(count * scale, 1), colours[model], f"{name}: {count:,}"))
                parts.append(
                    _text(
                        262 if side == 0 else 498, y + max(count * scale / 2, 6) + 4, f"{name} {count:,}", end=side == 0
                    )
                )
                y += max(count * scale, 16) + 8
        sides.append(tops)
        lowest = max(lowest, y)
    left, right = dict(sides[0]), dict(sides[1])
    for before in names:
        for after in names:
            if count := portfolio.moves[before, after]:
                thick, y, to = count * scale, left[before], right[after]
                path = (
                    f"M280 {y:.1f}C380 {y:.1f} 380 {to:.1f} 480 {to:.1f}V{to + thick:.1f}"
                    f"C380 {to + thick:.1f} 380 {y + thick:.1f} 280 {y + thick:.1f}Z"
                )
                told = f"{names[before]} → {names[after]}: {count:,}"
                faint = 0.18 if before == after else 0.6
                look = f'fill="{colours[before]}" fill-opacity="{faint}"'
                parts.append(f'<path d="{path}" {look}><title>{escape(told)}</title></path>')
                left[before] += thick
                right[after] += thick
    return _svg(round(lowest) + 10, parts, "Owners before and after")


def _bars(rows: list[tuple[str, int]], whole: int) -> str:
    most = max((count for _, count in rows), default=1)
    parts = []
    for place, (name, count) in enumerate(rows):
        y, width = place * 26, 320 * count / most
        parts += [
            _text(330, y + 17, name if len(name) < 44 else name[:42] + "…", end=True),
            _box(340, y + 5, width, 16, _COLOURS[0], f"{name}: {count:,}"),
            _text(348 + width, y + 17, _share(count / max(whole, 1)), soft=True),
        ]
    return _svg(max(26 * len(rows), 1), parts, "Bars") if rows else "<p>Nothing.</p>"
