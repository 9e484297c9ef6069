"""The tests, and where they find things."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests" / "data"
SHARED = ROOT.parent / "shared"  # beside the project, and not everywhere: see the marker `requires_shared`
