"""A journal: records that are there whole or not at all, however their writer ends.

One JSON record a line, with its checksum. A line is written by one call; of a writer that was
killed amid it the last line is torn, and the next one to open the journal cuts it off. Only whoever
holds the lock that guards a journal may call anything here.

A kill is survived, as the system keeps what was written; a power failure need not be, as nothing
waits for the disk. Locks do not outlive that either.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from homeostat.errors import InvalidInputError

__all__ = ["Journal", "Record"]

BYTES_MAX: Final = 64 * 1024 * 1024
LINE_BYTES_MAX: Final = 256 * 1024

Record = Mapping[str, Any]


class Journal:
    """Records in a file, read up to where one was and appended one by one.

    Attributes:
        path: The file.
        count: How many records were read or written here since it was last rewritten.
    """

    def __init__(self, path: Path) -> None:
        """Say which file; it is opened when it is first read."""
        self.path = path
        self.count = 0
        self._place = 0
        # Kept open: a file that took the place of this one has another number then.
        self._handle = -1

    def first(self) -> dict[str, Any] | None:
        """Return the first record, which no writer changes; None if there is no file."""
        try:
            with self.path.open("rb") as file:
                return self._record(file.readline(LINE_BYTES_MAX).removesuffix(b"\n"))
        except FileNotFoundError:
            return None

    def read(self) -> tuple[bool, list[dict[str, Any]]]:
        """Return the records that are new here, and whether they begin at the first.

        What a killed writer left of a line is cut off.

        Raises:
            InvalidInputError: There is no file, it is too large, or a line amid it is damaged.
        """
        anew = self._open()
        size = os.fstat(self._handle).st_size
        if size > BYTES_MAX:
            raise InvalidInputError(f"{self.path} must have at most {BYTES_MAX} bytes")
        content = os.pread(self._handle, size - self._place, self._place)
        *lines, rest = content.split(b"\n")
        records = [self._record(line) for line in lines]
        self._place += len(content) - len(rest)
        self.count += len(records)
        if rest:
            os.ftruncate(self._handle, self._place)
        return anew, records

    def _open(self) -> bool:
        """Open the file if it is another than before, and return whether it is."""
        try:
            now = os.stat(self.path)
        except FileNotFoundError:
            raise InvalidInputError(f"{self.path} must be a journal, there is none") from None
        if self._handle >= 0 and os.path.samestat(now, os.fstat(self._handle)):
            return False
        self.close()
        self._handle = os.open(self.path, os.O_RDWR | os.O_APPEND)
        return True

    def close(self) -> None:
        """Close the file; the next read begins at the first record."""
        if self._handle >= 0:
            os.close(self._handle)
        self._handle, self._place, self.count = -1, 0, 0

    def append(self, record: Record) -> None:
        """Write one record, after all were read.

        Raises:
            InvalidInputError: It is too long.
            OSError: There is no room on the disk; then nothing was written.
        """
        line = _line(record)
        if os.write(self._handle, line) != len(line):
            os.ftruncate(self._handle, self._place)
            raise OSError(f"{self.path}: no room for a record of {len(line)} bytes")
        self._place += len(line)
        self.count += 1

    def rewrite(self, records: Iterable[Record]) -> None:
        """Replace the file by some records: a reader sees the old ones or all of the new."""
        content = b"".join(map(_line, records))
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(temporary, self.path)
        except BaseException:
            os.unlink(temporary)
            raise
        # Whoever reads next, this one too, finds another file.

    def _record(self, line: bytes) -> dict[str, Any]:
        checksum, _, body = line.partition(b" ")
        try:
            if len(line) <= LINE_BYTES_MAX and int(checksum, 16) == crc32(body):
                record: object = json.loads(body)
                if isinstance(record, dict):
                    return record
        except (ValueError, RecursionError):
            pass
        raise InvalidInputError(f"{self.path}: line {line[:60]!r} must be a record, undamaged")


def _line(record: Record) -> bytes:
    body = json.dumps(record, separators=(",", ":")).encode()
    line = b"%08x %s\n" % (crc32(body), body)
    if len(line) > LINE_BYTES_MAX:
        raise InvalidInputError(f"a record of {len(line)} bytes must have {LINE_BYTES_MAX} at most")
    return line
