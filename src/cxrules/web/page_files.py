"""The files of the page, read from the package, whether it is in a folder or in a zip."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

__all__ = ["make_files"]

_TYPES: Final = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}


def make_files() -> APIRouter:
    """Make the router that serves the files. All are kept in memory; together they are smaller than 100 kB."""
    router = APIRouter(include_in_schema=False)
    held = {each.name: each.read_bytes() for each in files("cxrules.web").joinpath("static").iterdir()}
    tags = {name: f'"{sha256(content).hexdigest()[:32]}"' for name, content in held.items()}

    @router.api_route("/{name:path}", methods=["GET", "HEAD"])
    async def answer(name: str, request: Request) -> Response:
        name = name or "index.html"
        if name not in held:
            raise HTTPException(404)
        headers = {"etag": tags[name], "cache-control": "no-cache"}
        if tags[name] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(held[name], headers=headers, media_type=_TYPES[name.rpartition(".")[2]])

    return router
