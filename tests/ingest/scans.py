"""Pages that are pictures of text, drawn on the spot: what stands where is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont
from pypdf import PdfReader, PdfWriter, Transformation

from ingest.model.pages import Box


@dataclass(frozen=True)
class Scan:
    """A picture with lines of text, and the box of each line on it."""

    image: Image.Image
    boxes: tuple[Box, ...]

    def data(self, kind: str = "PNG") -> bytes:
        """The picture as a file of `kind` ("PDF" makes a scanned document of it)."""
        target = BytesIO()
        self.image.save(target, kind, resolution=150)
        return target.getvalue()


def scan(lines: Sequence[str], *, left: int = 120, top: int = 150, size: int = 34) -> Scan:
    """An A5 page at 150 dpi with `lines` set in Pillow's own font."""
    image = Image.new("RGB", (1000, 1240), "white")
    brush = ImageDraw.Draw(image)
    font = ImageFont.load_default(size)
    boxes: list[Box] = []
    for row, line in enumerate(lines):
        place = (left, top + row * int(1.6 * size))
        brush.text(place, line, "black", font)
        x1, y1, x2, y2 = brush.textbbox(place, line, font)
        boxes.append(Box(x1 / 1000, y1 / 1240, x2 / 1000, y2 / 1240))
    return Scan(image, tuple(boxes))


def pasted(page: bytes, image: Image.Image, place: Box) -> bytes:
    """The first page of a PDF with a picture at `place` (shares of the page as it lies, unrotated)."""
    target = BytesIO()
    image.save(target, "PDF", resolution=72)
    writer = PdfWriter(clone_from=PdfReader(BytesIO(page)))
    under = writer.pages[0]
    width, height = float(under.mediabox.width), float(under.mediabox.height)
    across, down = (place.right - place.left) * width, (place.bottom - place.top) * height
    under.merge_transformed_page(
        PdfReader(target).pages[0],
        Transformation()
        .scale(across / image.width, down / image.height)
        .translate(place.left * width, (1 - place.bottom) * height),
    )
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def joined(*files: bytes) -> bytes:
    """The pages of these PDFs as one PDF."""
    writer = PdfWriter()
    for each in files:
        writer.append(PdfReader(BytesIO(each)))
    target = BytesIO()
    writer.write(target)
    return target.getvalue()
