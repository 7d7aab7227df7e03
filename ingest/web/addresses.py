"""Web addresses: which are taken, how they are written, where they may lead, what they are called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import unquote

import httpx

from ingest.errors import WrongUsage
from ingest.model.adding import Source
from ingest.queue.keys import clean_key

MOST_CHARACTERS = 2_000
WEB_PORTS = (80, 443)  # below 1024, only these: others speak something else
_NUMERIC = re.compile(r"(?i)(?:0x[0-9a-f]*|\d+)")
_PUBLIC_V6 = IPv6Network("2000::/3")
_TUNNELS_V6 = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))  # Teredo, 6to4: an IPv4 address inside
_NAT64 = IPv6Network("64:ff9b::/96")  # the last 32 bits are an IPv4 address

Address = IPv4Address | IPv6Address


def is_address(text: str) -> bool:
    """Whether a person means a web address with it, and no file."""
    return re.match(r"(?i)https?:", text.strip()) is not None


def normal_address(text: str) -> str:
    """`text` as it is kept: lower-case host, no fragment, no default port.

    Raises WrongUsage for another scheme, a user name or password, a host in disguise (a number, an octal or
    hexadecimal IP address) and a port that is not of the web. Messages never repeat a password.
    """
    typed = text.strip()
    try:
        url = httpx.URL(typed)
        host, port = url.host, url.port
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise WrongUsage("This is no web address. It looks like https://example.org/page.html.") from None
    if url.scheme not in ("http", "https") or not host or len(typed) > MOST_CHARACTERS:
        raise WrongUsage("This is no web address that is taken. It begins with https:// or http://.")
    if url.userinfo:
        raise WrongUsage(
            "This address has a user name or password in it, which would be kept and shown. Give it without; a "
            "page behind a login can be saved in the browser and added as a file."
        )
    if _in_disguise(host):
        raise WrongUsage(f"“{host}” is no host name. Give the name of the site as the browser shows it.")
    if port is not None and port < 1024 and port not in WEB_PORTS:
        raise WrongUsage(f"Port {port} is not one that web pages are served on.")
    return str(url.copy_with(fragment=None, raw_path=url.raw_path))  # "/" where there is no path


def _in_disguise(host: str) -> bool:
    """Whether a host is an IP address in other digits (127.1, 0x7f000001, 2130706433, 0177.0.0.1)."""
    if ":" in host:
        return False
    last = host.rstrip(".").rpartition(".")[2]
    if not _NUMERIC.fullmatch(last):
        return False
    try:
        return str(IPv4Address(host)) != host
    except ValueError:
        return True


def address_source(text: str, replace: bool | None = None) -> Source:
    """What is to be added from a web address. Raises WrongUsage."""
    address = normal_address(text)
    return Source(address, key_of(address), address, replace)


def key_of(address: str) -> str:
    """What a page is called in a library: "example.org/path/page.html"; no scheme, no credentials."""
    url = httpx.URL(address)
    path = unquote(url.path)
    key = f"{url.host}{f':{url.port}' if url.port else ''}{path}"
    if path.endswith("/"):
        key += "index"
    if url.query:
        key += "?" + unquote(url.query.decode("ascii", "replace")).replace("/", "_")
    return clean_key(key)


# ------------------------------------------------------------------ where an address may lead


@dataclass(frozen=True, slots=True)
class Allowed:
    """Hosts and networks that may be reached although they are not public."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Allowed:
        """From "intranet.example,10.0.0.0/8". Raises WrongUsage."""
        hosts: set[str] = set()
        networks: list[IPv4Network | IPv6Network] = []
        for part in filter(None, (each.strip().lower() for each in text.split(","))):
            try:
                networks.append(ip_network(part, strict=False))
            except ValueError:
                if "/" in part or ":" in part or _in_disguise(part):
                    raise WrongUsage(
                        f"FOOTNOTE_WEB_ALLOW: “{part}” is neither a host name nor a network such as 10.0.0.0/8."
                    ) from None
                hosts.add(part)
        return cls(frozenset(hosts), tuple(networks))

    def permits(self, host: str, ip: Address) -> bool:
        """Whether a connection to `ip`, found under the name `host`, may be made."""
        return is_public(ip) or host.lower() in self.hosts or any(ip in network for network in self.networks)


def is_public(ip: Address) -> bool:
    """Whether `ip` is of the open internet, all the IPv4 addresses included that IPv6 can hide."""
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(ip.ipv4_mapped)
        if ip in _NAT64:
            return is_public(IPv4Address(int(ip) & 0xFFFFFFFF))
        if ip.scope_id or ip not in _PUBLIC_V6 or any(ip in tunnel for tunnel in _TUNNELS_V6):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def parsed_ip(text: str) -> Address:
    """An address as a resolver gives it; raises ValueError."""
    return ip_address(text)
