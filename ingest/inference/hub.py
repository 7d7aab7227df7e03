"""Where the files of a model of the user's own choice are: a folder, the hub's cache, or the hub where that is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingest.errors import ModelUnavailable

# Weights as safetensors only: other formats can run code when they are read.
WANTED_FILES = ["*.json", "*.txt", "*.jinja", "*.model", "*.safetensors"]
UNWANTED_FILES = ["onnx/*", "openvino/*"]


def model_folder(name: str, allow_download: bool, what: str, setting: str) -> Path:
    """The folder `name`; a hub id is looked up in the cache, or downloaded if allowed.

    `what` and `setting` are for the message: "embedder", "FOOTNOTE_EMBEDDER". Raises ModelUnavailable when there is none.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise ModelUnavailable(f"There is no folder {name}. Correct {setting}.")
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                name,
                local_files_only=not allow_download,
                allow_patterns=WANTED_FILES,
                ignore_patterns=UNWANTED_FILES,
            )
        )
    except Exception as error:
        if allow_download:
            raise ModelUnavailable(
                f"The {what} {name} cannot be downloaded ({error}). Check {setting} and the network."
            ) from error
        raise ModelUnavailable(
            f"The {what} {name} is not on this machine. Set FOOTNOTE_ALLOW_DOWNLOAD=1 to download it, "
            "or give the folder of a model."
        ) from error


def loading() -> dict[str, Any]:
    """How sentence-transformers is to load a model from its folder: in float32, without running code of its own."""
    import torch

    return {
        "local_files_only": True,  # all is in the folder by now
        "trust_remote_code": False,
        # Without dtype, transformers 5 runs a half-precision checkpoint in half precision.
        "model_kwargs": {"dtype": torch.float32, "use_safetensors": True},
    }
