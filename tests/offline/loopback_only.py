"""Refuses every socket but loopback, in each Python process that has this folder on PYTHONPATH.

`sitecustomize` imports it at the start, so the processes that a process starts are covered, too. An
attempt raises, and is written to the file that FOOTNOTE_TEST_CALLS_OUT names, so that a test sees it
even when the program swallows the error. Not covered: code that opens sockets without Python's
`socket` (tests/test_offline.py runs without any network for that).
"""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address
from typing import Any


class CallsOut(OSError):
    """Something wanted to talk to another machine."""


def allowed(host: object) -> bool:
    """Whether `host` is this machine: a loopback address, its name, or none at all."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", "0.0.0.0", "::"):
        return True
    try:
        return ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False


def refuse(target: object) -> None:
    report = os.environ.get("FOOTNOTE_TEST_CALLS_OUT")
    if report:
        with open(report, "a", encoding="utf-8") as file:
            print(target, file=file)
    raise CallsOut(f"A test run talks to loopback only, not to {target!r}.")


def install() -> None:
    """Put the guard around the calls that reach other machines."""

    def guarded(name: str, position: int) -> None:
        original = getattr(socket.socket, name)

        def call(self: socket.socket, *arguments: Any) -> Any:
            address = arguments[position] if len(arguments) > position else None
            if self.family in (socket.AF_INET, socket.AF_INET6):
                host = address[0] if isinstance(address, tuple) else None
                if not allowed(host):
                    refuse(address)
            return original(self, *arguments)

        setattr(socket.socket, name, call)

    guarded("connect", 0)
    guarded("connect_ex", 0)
    guarded("sendto", -1)

    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if not allowed(host):
            refuse(host)
        return look_up(host, *arguments, **options)

    socket.getaddrinfo = getaddrinfo


install()
