"""Paths that the tests use."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "data"
SHARED = ROOT.parent / "shared"  # outside the repository, and often absent: see the marker `requires_shared`
