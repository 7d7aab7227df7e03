"""Pictures (.png, .jpg, .tiff, .webp): documents whose pages only OCR can read; and drawing marks on pages.

Not covered: the second and later frames of an animation, text in metadata (EXIF, XMP).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageOps

from ingest.errors import NotFound, Unreadable
from ingest.model.adding import OnProgress
from ingest.model.pages import Box, FileText, Page, PageReceipt, PageState, Receipt
from ingest.readers import PICTURES
from ingest.settings import Settings

MAX_PIXELS = 40_000_000  # of a page as drawn; very long pages come out narrower than asked
MAX_STORED_PIXELS = (
    170_000_000  # of a picture in a file, 0.5 GB as RGB: an A0 sheet at 300 dpi has 139 million
)
_ORIENTATION = 0x0112  # EXIF; 5 to 8 lie on their side
MARK_COLOURS = {"passage": (255, 241, 184), "answer": (255, 205, 84)}  # multiplied: black stays black

Marked = tuple[Box, str]  # where, and "passage" | "answer"


def read_picture(
    path: Path, limits: Settings, password: str | None = None, on_progress: OnProgress | None = None
) -> FileText:
    """A picture's pages (the frames of a .tiff, else one), all of them still to be recognised."""
    with _opened(path) as image:
        count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        kind = "JPEG" if image.format == "MPO" else image.format  # a camera's JPEG with several shots
        media_type = str(Image.MIME.get(kind or "", ""))
    if media_type not in PICTURES:
        raise Unreadable(f"This is a picture of another kind ({media_type or 'not known'}). Save it as .png.")
    if count > limits.max_pages:
        raise Unreadable(
            f"This picture has {count:,} pages; at most {limits.max_pages:,} are read. "
            "Split it, or raise FOOTNOTE_MAX_PAGES."
        )
    numbers = range(1, count + 1)
    receipts = tuple(PageReceipt(number, PageState.EMPTY, 0) for number in numbers)
    return FileText(
        media_type, "", True, tuple(Page(number, "") for number in numbers), Receipt(receipts, 0.0),
        unread=tuple(numbers),
    )  # fmt: skip


def frame(path: Path, number: int, longest_px: int) -> Image.Image:
    """A page of a picture, upright and on white, its longer side at most `longest_px`.

    Raises NotFound for a page that is not there, Unreadable for one that is damaged or too large.
    """
    with _at(path, number) as image:
        try:
            image.draft("RGB", (longest_px, longest_px))  # JPEG only: decoded at a fraction of its size
            image.thumbnail((longest_px, longest_px))
            turned = ImageOps.exif_transpose(image)
        except (OSError, SyntaxError, ValueError) as error:
            raise Unreadable(
                f"This picture is damaged or incomplete ({str(error)[:100]}). Get it again, or open it in a "
                "viewer and save a copy."
            ) from error
        return _on_white(turned)


def render_picture(path: Path, page: int, marks: Sequence[Marked], width_px: int) -> bytes:
    """A page of a picture as PNG with its marks, at most `width_px` wide."""
    return as_png(with_marks(frame(path, page, _longest(path, page, width_px)), marks))


def _longest(path: Path, page: int, width_px: int) -> int:
    """The longer side of a page that is shown `width_px` wide, within its own size and MAX_PIXELS."""
    width, height = frame_size(path, page)
    scale = min(width_px / width, math.sqrt(MAX_PIXELS / (width * height)), 1.0)
    return max(16, round(max(width, height) * scale))


def frame_size(path: Path, number: int) -> tuple[int, int]:
    """Width and height of a page in pixels, upright."""
    with _at(path, number) as image:
        lying = image.getexif().get(_ORIENTATION, 1) >= 5
        return (image.height, image.width) if lying else image.size


def with_marks(image: Image.Image, marks: Sequence[Marked]) -> Image.Image:
    """`image` with its marks as with a highlighter: the page shows through, black stays black."""
    if not marks:
        return image
    colours = Image.new("RGB", image.size, "white")
    brush = ImageDraw.Draw(colours)
    for wanted, colour in MARK_COLOURS.items():  # the answer over the passage
        for box, kind in marks:
            if kind == wanted:
                left, right = box.left * image.width - 1, box.right * image.width + 1
                top, bottom = box.top * image.height - 1, box.bottom * image.height + 1
                brush.rectangle((left, top, right, bottom), fill=colour)
    return ImageChops.multiply(image, colours)


def as_png(image: Image.Image) -> bytes:
    target = BytesIO()
    image.save(target, "PNG", compress_level=3)
    return target.getvalue()


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # `frame` has a limit of its own
        try:
            with Image.open(path, formats=("PNG", "JPEG", "TIFF", "WEBP")) as image:
                yield image
        except FileNotFoundError:
            raise
        except (OSError, Image.DecompressionBombError, SyntaxError) as error:
            raise Unreadable(
                "This picture is damaged, or larger than can be read. Get it again, or open it in a viewer "
                "and save a smaller copy."
            ) from error


@contextmanager
def _at(path: Path, number: int) -> Iterator[Image.Image]:
    """The file, standing at a page. Raises NotFound, or Unreadable when the page is too large."""
    with _opened(path) as image:
        try:
            image.seek(number - 1)
        except (EOFError, ValueError):
            raise NotFound(f"Page {number} is not in this picture.") from None
        if image.width * image.height > MAX_STORED_PIXELS:
            raise Unreadable(
                f"This picture has {image.width * image.height / 1e6:,.0f} million pixels; at most "
                f"{MAX_STORED_PIXELS / 1e6:,.0f} million are read. Save it smaller."
            )
        yield image


def _on_white(image: Image.Image) -> Image.Image:
    """As RGB; what is transparent shows white paper."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    if image.mode.startswith(("I", "F")):  # 16 and 32 bits a pixel: stretched to what there is
        return ImageOps.autocontrast(image.convert("F").point(lambda v: v / 257).convert("L")).convert("RGB")
    return image.convert("RGB")
