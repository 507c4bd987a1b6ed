"""Request bodies within bounds, and uploaded sheets kept in a private directory until they are imported."""

import asyncio
import logging
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems
from shared.problems import Away, Invalid

log = logging.getLogger(__name__)

MOST_JSON_BYTES = 2 << 20
_MULTIPART_EXTRA_BYTES = 64 << 10
_DRAINED_AT_MOST = 8  # times the limit: a client that sends more than that is cut off
_JSON_WITHIN_S = 30.0
_UPLOAD_WITHIN_S = 300.0
_FORGOTTEN_AFTER_S = 3600
_CHUNK = 1 << 20
_MOST_FIELDS = 10  # beside a file
_MOST_CELLS = 15_000  # in a page's grid, of people and the days of a week; how long a form may be is the body's limit


class BodyLimit:
    """Answers 413 to a body that is too long, after reading the rest of it away, so that the client gets to hear it.

    And 408 to one that takes too long to come, so that nobody holds connections by sending a byte now and then.
    """

    def __init__(self, app: ASGIApp, most_upload_bytes: int) -> None:
        self._app = app
        self._most_upload_bytes = most_upload_bytes + _MULTIPART_EXTRA_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        upload = "/imports/" in scope["path"] or scope["path"] == "/impor"
        limit = self._most_upload_bytes if upload else MOST_JSON_BYTES
        loop = asyncio.get_running_loop()
        deadline: float | None = loop.time() + (_UPLOAD_WITHIN_S if upload else _JSON_WITHIN_S)
        received, refusal = 0, None

        async def bounded() -> Message:
            nonlocal received, refusal, deadline
            while True:
                try:
                    async with asyncio.timeout_at(deadline):
                        message = await receive()
                except TimeoutError:
                    refusal = problems.document(408, "too_slow", "The request took too long to arrive.")
                    raise HTTPException(408) from None
                received += len(message.get("body", b""))
                more = bool(message.get("more_body"))
                if not more:
                    deadline = None  # what is waited for now is that the client goes away
                if received <= limit:
                    return message
                detail = f"The request is longer than the {limit >> 20} MB that are accepted here."
                refusal = problems.document(413, "too_large", detail, {"limit_bytes": limit})
                if not more or received > _DRAINED_AT_MOST * limit:
                    raise HTTPException(413)  # ends the reading; what the client gets is written below

        async def unless_refused(message: Message) -> None:
            if refusal is None:
                await send(message)

        await self._app(scope, bounded, unless_refused)
        if refusal is not None:
            await refusal(scope, receive, send)


class Spool:
    """The directory of uploaded sheets: readable by this account alone, empty when nothing is being imported."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        return self._directory / f"{name}.sheet"

    def holds(self, name: str) -> bool:
        return self.path(name).exists()

    def renew(self, name: str) -> bool:
        """Keep the sheet for another hour; False when there is none."""
        try:
            os.utime(self.path(name))
        except FileNotFoundError:
            return False
        return True

    async def keep(self, name: str, upload: UploadFile) -> None:
        """Write the upload to disk, mode 600. Raises Away, with nothing left behind, when the disk is full."""
        try:
            await asyncio.to_thread(_copy, upload.file, self.path(name))
        except OSError as error:
            self.drop(name)
            raise _no_room(error) from error

    def note(self, name: str, written: bytes) -> None:
        """Keep this beside the sheet, mode 600, whole or not at all. Raises Away when the disk is full."""
        beside = self._beside(name)
        fresh = self._directory / f"{name}.{uuid4().hex}.fresh"
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                target.write(written)
            fresh.replace(beside)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise _no_room(error) from error

    def noted(self, name: str) -> tuple[bytes, float] | None:
        """What is kept about a sheet, and how many seconds ago it was written."""
        try:
            with self._beside(name).open("rb") as source:
                return source.read(), max(0.0, time.time() - os.fstat(source.fileno()).st_mtime)
        except FileNotFoundError:
            return None

    def drop(self, name: str) -> None:
        """The sheet and what is kept about it."""
        for path in (self.path(name), self._beside(name)):
            path.unlink(missing_ok=True)

    @contextmanager
    def dropping(self, name: str) -> Iterator[Path]:
        """The path of a sheet that is gone afterwards, whatever happens."""
        try:
            yield self.path(name)
        finally:
            self.drop(name)

    def sweep(self, wanted: Collection[str]) -> None:
        """Delete what a crash left behind: old sheets that no import is going to read."""
        for path in (one for kind in ("sheet", "preview", "fresh") for one in self._directory.glob(f"*.{kind}")):
            forgotten = time.time() - path.stat().st_mtime > _FORGOTTEN_AFTER_S
            if forgotten and path.stem not in wanted:
                path.unlink(missing_ok=True)

    def _beside(self, name: str) -> Path:
        return self._directory / f"{name}.preview"


async def form_of(request: Request) -> FormData:
    """The fields of a form with one file at most. Raises Invalid when it cannot be read, Away when the disk is full."""
    with_file = request.headers.get("content-type", "").startswith("multipart/")
    try:
        return await request.form(max_files=1, max_fields=_MOST_FIELDS if with_file else _MOST_CELLS)
    except OSError as error:
        raise _no_room(error) from error
    except UnicodeError:  # a character set that is none
        raise Invalid("not_a_form", "The form cannot be read.") from None


async def uploaded(request: Request) -> UploadFile:
    """The multipart field `file`. Raises Invalid when there is none, Away when the disk is full."""
    found: Any = (await form_of(request)).get("file")
    if not isinstance(found, UploadFile):
        raise Invalid("file_missing", "Send the sheet as the multipart field `file`.", errors=[_NO_FILE])
    return found


_NO_FILE = {"field": "file", "reason": "missing"}


def _no_room(error: OSError) -> Away:
    log.error("an upload cannot be kept: %s", error.strerror)
    return Away("no_room", "The upload cannot be kept at the moment: there is no room for it.")


def _copy(source: BinaryIO, path: Path) -> None:
    source.seek(0)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        while chunk := source.read(_CHUNK):
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
