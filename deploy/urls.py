"""Addresses of the servers: the same one under another account, and what an address names."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit


def as_account(url: str, name: str, password: str, **parameters: str) -> str:
    """The same server as another account. The password needs no quoting; parameters of the URL are replaced."""
    parts = urlsplit(url)
    query: Mapping[str, str] = {**dict(parse_qsl(parts.query)), **parameters}
    where = parts.netloc.rpartition("@")[2]
    path = parts.path or ("/" if parameters else "")
    return parts._replace(netloc=f"{name}:{password}@{where}", path=path, query=urlencode(query)).geturl()


def vhost_of(amqp_url: str) -> str:
    """The virtual host that an AMQP URL names: `/` where it names none."""
    return unquote(urlsplit(amqp_url).path.removeprefix("/")) or "/"


def in_vhost(amqp_url: str, vhost: str) -> str:
    """The same broker, another virtual host."""
    return urlsplit(amqp_url)._replace(path=f"/{quote(vhost, safe='')}").geturl()


def beside(amqp_url: str, amqp_port: int, management_port: int) -> str:
    """The management API of a broker of this machine, with the same account. Raises ValueError for another broker."""
    parts = urlsplit(amqp_url)
    if parts.hostname != "127.0.0.1" or parts.port != amqp_port:
        raise ValueError("not the broker of this machine")
    account = parts.netloc.rpartition("@")[0]
    return f"http://{account}@127.0.0.1:{management_port}"
