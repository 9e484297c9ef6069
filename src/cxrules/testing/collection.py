"""Cases collected by pytest, for suites that ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cxrules.advisor import Advisor
from cxrules.errors import show_text
from cxrules.rulebase import RuleBase
from cxrules.testing.cases import OrganisationCase, read_cases
from cxrules.testing.checks import recommend_to
from cxrules.testing.expected_results import find_faults

if TYPE_CHECKING:
    import pytest

__all__ = ["collect_cases"]


def collect_cases(
    rulebase: RuleBase | Callable[[], RuleBase] | None = None, pattern: str = "*cases*.yaml"
) -> Callable[[Path, pytest.Collector], pytest.Collector | None]:
    """Return a hook for `conftest.py` with which pytest collects the cases of YAML files as tests.

        # conftest.py
        from cxrules import RuleBase
        from cxrules.testing import collect_cases

        pytest_collect_file = collect_cases(lambda: RuleBase.load("rules"))

    Args:
        rulebase: The rule base, or a function that loads it when the first file is collected; when left out, the
            built-in one.
        pattern: The pattern of files with cases below the folder of the `conftest.py`, as for `Path.match`.
    """
    made: list[Advisor] = []

    def open_advisor() -> Advisor:
        if not made:
            made.append(Advisor(rulebase() if callable(rulebase) else rulebase))
        return made[0]

    def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        return _make_file(open_advisor).from_parent(parent, path=file_path) if file_path.match(pattern) else None

    return pytest_collect_file


def _make_file(open_advisor: Callable[[], Advisor]) -> type[pytest.File]:
    import pytest

    class CaseItem(pytest.Item):
        """One case."""

        case: OrganisationCase

        def runtest(self) -> None:
            faults = list(find_faults(recommend_to(open_advisor(), self.case.given), self.case.expect))
            if faults:
                raise _Failed("\n".join(map(show_text, [self.case.title, *(f"  {fault}" for fault in faults)])))

        def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
            if isinstance(excinfo.value, _Failed):
                return f"{self.case.file}:{self.case.line}: {excinfo.value}"
            return str(super().repr_failure(excinfo, style))  # type: ignore[arg-type] # passed on as it came

        def reportinfo(self) -> tuple[Path, int, str]:
            return self.path, self.case.line - 1, self.case.id

    class CaseFile(pytest.File):
        """A file of cases."""

        def collect(self) -> Iterable[pytest.Item]:
            for case in read_cases(self.path, rulebase=open_advisor().rulebase):
                item: CaseItem = CaseItem.from_parent(self, name=case.id)
                item.case = case
                yield item

    return CaseFile


class _Failed(Exception):
    """A case does not have the expected result."""
