"""How often a network may do something, counted in this process; beyond that the answer is 429."""

import ipaddress
import time
from collections import Counter

from fastapi import Request

from shared.problems import TooMany

_NETWORK_V6 = 64  # a household or an office has one of these, and any number of addresses in it


class Rate:
    """`most` in a window of `seconds`, the same window for all; what is counted is forgotten when it ends.

    Own, because the library `limits` sweeps all its counters at each count when it keeps them in memory, and would
    open a database connection of its own otherwise.
    """

    def __init__(self, most: int, seconds: int) -> None:
        self._most = most
        self._seconds = seconds
        self._counts: Counter[str] = Counter()
        self._ends = 0.0

    def check(self, network: str) -> None:
        """Raises TooMany when it has done it as often as it may."""
        now = time.monotonic()
        if now >= self._ends:
            self._counts.clear()
            self._ends = now + self._seconds
        if self._counts[network] >= self._most:
            raise TooMany("too_many_requests", "Too many requests from your network.", self._ends - now)

    def count(self, network: str) -> None:
        """Count one, after `check`."""
        self._counts[network] += 1

    def take(self, network: str) -> None:
        self.check(network)
        self.count(network)


class Rates:
    """What strangers may do, and how often. Each replica counts by itself."""

    def __init__(self) -> None:
        self.sign_ins = Rate(30, 60)
        self.verifications = Rate(120, 60)
        # a code has 50 random bits: nobody finds one by trying twenty an hour
        self.unknown_codes = Rate(20, 3600)


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
