"""Pages of the web: real servers on loopback, good and bad; and addresses that must not be reached."""

from __future__ import annotations

import gzip
import ssl
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

import ingest.web.fetch
from ingest.errors import FootnoteError, Gone, Unreachable, WrongUsage
from ingest.settings import Settings
from ingest.web.addresses import Allowed, is_public, key_of, normal_address
from ingest.web.fetch import Validators, Web
from ingest.web.pages import key_for_type
from ingest.web.sitemap import read_list
from tests.servers.web_server import Served, WebServer, serving

ALLOWED = Settings(allow_web=True, web_allow="127.0.0.0/8", web_timeout_seconds=5.0)


@pytest.fixture(scope="module")
def server() -> Iterator[WebServer]:
    with serving() as running:
        yield running


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(ALLOWED) as opened:
        yield opened


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("HTTPS://Example.ORG", "https://example.org/"),
        (" https://example.org:443/a b#part ", "https://example.org/a%20b"),
        ("http://example.org:8080/x?y=1#z", "http://example.org:8080/x?y=1"),
        ("https://münchen.example/ä", "https://xn--mnchen-3ya.example/%C3%A4"),
        ("http://93.184.216.34/", "http://93.184.216.34/"),
    ],
)
def test_addresses_are_kept_in_one_way(typed: str, kept: str) -> None:
    assert normal_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "", "example.org", "ftp://example.org/", "file:///etc/passwd", "https:///x", "https://example.org:22/",
        "https://me:secret@example.org/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
        "http://127.1/", "http://1.2.3.4.5/", "http://0x7f.1/", "https://[::1", "https://example.org:x/",
        "https://example.org/" + "x" * 2_000, "javascript:alert(1)", "http://exa\nmple.org/",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_a_password(typed: str) -> None:
    with pytest.raises(WrongUsage) as told:
        normal_address(typed)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "ip",
    [
        "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "100::1",
    ],
)  # fmt: skip
def test_places_that_are_not_of_the_open_internet(ip: str) -> None:
    assert not is_public(ip_address(ip))


