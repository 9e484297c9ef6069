"""Tables as the page sends them."""

from base64 import b64encode


def encode(content: bytes) -> str:
    """Return the content of a file as it is sent."""
    return b64encode(content).decode()
