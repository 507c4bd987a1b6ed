"""Whether there is a backup of late."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from deploy.doctor.finding import Finding, note, well, wrong
from deploy.kept.files import MANIFEST

_AGE_H = 26  # a day, and a while for those that take long


def examine(directory: Path | None) -> Iterator[Finding]:
    """`directory` has one directory per backup, as `deploy/backup` writes them."""
    if directory is None:
        yield note("backups", "nothing is known of them", "--backups DIRECTORY says where they are.")
        return
    taken = [_taken_at(manifest) for manifest in directory.glob(f"*/{MANIFEST}")]
    if not taken:
        yield wrong("backups", f"there is none in {directory}", "Have one made every night: docs/backup.md.")
        return
    hours = (datetime.now(UTC) - max(taken)).total_seconds() / 3600
    told = f"{len(taken)}, the newest is {hours:.0f} hours old"
    if hours > _AGE_H:
        yield wrong("backups", told, "Find out why none was made last night: what makes them has said so.")
    else:
        yield well("backups", told)


def _taken_at(manifest: Path) -> datetime:
    return datetime.fromisoformat(json.loads(manifest.read_text())["taken_at"])
