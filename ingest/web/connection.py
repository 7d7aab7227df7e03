"""Connections to checked addresses only, within a deadline: what `httpcore` sends its requests over.

A name is looked up once, every address it has is checked, and the connection goes to one of those: a name
that changes its mind between check and use (DNS rebinding) gains nothing. TLS and the Host header keep the
name. No proxy of the environment is used, for it would look names up itself.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from ingest.errors import Unreachable
from ingest.web.addresses import Allowed, parsed_ip

Resolver = Callable[[str, int], list[str]]  # (host, port) → IP addresses


def resolve(host: str, port: int) -> list[str]:
    """What the system's resolver says. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class Deadline:
    """When what is at hand has to be over (monotonic seconds)."""

    def __init__(self) -> None:
        self.at = float("inf")

    def begin(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds

    def left(self, timeout: float | None) -> float:
        """`timeout`, or what is left if that is less. Raises ReadTimeout when nothing is."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole took too long")
        return left if timeout is None else min(timeout, left)


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to addresses that `allowed` permits, and to no other."""

    def __init__(self, allowed: Allowed, deadline: Deadline, resolver: Resolver) -> None:
        self._allowed = allowed
        self._deadline = deadline
        self._resolve = resolver
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        name = host.strip("[]")
        found = self._addresses(name, port)
        # One forbidden address among good ones is a trap, too: none is tried.
        if not found or not all(self._permitted(name, ip) for ip in found):
            raise Unreachable(
                f"{name} leads into a private network, which pages are not fetched from. If it is yours, name "
                "the host or the network in FOOTNOTE_WEB_ALLOW and start Footnote anew."
            )
        fault: Exception | None = None
        for ip in found:
            try:
                stream = self._plain.connect_tcp(
                    ip, port, self._deadline.left(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
                continue
            return TimedStream(stream, self._deadline)
        raise fault or httpcore.ConnectError(name)

    def _addresses(self, name: str, port: int) -> list[str]:
        """The IP addresses of a host; its own, where it is one."""
        try:
            return [str(parsed_ip(name))]
        except ValueError:
            pass  # a name, to be looked up
        try:
            return self._resolve(name, port)
        except (OSError, UnicodeError):
            raise Unreachable(f"{name} was not found. Check the address and your connection.") from None

    def _permitted(self, name: str, ip: str) -> bool:
        try:
            return self._allowed.permits(name, parsed_ip(ip))
        except ValueError:
            return False

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise NotImplementedError("Pages come over TCP.")

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class TimedStream(httpcore.NetworkStream):
    """A connection that keeps the deadline, also against who sends a byte now and then."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout)
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
