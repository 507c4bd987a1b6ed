"""What people have typed into forms, as values."""

from datetime import date


def day_of(written: str) -> date | None:
    """The day that a date field has sent; None when it is none."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
