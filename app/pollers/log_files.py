"""A log file that is written to by somebody else, renamed, begun anew, copied away and packed."""

import gzip
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

CHUNK = 64_000
"""Bytes that are read at once; a line without an end that is longer is cut there."""
HEAD = 256
"""Bytes at the beginning by which a file is known again under another name."""
_PACKED = ".gz"

Readable = BinaryIO | gzip.GzipFile


class Place(msgspec.Struct, frozen=True):
    """How far was read: in which file, known by its number and how it begins, and to which byte."""

    inode: int = 0
    offset: int = 0
    head: str = ""
    head_bytes: int = 0

    def written(self) -> str:
        """As text, to be kept."""
        return msgspec.json.encode(self).decode()


def place_of(written: str) -> Place | None:
    """Read what ``written`` wrote; None where nothing was read yet."""
    return msgspec.json.decode(written, type=Place) if written else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines, the place behind them, and whether lines before them are gone unread.

    ``is_more``: look again at once.
    """

    lines: tuple[bytes, ...]
    place: Place
    is_more: bool = False
    is_gap: bool = False


@dataclass(slots=True)
class LogFile:
    """A log that is read on and on, through all its files. ``read`` blocks.

    A file that was renamed is read to its end before the next one, as soon as that holds anything: its
    writer may not have noticed yet. One that is shorter than it was has been copied away and begun
    anew; the copy is looked for, for what was not read yet.
    """

    path: Path
    place: Place | None
    _file: Readable | None = field(default=None, repr=False)
    _is_gap: bool = False

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> Chunk:
        """The next lines, none where there is nothing new. Raises ``OSError``."""
        file, place = self._at()
        file.seek(place.offset)
        data = file.read(CHUNK)
        end = data.rfind(b"\n") + 1
        if not end and len(data) == CHUNK:
            end = CHUNK
        if end:
            return self._read(data[:end])
        return self._at_the_end(data)

    def _at(self) -> tuple[Readable, Place]:
        """The open file, if it still is the one that was read, and where to go on in it."""
        if self._file is not None and self.place is not None:
            if _is_it(self._file, self.place):
                return self._file, self.place
            self.close()
        return self._found()

    def _read(self, data: bytes) -> Chunk:
        """Whole lines, and the place behind them with enough of the beginning to know the file by."""
        assert self._file is not None and self.place is not None  # noqa: PT018, S101
        offset = self.place.offset + len(data)
        place = Place(self.place.inode, offset, self.place.head, self.place.head_bytes)
        if place.head_bytes < min(HEAD, offset):
            self._file.seek(0)
            head = self._file.read(min(HEAD, offset))
            place = Place(place.inode, offset, _digest(head), len(head))
        self.place = place
        lines = tuple(line for line in data.split(b"\n") if line.strip())
        return self._chunk(lines, is_more=True)

    def _chunk(self, lines: tuple[bytes, ...] = (), *, is_more: bool = False) -> Chunk:
        assert self.place is not None  # noqa: S101
        is_gap, self._is_gap = self._is_gap, False
        return Chunk(lines, self.place, is_more, is_gap)

    def _at_the_end(self, rest: bytes) -> Chunk:
        """Nothing but the beginning of a line is left here: go on in the next file, if there is one."""
        following = self._following()
        if following is None:
            return self._chunk()
        if rest:
            return self._read(rest)
        self._open(following, Place())
        return self._chunk(is_more=True)

    def _following(self) -> Path | None:
        """The file after this one, once its writer has gone over to it."""
        assert self._file is not None  # noqa: S101
        here = os.fstat(self._file.fileno())
        try:
            newest = self.path.stat()
        except FileNotFoundError:
            return None
        if newest.st_ino == here.st_ino or not newest.st_size:
            return None
        later = [
            (told.st_mtime, other)
            for other, told in _kept_files(self.path)
            if told.st_mtime > here.st_mtime and told.st_ino != here.st_ino
        ]
        return min(later)[1] if later else self.path

    def _found(self) -> tuple[Readable, Place]:
        """Open the file where reading stopped, whatever it is called now."""
        place = self.place
        if place is None:
            return self._open(self.path, Place())
        for candidate in (self.path, *(other for other, _ in _kept_files(self.path))):
            try:
                with _opened(candidate) as file:
                    is_it = _is_it(file, place)
            except (OSError, EOFError):
                continue
            if is_it:
                return self._open(candidate, place)
        opened = self._open(self.path, Place())
        self._is_gap = place.offset > 0
        return opened

    def _open(self, path: Path, place: Place) -> tuple[Readable, Place]:
        self.close()
        self._file = _opened(path)
        inode = os.fstat(self._file.fileno()).st_ino
        self.place = Place(inode, place.offset, place.head, place.head_bytes)
        return self._file, self.place


def _opened(path: Path) -> Readable:
    if path.suffix == _PACKED:
        return gzip.open(path, "rb")
    return path.open("rb", buffering=0)


def _is_it(file: Readable, place: Place) -> bool:
    """Whether a file is the one that was read, and nothing of what was read has gone from it."""
    if not place.head_bytes:
        return os.fstat(file.fileno()).st_ino == place.inode
    file.seek(0)
    if _digest(file.read(place.head_bytes)) != place.head:
        return False
    return isinstance(file, gzip.GzipFile) or os.fstat(file.fileno()).st_size >= place.offset


def _kept_files(path: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The older files of a log: its name with a number or a date behind it, packed or not."""
    named = re.compile(re.escape(path.name) + r"[.-]\d[\d.-]*(\.gz)?")
    for other in path.parent.iterdir():
        if named.fullmatch(other.name):
            with suppress(FileNotFoundError):
                yield other, other.stat()


def _digest(head: bytes) -> str:
    return hashlib.sha256(head).hexdigest()[:32]
