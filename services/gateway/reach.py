"""Which addresses a webhook may reach: public ones, over TLS; nothing inside, unless the settings name the network."""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import httpcore

from shared.problems import Invalid

_LONGEST_URL = 1000
# IPv6 that carries an IPv4 address, which may be a private one
_TUNNELS = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")))


class Reach:
    """`networks` are those inside that may be reached all the same, with commas."""

    def __init__(self, networks: str) -> None:
        self._inside = [ip_network(one) for one in filter(None, map(str.strip, networks.split(",")))]

    def check(self, url: str) -> None:
        """Raises Invalid for what is no https URL; plain http may go to the address of this very machine."""
        try:
            parts = urlsplit(url)
            port_is_fine = parts.port is None or parts.port > 0
        except ValueError:
            raise _refused("That is no URL.") from None
        if not url.isascii() or not url.isprintable() or " " in url or len(url) > _LONGEST_URL or not port_is_fine:
            raise _refused(f"A URL has {_LONGEST_URL} characters at the most, ASCII, without spaces.")
        if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
            raise _refused("A URL of a webhook is https://host/path, without an account and without a fragment.")
        address = _literal(parts.hostname)
        if parts.scheme != "https" and not (parts.scheme == "http" and address is not None and address.is_loopback):
            raise _refused("A webhook is reached over https.")
        if address is not None and not self.allows(address):
            raise _refused("A webhook is at a public address; JALUR_WEBHOOK_NETWORKS names the private ones allowed.")

    def allows(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether we may connect to it."""
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._inside):
            return True
        return address.is_global and not address.is_multicast and not any(address in one for one in _TUNNELS)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Looks a name up and connects to an address that is allowed: no second look-up could answer otherwise."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            raise httpcore.ConnectError("its name is not known") from None
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        allowed = [one for one in addresses if (parsed := _literal(one)) is not None and self._reach.allows(parsed)]
        failure = httpcore.ConnectError("its address is not a public one")
        for address in allowed:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("no socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _refused(detail: str) -> Invalid:
    return Invalid("bad_url", detail)
