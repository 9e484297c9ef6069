"""The root logger belongs to the host: packages that configure it are kept from doing so."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from cxrules.late import make_lock

__all__ = ["protect_root_logger"]

_Option: TypeAlias = Any
"""An option of `logging.basicConfig`."""

_CHANGING = make_lock()


@contextmanager
def protect_root_logger() -> Iterator[None]:
    """Keep what this thread calls from `logging.basicConfig`; other threads may go on configuring the root logger."""
    with _CHANGING:
        original = logging.basicConfig
        kept: int | None = threading.get_ident()

        def basic_config(**options: _Option) -> None:
            if threading.get_ident() != kept:
                original(**options)

        logging.basicConfig = basic_config
        try:
            yield
        finally:
            kept = None
            if logging.basicConfig is basic_config:
                logging.basicConfig = original
