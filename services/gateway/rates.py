"""How often a network or a user may do something, counted in this process; beyond that the answer is 429."""

import contextlib
import ipaddress
import time
from collections import Counter
from collections.abc import Callable, Iterator

from fastapi import Request

from shared.problems import TooMany

_NETWORK_V6 = 64  # a household or an office has one of these, and any number of addresses in it


class Rate:
    """`most` in a window of `seconds`, the same window for all; what is counted is forgotten when it ends.

    Own, because the library `limits` sweeps all its counters at each count when it keeps them in memory, and would
    open a database connection of its own otherwise.
    """

    def __init__(self, most: int, seconds: int, whose: str = "from your network") -> None:
        self._most = most
        self._seconds = seconds
        self._whose = whose
        self._counts: Counter[str] = Counter()
        self._ends = 0.0

    def check(self, who: str) -> None:
        """Raises TooMany when they have done it as often as they may."""
        now = time.monotonic()
        if now >= self._ends:
            self._counts.clear()
            self._ends = now + self._seconds
        if self._counts[who] >= self._most:
            raise TooMany("too_many_requests", f"Too many requests {self._whose}.", self._ends - now)

    def count(self, who: str) -> None:
        """Count one, after `check`."""
        self._counts[who] += 1

    def take(self, who: str) -> None:
        self.check(who)
        self.count(who)

    @contextlib.contextmanager
    def counting(self, who: str) -> Iterator[Callable[[], None]]:
        """Count one, and take it back at the end unless the block has called what it is given.

        What is under way counts: many at once are no more than one after another.
        """
        self.take(who)
        ends, keep = self._ends, False

        def counts() -> None:
            nonlocal keep
            keep = True

        try:
            yield counts
        finally:
            if not keep and ends == self._ends:
                self._counts[who] -= 1


class Rates:
    """What strangers may do, and what staff may guess, and how often. Each replica counts by itself."""

    def __init__(self) -> None:
        self.sign_ins = Rate(30, 60)
        self.verifications = Rate(120, 60)
        # a code has 50 random bits: nobody finds one by trying twenty an hour
        self.unknown_codes = Rate(20, 3600)
        # by one link, from wherever: a village may share one address, and answers in one evening
        self.answers = Rate(120, 60, "by this link")
        # a link has 128 random bits: nobody finds one, and those that there are answer all the same
        self.unknown_links = Rate(20, 3600)
        # typing errors are fewer; who knows a birth date and a district has to guess four digits
        self.unknown_niks = Rate(30, 3600, "by NIKs that nobody here has")
        # a mobile network shows the same address for many people who fill in forms at once
        self.pages_of_forms = Rate(1200, 60)
        self.registrations = Rate(300, 3600)
        # what is begun is kept for days, finished or not
        self.forms_begun = Rate(600, 3600)
        self.looks_at_programmes = Rate(1200, 60)
        # one NIK after another, to learn who is registered, has to stay slow
        self.registered_before = Rate(30, 3600)
        self.unknown_registrations = Rate(60, 3600)


def network(request: Request) -> str:
    """The caller's IPv4 address, or the /64 of an IPv6 one; a proxy's word counts when the settings trust it."""
    try:
        address = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _NETWORK_V6), strict=False))
