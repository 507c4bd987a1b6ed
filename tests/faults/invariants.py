"""What must hold after any fault. Each invariant is one function that answers what violates it."""

from collections.abc import Callable

from tests.faults.ledger import Ledger

Invariant = Callable[[Ledger], list[str]]

INVARIANTS: dict[str, Invariant] = {}


def invariant(check: Invariant) -> Invariant:
    """Enter a check into the registry, under its name."""
    INVARIANTS[check.__name__] = check
    return check


def violations(ledger: Ledger) -> dict[str, list[str]]:
    """By invariant, what violates it; an invariant that holds answers an empty list."""
    return {name: check(ledger) for name, check in INVARIANTS.items()}
