"""Generated from the built-in rule base: models, typed facts, the organisation model, and the data itself."""

from __future__ import annotations
