"""Writes what the examples in Markdown files print now: `python -m tools.doctest_outputs docs/explanations.md`.

The examples are doctests that the tests run, so a file cannot show wrong outputs. This saves copying them. `--print`
prints the text instead of writing it.
"""

import contextlib
import doctest
import io
import sys
from pathlib import Path


def refresh(text: str) -> str:
    """Return a text with the outputs of its examples as they are now.

    Args:
        text: Markdown with doctests. Examples that show an exception are left as they are.
    """
    examples = doctest.DocTestParser().get_examples(text)
    names: dict[str, object] = {}
    printed = [_run(example, names) for example in examples]
    lines = text.splitlines()
    for example, output in reversed(list(zip(examples, printed, strict=True))):
        if output is not None:
            begin = example.lineno + example.source.count("\n")
            shown = [" " * example.indent + (line or "<BLANKLINE>") for line in output.splitlines()]
            lines[begin : begin + example.want.count("\n")] = shown
    return "\n".join(lines) + "\n"


def _run(example: doctest.Example, names: dict[str, object]) -> str | None:
    """Run an example as the prompt would; None for one that shows an exception."""
    if example.exc_msg is not None:
        return None
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(example.source, "<example>", "single"), names)  # noqa: S102 - our own documentation
    return output.getvalue()


def main() -> None:
    """Refresh the files named."""
    for path in map(Path, (name for name in sys.argv[1:] if name != "--print")):
        text = refresh(path.read_text("utf-8"))
        if "--print" in sys.argv:
            sys.stdout.write(text)
        else:
            path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
