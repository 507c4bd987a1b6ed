"""The published events, one module per publishing service. Imports nothing of ours, so anyone may vendor it."""

from shared.contracts import certification, placement, registration, selection
from shared.contracts.event import AboutApplicant, Event

ALL: tuple[type[Event], ...] = (
    *registration.EVENTS,
    *selection.EVENTS,
    *certification.EVENTS,
    *placement.EVENTS,
)
BY_TYPE: dict[str, type[Event]] = {event.ce_type(): event for event in ALL}

__all__ = ["ALL", "BY_TYPE", "AboutApplicant", "Event"]
