"""The program: one ASGI app with the pages and the routes; it owns the home folder while it runs.

    make run                  or   .venv/bin/python app.py
    python app.py --server.port 8600     (any Streamlit option; the address stays loopback)

It prints its address. `streamlit run app.py` serves the same app under the same rules.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from streamlit.starlette import App

from ingest.errors import FootnoteError, WrongUsage
from ingest.home.lock import read_owner
from ingest.settings import Settings, go_offline
from rag.ui.cached import backend
from rag.ui.guard import require_loopback
from rag.ui.routes import middleware, routes, script_error

PROJECT = Path(__file__).resolve().parent
PORT = 8501
PORTS_TRIED = 50


@asynccontextmanager
async def lifespan(_: App) -> AsyncIterator[None]:
    """Refuse to serve a network, then open the home folder in the background until the server ends."""
    from streamlit import config

    require_loopback(config.get_option("server.address"))
    go_offline(os.environ, Settings.load().allow_download)
    backend.address = backend.address or f"http://127.0.0.1:{config.get_option('server.port')}"
    backend.start()
    try:
        yield
    finally:
        backend.close()


app = App(
    PROJECT / "rag" / "ui" / "entry.py",
    lifespan=lifespan,
    routes=routes(),
    middleware=middleware(),
    on_script_error=script_error,
)


def options_of(arguments: list[str]) -> dict[str, str]:
    """Streamlit options from `--name value` or `--name=value`. Raises WrongUsage for anything else."""
    options: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        name, separator, value = argument.partition("=")
        if not name.startswith("--") or "." not in name:
            raise WrongUsage(f"“{argument}” is not an option. Use for example --server.port 8600.")
        options[name[2:]] = value if separator else next(rest, "")
    return options


def configured(name: str) -> str:
    """A Streamlit server option from the environment, else from this project's `.streamlit/config.toml`."""
    if value := os.environ.get(f"STREAMLIT_SERVER_{name.upper()}"):
        return value
    with (PROJECT / ".streamlit" / "config.toml").open("rb") as file:
        return str(tomllib.load(file).get("server", {}).get(name, ""))


def free_port(address: str, wanted: int) -> int:
    """`wanted`, or the next free port after it. Raises WrongUsage when there is none."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        with socket.socket(family) as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    raise WrongUsage(f"No free port from {wanted} on. Give one with --server.port.")


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted. 2 for wrong usage, 1 when the home folder cannot be had."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings.load()
        go_offline(os.environ, settings.allow_download)
        options: dict[str, object] = dict(options_of(sys.argv[1:] if arguments is None else arguments))
        if (owner := read_owner(settings.home)) and owner.address:
            print(f"Footnote is running already: open {owner.address} in your browser.", file=sys.stderr)
            return 1
        address = str(options.get("server.address") or configured("address") or "127.0.0.1")
        require_loopback(address)
        wanted = int(str(options.get("server.port") or configured("port") or PORT))
        port = free_port(address.strip("[]"), wanted)
    except (FootnoteError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if port != wanted:
        print(f"Port {wanted} is taken; using {port}.", file=sys.stderr)
    shown = f"[{address}]" if ":" in address else address
    backend.address = f"http://{shown}:{port}"
    print(f"Footnote is at {backend.address} (stop it with Ctrl+C)", flush=True)
    sys.argv = sys.argv[:1]
    app.run(config={**options, "server.address": address, "server.port": port})
    return 0


if __name__ == "__main__":
    sys.exit(main())
