"""Atomic writing: a file is written as a whole or not at all, and symbolic links, owner and mode are kept."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISFIFO, S_ISREG
from typing import BinaryIO

__all__ = ["naming", "write_whole"]


@contextmanager
def write_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that replaces the old one once everything is written.

    It is written next to the old file, under a name that nobody can predict. A symbolic link stays one, and its target
    is replaced; another name of the old file, a hard link, keeps the old content. The mode stays, and so do owner and
    group as far as the system allows it. A device, or anything else that is not a regular file, is written to directly.

    Raises:
        OSError: If it cannot be written; the file is then unchanged. Also if it is a pipe that nobody reads.
    """
    target = Path(os.path.realpath(path))
    old = None
    with _naming_as_given(path), suppress(FileNotFoundError):
        old = target.stat()
    if old is not None and not S_ISREG(old.st_mode):
        with _naming_as_given(path):
            special = _open_special(target, old.st_mode)
        with _closing(special, path) as file:
            yield file
        return
    with _naming_as_given(path):
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent)
    try:
        with _closing(os.fdopen(descriptor, "wb"), path) as file:
            yield file
            with naming(path):
                file.flush()
            if old is not None and hasattr(os, "fchown"):
                with suppress(OSError):  # only root may give a file away
                    os.fchown(file.fileno(), old.st_uid, old.st_gid)
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), _new_mode() if old is None else old.st_mode & 0o7777)
        with _naming_as_given(path):
            Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _open_special(target: Path, mode: int) -> BinaryIO:
    """Open what is not a regular file, without waiting for somebody to read a pipe."""
    if not S_ISFIFO(mode):
        return target.open("wb")
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.EPIPE, "nobody reads from this pipe", str(target)) from None
        raise
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "wb")


@contextmanager
def _naming_as_given(path: Path) -> Iterator[None]:
    """Name a file as the caller does, instead of its target or what is written next to it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name a file in what is raised when it cannot be written."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


@contextmanager
def _closing(file: BinaryIO, path: Path) -> Iterator[BinaryIO]:
    """Close a file at the end; what is still to be written is written then."""
    try:
        yield file
    finally:
        with naming(path):
            file.close()


def _new_mode() -> int:
    """Return the mode of a new file."""
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
