"""The home folder that a measuring command works in."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ingest.settings import Settings, go_offline


def settings_over(home: Path | None, name: str) -> Settings:
    """The settings over `home`, or over a new folder called after `name`; hub models are not looked for on the net
    unless that is allowed."""
    settings = Settings.load(home=home or Path(tempfile.mkdtemp(prefix=f"footnote-{name}-")))
    go_offline(os.environ, settings.allow_download)
    return settings
