"""Writes what the examples in a Markdown file print now: `python -m tools.doctest_outputs docs/explanations.md`.

The examples are doctests and the tests run them, so that the file cannot show what is not printed. While rules are being
tuned this saves copying. `--print` prints the text instead of writing it.
"""

import doctest
import sys
from pathlib import Path
from typing import Any


class _Recorder(doctest.DocTestRunner):
    """Runs examples and keeps what they print."""

    def __init__(self) -> None:
        super().__init__(verbose=False)
        self.printed: dict[int, str] = {}

    def report_success(self, out: Any, test: doctest.DocTest, example: doctest.Example, got: str) -> None:
        self.printed[example.lineno] = got

    def report_failure(self, out: Any, test: doctest.DocTest, example: doctest.Example, got: str) -> None:
        self.printed[example.lineno] = got

    def report_unexpected_exception(
        self, out: Any, test: doctest.DocTest, example: doctest.Example, exc_info: Any
    ) -> None:
        raise exc_info[1]


def refresh(text: str) -> str:
    """Give a text with the outputs of its examples as they are now.

    Args:
        text: Markdown with doctests.
    """
    test = doctest.DocTestParser().get_doctest(text, {}, "examples", None, 0)
    recorder = _Recorder()
    recorder.run(test, clear_globs=False)
    lines = text.splitlines()
    for example in reversed(test.examples):
        if example.exc_msg is not None:
            continue
        begin = example.lineno + example.source.count("\n")
        printed = recorder.printed.get(example.lineno, "").splitlines()
        indent = " " * example.indent
        lines[begin : begin + example.want.count("\n")] = [indent + (line or "<BLANKLINE>") for line in printed]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Refresh the files named."""
    names = [name for name in sys.argv[1:] if name != "--print"]
    for path in map(Path, names):
        text = refresh(path.read_text("utf-8"))
        if "--print" in sys.argv:
            sys.stdout.write(text)
        else:
            path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
