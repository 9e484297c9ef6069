"""The version of the package, apart from it so that a part can name it without importing the whole."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
