"""What a service must know when its database was restored from a backup: what may have been given out since then.

What happened after the backup is forgotten here, but not by those who heard of it. So nothing that was counted goes on
where the backup stands: it goes on beyond anything that can have been given meanwhile (docs/backup.md).
"""

from typing import Final, NamedTuple

# `{_id: THE_ONE, versions_above, numbers_skipped, taken_at, restored_at, finished}` in every service's database
COLLECTION: Final = "restored"
THE_ONE: Final = "latest"


class Restored(NamedTuple):
    """Versions of documents up to the one may have been given, and, of anything numbered, so many numbers more.

    `numbers_skipped` adds up over all restores that a database has behind it.
    """

    versions_above: int
    numbers_skipped: int


NEVER: Final = Restored(0, 0)
