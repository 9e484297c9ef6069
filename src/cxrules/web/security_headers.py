"""Headers for every answer that keep a browser from doing anything the page does not ask for."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

from cxrules.explanation.prose.report import STYLE

__all__ = ["HEADERS", "content_policy"]


def content_policy(*, offline: bool = False) -> str:
    """Return the content security policy of the page.

    Args:
        offline: Whether the library runs in the page, as WebAssembly.
    """
    style = b64encode(sha256(STYLE.encode()).digest()).decode()
    wasm = " 'wasm-unsafe-eval'" if offline else ""
    return (
        f"default-src 'none'; script-src 'self'{wasm}; style-src 'self' 'sha256-{style}'; img-src 'self' data:; "
        "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
    )


HEADERS: Final = (
    (b"content-security-policy", f"{content_policy()}; frame-ancestors 'none'".encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
