"""How long a programme's personal data are kept, as its definition says."""

from calendar import monthrange
from datetime import date

from shared.contracts.registration import Programme


def kept_until(programme: Programme) -> date | None:
    """The last day on which the personal data of its applicants are kept; None when nothing limits it."""
    if programme.retention is None:
        return None
    ends, months = programme.training.ends, programme.retention.personal_data_months
    year, month = divmod(ends.year * 12 + ends.month - 1 + months, 12)
    return date(year, month + 1, min(ends.day, monthrange(year, month + 1)[1]))


def is_due(programme: Programme, today: date) -> bool:
    """Whether the personal data of its applicants are to be erased now."""
    until = kept_until(programme)
    return until is not None and until < today
