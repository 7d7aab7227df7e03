"""A home folder served as the app serves it, on a free port of this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from ingest.home.lock import HomeLock


@contextmanager
def serving(lock: HomeLock, routes: Sequence[Route]) -> Iterator[str]:
    """Serve `routes` and tell other processes so; gives the address."""
    config = uvicorn.Config(Starlette(routes=list(routes)), host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the server does not start"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    lock.publish(f"http://127.0.0.1:{port}")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        lock.publish("")
        server.should_exit = True
        thread.join(timeout=20)
