"""Lists of addresses: a sitemap (sitemaps.org 0.9), an index of sitemaps, or plain text with one on each line.

Compressed ones are unpacked within the limit. XML with a DOCTYPE, which no sitemap has and entities need,
is refused before it is parsed.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import httpx
from lxml import etree

from ingest.errors import Unreachable, WrongUsage
from ingest.web.addresses import is_address, normal_address
from ingest.web.fetch import Web, unpacked

MOST_BYTES = 50 << 20  # of one sitemap, unpacked: what the protocol allows
MOST_SITEMAPS = 50  # of an index
MOST_LISTED = 50_000
_GZIP = b"\x1f\x8b"


@dataclass(slots=True)
class Listed:
    """Addresses with their <lastmod> ("" without), in order; and what was passed over."""

    pages: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_list(web: Web, address: str) -> Listed:
    """All pages that the list at `address` names. Raises Unreachable for what is no list."""
    listed = Listed()
    waiting, read = [address], 0
    while waiting and len(listed.pages) < MOST_LISTED:
        if read == MOST_SITEMAPS:
            listed.notes.append(f"More than {MOST_SITEMAPS} sitemaps are listed; the first were read.")
            break
        here = waiting.pop(0)
        if read:
            web.wait_turn(here)
        read += 1
        data = _unpacked(web.read(here, MOST_BYTES), here)
        if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            waiting += _from_xml(data, here, listed, index_allowed=here == address)
        else:
            _from_text(data, here, listed)
    return listed


def _unpacked(data: bytes, address: str) -> bytes:
    if not data.startswith(_GZIP):
        return data
    found = bytearray()
    try:
        for block in unpacked([data]):
            found += block
            if len(found) > MOST_BYTES:
                raise Unreachable(
                    f"{address} unpacks to more than {MOST_BYTES >> 20} MiB, more than a sitemap may have."
                )
    except zlib.error:
        raise Unreachable(f"{address} is damaged (gzip). Try again later.") from None
    return bytes(found)


def _from_xml(data: bytes, address: str, listed: Listed, index_allowed: bool) -> list[str]:
    """Take the pages of a sitemap into `listed`; returns the sitemaps of an index."""
    no_list = Unreachable(f"{address} is no sitemap and no list of addresses. Give the address of one.")
    if b"<!doctype" in data[:4096].lower() or b"<!ENTITY" in data:
        raise no_list
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise no_list from None
    kind = etree.QName(root).localname
    if kind not in ("urlset", "sitemapindex") or (kind == "sitemapindex" and not index_allowed):
        raise no_list
    more: list[str] = []
    for entry in root:
        if not isinstance(entry.tag, str):
            continue
        fields = {
            etree.QName(one).localname: (one.text or "").strip() for one in entry if isinstance(one.tag, str)
        }
        found = _taken(fields.get("loc", ""), address, listed.notes, same_host=True)
        if found and kind == "sitemapindex":
            more.append(found)
        elif found:
            listed.pages.setdefault(found, fields.get("lastmod", "")[:60])
    return more


def _from_text(data: bytes, address: str, listed: Listed) -> None:
    lines = [line.strip() for line in data.decode("utf-8", "replace").splitlines()]
    if lines and not any(is_address(line) for line in lines):
        raise Unreachable(f"{address} is no sitemap and no list of addresses. Give the address of one.")
    for line in lines:
        wanted = line and not line.startswith("#")
        if wanted and (found := _taken(line, address, listed.notes, same_host=False)):
            listed.pages.setdefault(found, "")


def _taken(text: str, address: str, notes: list[str], same_host: bool) -> str:
    """An entry as it is kept; "" for one that is passed over, with a note why."""
    try:
        found = normal_address(text)
    except WrongUsage as error:
        notes.append(f"An entry is passed over. {error}")
        return ""
    if same_host and httpx.URL(found).host != httpx.URL(address).host:
        notes.append(f"{found}: a sitemap names pages of its own host only.")
        return ""
    return found
