"""Writes operators-handbook.pdf: `python tests/ingest/operators_handbook.py`. Standard library only.

Five A4 pages of text in the standard font Helvetica, with page labels (i, 1, 2, 3, 4), an outline
and document information: what the PDF reader has to find. The same bytes every time.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

TITLE = "Operator's Handbook"
WIDTH, HEIGHT, MARGIN = 595, 842, 62  # points; A4
Line = tuple[str, int, float, float, str]  # font, size, x, y, text

# A page is a list of ("h1" | "h2" | "p" | "row", text); the cells of a row are parted by "|".
PAGES: list[list[tuple[str, str]]] = [
    [
        ("h1", "Operator's Handbook"),
        ("p", "Kestrel Hill Observatory. Third edition, May 2024. Written by the instrument group."),
        ("p", "This handbook is for members with an amber or red certificate. It tells how the Ferrand "
         "reflector is started, used and kept, and what its faults mean. What is said here about wind "
         "and closing may be replaced by newer safety rules; the newer rule holds."),
        ("p", "Questions and corrections go to Tomasz Wieland, instruments@kestrelhill.example."),
    ],
    [
        ("h1", "1 Starting the Ferrand reflector"),
        ("h2", "1.1 Before opening"),
        ("p", "Read the last entry of the logbook. Open the two side vents and let the mirror cool: the "
         "difference between mirror and air must fall below 3 degrees, which takes about 50 minutes in "
         "summer and 30 in winter. Switch on the main fan at level 2, never higher while the cover is on."),
        ("p", "Open the shutter only when the wind is below 50 km/h and the humidity below 88 per cent."),
        ("h2", "1.2 Switching on"),
        ("p", "Switch on in this order: power rail, drive, dome motor, camera cooler, computer. Wait for "
         "the double beep of the drive before you start the computer. The password of the computer hangs "
         "in the key cabinet."),
        ("h2", "1.3 Aligning"),
        ("p", "Point at two bright stars at least 60 degrees apart and press SYNC after each. If the "
         "second star is off by more than 12 arc minutes, start again: the encoder has lost its zero."),
    ],
    [
        ("h1", "2 The instruments in figures"),
        ("row", "Instrument|Aperture|Focal length|Field|Heaviest load"),
        ("row", "Ferrand reflector|610 mm|2440 mm|0.9 degrees|18 kg"),
        ("row", "Brandt refractor|150 mm|2250 mm|0.7 degrees|4 kg"),
        ("row", "Dobson|250 mm|1200 mm|1.6 degrees|2 kg"),
        ("row", "Solar telescope|60 mm|480 mm|2.1 degrees|1 kg"),
        ("p", "The camera of the Ferrand reflector has 4096 by 4096 pixels of 9 micrometres. Cool it to 25 "
         "degrees below the air, in steps of 5 degrees a minute; faster cooling fogs the window."),
        ("h2", "2.1 Filters"),
        ("p", "The filter wheel holds, from position 1 to 7: clear, blue, visual, red, infrared, hydrogen "
         "alpha, oxygen. Position 0 is the dark slide. Clean filters only with the air bulb."),
    ],
    [
        ("h1", "3 Faults and what to do"),
        ("row", "Code|Meaning|What to do"),
        ("row", "E03|Drive runs hot|Switch the drive off for 20 minutes, lower the load"),
        ("row", "E07|Dome does not find its zero|Turn it by hand past the white mark, press HOME"),
        ("row", "E11|Shutter battery low|Park the dome on the charging contact for 45 minutes"),
        ("row", "E14|Camera window fogged|Warm to air temperature, replace the drying cartridge"),
        ("row", "E21|Encoder lost|Align again with two stars"),
        ("p", "Drying cartridges lie in locker 5. A used cartridge turns from blue to pink; dry it for three "
         "hours at 120 degrees in the kitchen oven and write the date on it."),
        ("p", "A fault that comes back within the same night is reported to the duty officer, and the "
         "instrument is closed with the red tag until somebody of the instrument group has looked at it."),
    ],
    [
        ("h1", "4 Care through the year"),
        ("row", "When|Work|Who"),
        ("row", "every week|Empty the dehumidifier, check the rail|duty officer"),
        ("row", "every month|Grease the 24 dome rollers, test the crank|two operators"),
        ("row", "March and October|Clean the corrector plate, balance the tube|instrument group"),
        ("row", "every second year|Measure the reflection of the mirror|instrument group"),
        ("p", "Never touch the mirror. Dust costs less light than a scratch. The mirror is coated again when "
         "it reflects less than 80 per cent in visual light; the last coating was in May 2017."),
        ("p", "The counterweights are 11.5 kg each. They are moved by two people, with the tube tied to the "
         "north pier."),
    ],
]  # fmt: skip
LABELS = ["i", "1", "2", "3", "4"]


def lay_out(page: list[tuple[str, str]], label: str) -> list[Line]:
    """Lines of one page, from the top down."""
    lines: list[Line] = []
    y = HEIGHT - 90.0
    before = ""
    for kind, text in page:
        head = kind == "row" and before != "row"
        if before == "row" and kind != "row":
            y -= 12
        before = kind
        if kind == "row":
            cells = text.split("|")
            step = (WIDTH - 2 * MARGIN) / len(cells) if len(cells) > 3 else 0
            starts = [MARGIN + step * i for i in range(len(cells))] if step else [MARGIN, 150, 300]
            columns = [textwrap.wrap(cell, 48 if i == 2 and not step else 24) for i, cell in enumerate(cells)]
            for x, column in zip(starts, columns, strict=True):
                lines += [("F2" if head else "F1", 9, x, y - 11 * i, part) for i, part in enumerate(column)]
            y -= 11 * max(len(column) for column in columns) + 5
            continue
        font, size, wide, gap = {
            "h1": ("F2", 17, 50, 12), "h2": ("F2", 12, 70, 8), "p": ("F1", 11, 90, 10)
        }[kind]  # fmt: skip
        if kind != "p":
            y -= 10
        for part in textwrap.wrap(text, wide):
            lines.append((font, size, MARGIN, y, part))
            y -= size * 1.35
        y -= gap
    lines.append(("F1", 9, WIDTH / 2 - 4, 40, label))
    return lines


def content(lines: list[Line]) -> bytes:
    def shown(text: str) -> str:
        return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")

    return "\n".join(
        f"BT /{font} {size} Tf {x:.1f} {y:.1f} Td ({shown(text)}) Tj ET" for font, size, x, y, text in lines
    ).encode("latin-1")


def build() -> bytes:
    """The PDF file: objects 1 to 5 are fixed, then two a page, then the outline's entries."""
    count = len(PAGES)
    page_ids = [6 + 2 * i for i in range(count)]
    outline_ids = [6 + 2 * count + i for i in range(count)]
    labels = "/Nums [0 << /S /r >> 1 << /S /D /St 1 >>]"
    objects: dict[int, bytes] = {
        1: f"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R /PageMode /UseOutlines /Lang (en) "
        f"/PageLabels << {labels} >> >>".encode(),
        2: f"<< /Type /Pages /Count {count} /Kids [{' '.join(f'{i} 0 R' for i in page_ids)}] >>".encode(),
        3: b"<< /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> "
        b"/F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >> >>",
        4: f"<< /Title ({TITLE}) /Author (Kestrel Hill Observatory) /CreationDate (D:20240502120000Z) >>".encode(),
        5: f"<< /Type /Outlines /First {outline_ids[0]} 0 R /Last {outline_ids[-1]} 0 R /Count {count} >>".encode(),
    }
    for index, (page, label) in enumerate(zip(PAGES, LABELS, strict=True)):
        number = page_ids[index]
        stream = content(lay_out(page, label))
        objects[number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] "
            f"/Resources << /Font 3 0 R >> /Contents {number + 1} 0 R >>"
        ).encode()
        objects[number + 1] = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream)
        links = f"/Prev {outline_ids[index - 1]} 0 R " if index else ""
        links += f"/Next {outline_ids[index + 1]} 0 R " if index + 1 < count else ""
        objects[outline_ids[index]] = (
            f"<< /Title ({page[0][1]}) /Parent 5 0 R {links}/Dest [{number} 0 R /XYZ 0 {HEIGHT} 0] >>"
        ).encode()
    return assemble(objects)


def assemble(objects: dict[int, bytes]) -> bytes:
    data = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number in sorted(objects):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    data += b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(data)


if __name__ == "__main__":
    (Path(__file__).resolve().parents[2] / "ingest" / "sample" / "operators-handbook.pdf").write_bytes(
        build()
    )
