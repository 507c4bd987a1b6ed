"""The directory of a backup: files for their owner alone, a manifest, and the digest of each.

    manifest.json                    what is in it, and from when
    databases/DATABASE/COLLECTION.bson.gz and .metadata.json.gz, as `mongodump --gzip` names and writes them
    log.jsonl.gz                     the events of `jalur.log`, one a line, in their order
    subscribers.json                 RabbitMQ's definitions of the outside subscribers
    SHA256SUMS                       for `sha256sum -c`

It is written under another name first, so that half a backup is never taken for one.
"""

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter
from pathlib import Path
from typing import IO, Any, cast

FORMAT = 1
MANIFEST, _DIGESTS = "manifest.json", "SHA256SUMS"
_LEVEL = 3  # sealed fields do not get smaller, and of the rest this takes nearly as much off as 9 does


class Unusable(Exception):
    """There is no making or reading a backup here; the message says why, in plain words."""


def private(path: Path) -> BufferedWriter:
    """A new file that its owner alone can read. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


class Draft:
    """A backup that is being written; `finish` gives it its name."""

    def __init__(self, target: Path) -> None:
        """Raises Unusable when there is something by that name already."""
        self.target = target.absolute()
        self.path = self.target.with_name(f".{self.target.name}.unfinished")
        if self.target.exists():
            raise Unusable(f"{self.target} exists already; a backup is never written over")
        shutil.rmtree(self.path, ignore_errors=True)  # of an attempt that was cut short
        try:
            self.path.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise Unusable(f"{self.target} cannot be written: {error.strerror}") from error

    @contextmanager
    def compressed(self, name: str) -> Iterator[IO[bytes]]:
        """A file in it, to be written to."""
        path = self.path / name
        for made in (path.parent.parent, path.parent):
            made.mkdir(mode=0o700, exist_ok=True)
        with private(path) as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as file:
            yield cast(IO[bytes], file)

    def json(self, name: str, value: Any) -> None:
        with private(self.path / name) as file:
            file.write(json.dumps(value, indent=1).encode() + b"\n")

    def finish(self, manifest: dict[str, Any]) -> None:
        """Write manifest and digests, and put it where it belongs; from then on it is on the disk."""
        self.json(MANIFEST, {"format": FORMAT, **manifest})
        lines = [f"{_digest(path)}  {path.relative_to(self.path)}\n" for path in _files(self.path)]
        with private(self.path / _DIGESTS) as file:
            file.write("".join(lines).encode())
        os.sync()
        self.path.rename(self.target)

    def discard(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


class Backup:
    """A finished one. Every file is what it was when it was written."""

    def __init__(self, path: Path) -> None:
        """Raises Unusable for what is no backup, is damaged, or was written by a version that this one cannot read."""
        self.path = path
        if not (path / MANIFEST).is_file() or not (path / _DIGESTS).is_file():
            raise Unusable(f"{path} is no backup: it has no {MANIFEST} with {_DIGESTS}")
        self._check_digests()
        self.manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text())
        if self.manifest["format"] != FORMAT:
            raise Unusable(
                f"{path} is a backup of format {self.manifest['format']}, and this version reads {FORMAT}: "
                f"restore it with Jalur {self.manifest.get('jalur')}, which wrote it"
            )

    @contextmanager
    def compressed(self, name: str) -> Iterator[IO[bytes]]:
        with gzip.open(self.path / name) as file:
            yield cast(IO[bytes], file)

    def json(self, name: str) -> Any:
        return json.loads((self.path / name).read_text())

    def _check_digests(self) -> None:
        told = dict(line.split("  ", 1)[::-1] for line in (self.path / _DIGESTS).read_text().splitlines())
        found = {str(path.relative_to(self.path)): path for path in _files(self.path)}
        for name in sorted(told.keys() - found.keys()):
            raise Unusable(f"{name} is missing from {self.path}")
        for name, path in found.items():
            if name != _DIGESTS and _digest(path) != told.get(name):
                raise Unusable(f"{name} in {self.path} is damaged: it is not what {_DIGESTS} says")


def size_of(path: Path) -> int:
    """Bytes in a directory's files."""
    return sum(one.stat().st_size for one in _files(path))


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
