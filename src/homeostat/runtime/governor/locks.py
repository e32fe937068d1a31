"""Locks of the operating system that end with the process that holds them (``fcntl.flock``).

A lock belongs to an open file. A child that is forked shares it, and would keep it after its
parent's death: so children close what they inherit.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

__all__ = ["FileLock", "is_held", "wait_for"]

_POLL_S: Final = 0.001
"""Between two tries of a lock with a timeout, which the system's own waiting does not have."""
_HELD: Final[set[int]] = set()


def _close_inherited() -> None:
    for handle in _HELD:
        os.close(handle)
    _HELD.clear()


os.register_at_fork(after_in_child=_close_inherited)


class FileLock:
    """An exclusive lock on a file, held from its creation until it is closed.

    Attributes:
        path: Of the file.
    """

    def __init__(self, path: Path, *, timeout_s: float | None = None, hidden: bool = False) -> None:
        """Take the lock, and make the file if there is none.

        Args:
            path: Of the file.
            timeout_s: How long to wait; None for as long as it takes.
            hidden: Whether nobody may see the file before it is locked; it must be new.

        Raises:
            TimeoutError: Somebody held it all the time.
        """
        self.path = path
        place = path.with_name(f".{path.name}.{os.getpid()}") if hidden else path
        self._handle = os.open(place, os.O_RDWR | os.O_CREAT, 0o644)
        self._process = os.getpid()
        _HELD.add(self._handle)
        try:
            _flock(self._handle, fcntl.LOCK_EX, timeout_s)
            if hidden:
                os.rename(place, path)
        except BaseException:
            self.close()
            raise

    def close(self, *, remove: bool = False) -> None:
        """Give the lock back; nothing happens a second time, or in a forked child."""
        if self._handle < 0 or self._process != os.getpid():
            return
        if remove:
            self.path.unlink(missing_ok=True)
        _HELD.discard(self._handle)
        os.close(self._handle)
        self._handle = -1

    def __enter__(self) -> "FileLock":
        """Hold it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self.close()


def _flock(handle: int, kind: int, timeout_s: float | None) -> None:
    if timeout_s is None:
        fcntl.flock(handle, kind)
        return
    end = time.monotonic() + timeout_s
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise TimeoutError(f"a lock must come free within {timeout_s} s") from None
            time.sleep(_POLL_S)
        else:
            return


def wait_for(path: Path, *, timeout_s: float | None = None) -> None:
    """Return when nobody holds a file's lock, as its holder left or died, or it is gone.

    Raises:
        TimeoutError: Somebody held it all the time.
    """
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return
    _HELD.add(handle)
    try:
        # Shared: of many who wait none is taken for a holder.
        _flock(handle, fcntl.LOCK_SH, timeout_s)
    finally:
        _HELD.discard(handle)
        os.close(handle)


def is_held(path: Path) -> bool:
    """Return whether somebody holds a file's lock; not if there is no file."""
    try:
        wait_for(path, timeout_s=0.0)
    except TimeoutError:
        return True
    return False
