"""PDFs made on the spot: text at known places, so that a test can compute what must come out."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from pypdf import PdfReader, PdfWriter
from pypdf.constants import PageLabelStyle


def make_pdf(
    pages: Sequence[Sequence[str]],
    *,
    sizes: Sequence[float] = (),
    rotate: int = 0,
    crop: tuple[int, int, int, int] | None = None,
) -> bytes:
    """A PDF in Helvetica: each page a list of lines, 20 points apart, the first at y = 700.

    `sizes` are the lines' sizes in points (12 where there is none).
    """
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids: list[str] = []
    extra = f"/Rotate {rotate} " + (f"/CropBox [{' '.join(map(str, crop))}] " if crop else "")
    for lines in pages:
        content = ""
        for row, line in enumerate(lines):
            size = sizes[row] if row < len(sizes) else 12
            escaped = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
            content += f"BT /F1 {size} Tf 72 {700 - 20 * row} Td ({escaped}) Tj ET\n"
        objects.append(f"<< /Length {len(content.encode('latin-1'))} >>\nstream\n{content}endstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] {extra}"
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {len(objects)} 0 R >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    out = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def rewritten(
    data: bytes,
    *,
    title: str = "",
    outline: Sequence[tuple[str, int]] = (),
    roman: int = 0,
    user_password: str | None = None,
    owner_password: str | None = None,
) -> bytes:
    """`data` with a title, an outline of (title, page from 1), its first `roman` pages labelled i, ii …
    and encrypted when a password is given.
    """
    writer = PdfWriter(clone_from=PdfReader(BytesIO(data)))
    if title:
        writer.add_metadata({"/Title": title})
    for text, page in outline:
        writer.add_outline_item(title=text, page_number=page - 1)
    if roman:
        writer.set_page_label(0, roman - 1, style=PageLabelStyle.LOWERCASE_ROMAN)
        writer.set_page_label(roman, len(writer.pages) - 1, style=PageLabelStyle.DECIMAL, start=1)
    if user_password is not None:
        writer.encrypt(user_password, owner_password, algorithm="AES-256")
    target = BytesIO()
    writer.write(target)
    return target.getvalue()
