"""Whether there is a backup of late."""

import time
from collections.abc import Iterator
from pathlib import Path

from deploy.doctor.finding import Finding, note, well, wrong

_AGE_H = 26  # a day, and a while for those that take long


def examine(directory: Path | None) -> Iterator[Finding]:
    """`directory` has one entry per backup."""
    if directory is None:
        yield note("backups", "nothing is known of them", "--backups DIRECTORY says where they are.")
        return
    try:
        newest = max((one.stat().st_mtime for one in directory.iterdir()), default=None)
    except OSError as error:
        yield wrong("backups", f"{directory}: {error.strerror}", "Name the directory that backups are written to.")
        return
    if newest is None:
        yield wrong("backups", f"{directory} is empty", "Make one, and have it made every night.")
        return
    hours = (time.time() - newest) / 3600
    told = f"the newest is {hours:.0f} hours old"
    if hours > _AGE_H:
        yield wrong("backups", told, "Find out why none was made last night: look at the log of what makes them.")
    else:
        yield well("backups", told)
