"""Engines that start slowly are tested only by `make test-distributed`; DuckDB is quick."""

import os

import pytest

SLOW = ("dask", "ray", "spark")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("CXRULES_TEST_DISTRIBUTED"):
        return
    for item in items:
        if item.path.parent.name == "distributed" and any(f"[{engine}]" in item.name for engine in SLOW):
            item.add_marker(pytest.mark.skip(reason="make test-distributed runs it"))