@pytest.mark.parametrize(
    "ip", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_places_of_the_open_internet(ip: str) -> None:
    assert is_public(ip_address(ip))


def test_what_a_person_allows_in_addition() -> None:
    allowed = Allowed.parse("intranet.example, 10.0.0.0/8,::1")
    assert allowed.permits("intranet.example", ip_address("192.168.1.1"))
    assert allowed.permits("any.example", ip_address("10.2.3.4"))
    assert allowed.permits("any.example", ip_address("::1"))
    assert not allowed.permits("any.example", ip_address("192.168.1.1"))
    assert not allowed.permits("intranet.example.org", ip_address("192.168.1.1"))
    for wrong in ("10.0.0.0/99", "0x7f.1", "https://a.example"):
        with pytest.raises(WrongUsage, match="FOOTNOTE_WEB_ALLOW"):
            Allowed.parse(wrong)


def test_keys_are_readable_paths() -> None:
    assert key_of("https://example.org/path/page.html") == "example.org/path/page.html"
    assert key_of("https://example.org/") == "example.org/index"
    assert key_of("http://example.org:8080/%C3%A4/../b?q=1/2") == "example.org:8080/b?q=1_2"
    assert key_for_type("example.org/a", "text/html") == "example.org/a.html"
    assert key_for_type("example.org/a.htm", "text/html") == "example.org/a.htm"
    assert key_for_type("example.org/a.php", "application/pdf") == "example.org/a.php.pdf"
    assert key_for_type("example.org/readme.md", "text/plain") == "example.org/readme.md"
    assert key_for_type("example.org/a.pdf", "application/octet-stream") == "example.org/a.pdf"
    with pytest.raises(FootnoteError, match="video/mp4"):
        key_for_type("example.org/a.mp4", "video/mp4")


# ------------------------------------------------------------------ fetching


def test_the_web_is_off_unless_it_is_switched_on() -> None:
    with pytest.raises(WrongUsage, match="FOOTNOTE_ALLOW_WEB=1"):
        Web(Settings())


def test_a_page_comes_with_what_it_is_recognised_by(server: WebServer, web: Web, tmp_path: Path) -> None:
    packed = gzip.compress(b"<p>Tea is served at four.</p>" * 100)
    server.pages["/tea"] = Served(
        packed, "text/html; charset=ISO-8859-1", headers={"Content-Encoding": "gzip"}
    )
    server.pages["/old"] = Served(status=301, headers={"Location": "/tea#part"})
    found = web.fetch(server.url("/old"), tmp_path)
    assert found is not None
    assert found.path.read_bytes() == b"<p>Tea is served at four.</p>" * 100
    assert (found.media_type, found.charset) == ("text/html", "iso-8859-1")
    assert web.fetch(server.url("/tea"), tmp_path, found.validators) is None
    assert web.fetch(server.url("/tea"), tmp_path, Validators('"other"')) is not None
    headers = server.asked[-1][1]
    assert headers["user-agent"].startswith("Footnote")
    assert not {"cookie", "referer", "authorization"} & headers.keys()


def test_nothing_private_is_reached_not_even_by_a_redirect(server: WebServer, tmp_path: Path) -> None:
    server.pages["/away"] = Served(status=302, headers={"Location": "http://10.0.0.1/"})
    server.pages["/mapped"] = Served(status=302, headers={"Location": "http://[::ffff:10.0.0.1]/"})
    server.pages["/file"] = Served(status=302, headers={"Location": "file:///etc/passwd"})
    server.pages["/number"] = Served(status=302, headers={"Location": "http://2130706433/"})
    with Web(Settings(allow_web=True)) as closed, pytest.raises(Unreachable, match="FOOTNOTE_WEB_ALLOW"):
        closed.fetch(server.url("/tea"), tmp_path)
    with Web(ALLOWED) as web:
        for path, why in [
            ("/away", "private"),
            ("/mapped", "private"),
            ("/file", "not followed"),
            ("/number", "not followed"),
        ]:
            with pytest.raises(Unreachable, match=why):
                web.fetch(server.url(path), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_changes_its_mind_gains_nothing(server: WebServer, tmp_path: Path) -> None:
    """DNS rebinding: public at the first look, private at the next; and both at once."""
    asked: list[str] = []

    def turning(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.1", "10.0.0.1"]

    port = server.address.rpartition(":")[2]
    server.pages["/tea"] = Served("Tea", headers={"Connection": "close"})
    with Web(ALLOWED, resolver=turning) as web:
        found = web.fetch(f"http://turning.test:{port}/tea", tmp_path)
        assert found is not None
        assert asked == ["turning.test"], "looked up once, and connected to what was checked"
        assert server.asked[-1][1]["host"] == f"turning.test:{port}"
        with pytest.raises(Unreachable, match="private network"):
            web.fetch(f"http://turning.test:{port}/tea", tmp_path)


def test_tls_is_held_to_the_name_and_not_to_the_address(tmp_path: Path) -> None:
    certificate, key = _certificate("secure.test", tmp_path)
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    names: list[str | None] = []
    served.sni_callback = lambda _socket, name, _context: names.append(name)
    trusted = ssl.create_default_context(cafile=str(certificate))

    def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with serving(served, "secure.test") as server, Web(ALLOWED, here, trusted) as web:
        server.pages["/"] = Served("Safe")
        assert web.read(server.url("/"), 100) == b"Safe"
        assert names == ["secure.test"]
        other = server.url("/").replace("secure.test", "other.test")
        with pytest.raises(Unreachable, match=r"could not prove that it is other\.test"):
            web.read(other, 100)


def _certificate(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate of its own making for `name`, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/drip", "in time"), ("/heads", "in time"), ("/silent", "in time"), ("/endless", "larger than 1 MiB"),
        ("/round", "on and on"), ("/broken", "broke off"), ("/nowhere", "no such page"),
    ],
)  # fmt: skip
def test_bad_habits_end_soon_and_leave_nothing(
    server: WebServer, tmp_path: Path, path: str, why: str
) -> None:
    began = time.monotonic()
    settings = Settings(allow_web=True, web_allow="127.0.0.1", web_timeout_seconds=0.8, max_file_mib=1)
    with Web(settings) as web, pytest.raises(Unreachable, match=why) as told:
        web.fetch(server.url(path), tmp_path)
    assert time.monotonic() - began < 8
    assert isinstance(told.value, Gone) == (path == "/nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_small_body_cannot_become_a_large_one(server: WebServer, tmp_path: Path) -> None:
    bomb = zlib.compress(b"\0" * (300 << 20), 9)
    assert len(bomb) < 400_000
    server.pages["/bomb"] = Served(bomb, headers={"Content-Encoding": "deflate"})
    server.pages["/strange"] = Served(b"x", headers={"Content-Encoding": "br"})
    server.pages["/cut"] = Served(gzip.compress(b"words" * 999)[:-9], headers={"Content-Encoding": "gzip"})
    with Web(Settings(allow_web=True, web_allow="127.0.0.1", max_file_mib=4)) as web:
        for path, why in [
            ("/bomb", "larger than 4 MiB"),
            ("/strange", "not asked for"),
            ("/cut", "broke off"),
        ]:
            with pytest.raises(Unreachable, match=why):
                web.fetch(server.url(path), tmp_path)
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------ lists


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest.web.fetch, "PACE_SECONDS", 0.0)


def sitemap(*addresses: str, change: str = "") -> str:
    change = f"<lastmod>{change}</lastmod>" if change else ""
    rows = "".join(f"<url><loc>{address}</loc>{change}</url>" for address in addresses)
    return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'


def test_lists_of_every_kind_are_read(server: WebServer, web: Web, quick: None) -> None:
    at = server.url
    index = f"<sitemapindex><sitemap><loc>{at('/one.xml.gz')}</loc></sitemap></sitemapindex>"
    server.pages["/index.xml"] = Served(index, "application/xml")
    one = sitemap(at("/a"), "https://elsewhere.test/b", "https://me:pw@x.test/", change="2026-01-02")
    server.pages["/one.xml.gz"] = Served(gzip.compress(one.encode()), "application/gzip")
    server.pages["/list.txt"] = Served(f"# ours\n{at('/a')}\n\nhttps://elsewhere.test/b#c\n", "text/plain")
    found = read_list(web, at("/index.xml"))
    assert found.pages == {at("/a"): "2026-01-02"}
    assert [("its own host" in note, "pw" in note) for note in found.notes] == [(True, False), (False, False)]
    assert list(read_list(web, at("/list.txt")).pages) == [at("/a"), "https://elsewhere.test/b"]


@pytest.mark.parametrize(
    "body",
    [
        "<html><body>No list</body></html>",
        "Only words, no address.",
        "<urlset><url>",
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>',
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><urlset><url><loc>&f;</loc></url></urlset>',
        gzip.compress(b"<urlset>" + b" " * (60 << 20)),
        gzip.compress(b"<urlset/>")[:-6],
    ],
    ids=["html", "words", "cut", "entities", "file", "bomb", "cut gzip"],
)
def test_what_is_no_list_is_told(server: WebServer, web: Web, body: str | bytes) -> None:
    server.pages["/strange.xml"] = Served(body, "application/xml")
    with pytest.raises(Unreachable, match=r"no sitemap|unpacks to more|damaged"):
        read_list(web, server.url("/strange.xml"))


def test_robots_and_their_pace_are_respected(
    server: WebServer, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages["/robots.txt"] = Served(
        "User-agent: *\nDisallow: /private\nCrawl-delay: 0.4\n", "text/plain"
    )
    assert web.may_fetch(server.url("/open"))
    assert not web.may_fetch(server.url("/private/x"))
    monkeypatch.setattr(ingest.web.fetch, "PACE_SECONDS", 0.2)
    began = time.monotonic()
    web.wait_turn(server.url("/a"))
    web.wait_turn(server.url("/b"))
    assert 0.2 <= time.monotonic() - began < 2
    del server.pages["/robots.txt"]
    with Web(ALLOWED) as anew:
        assert anew.may_fetch(server.url("/private/x")), "a site without robots.txt forbids nothing"
