"""OCR: the lines of text on a picture of a page.

RapidOCR brings the models (PP-OCRv6 small, Apache-2.0: 18,000 characters of Latin, Chinese and Japanese
script) and the geometry of lines; OpenVINO runs them. Two things differ from RapidOCR's own way, for
speed and memory in a limited process: the most likely character is picked within the network (it would
hand out 18,000 probabilities for each place), and lines are padded to a few widths, each compiled once.

Everything is loaded by `recogniser`, in a child of the sandbox before it gives up starting threads.
Not covered: handwriting beyond neat letters; scripts the model lacks (Cyrillic, Arabic, Hebrew, Thai …).
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import Unreadable
from ingest.model.pages import Box, Recognised
from ingest.readers.reading_order import apart, reading_order

LONGEST_PX = 2_200  # of a page: 200 dpi on A4
DETECT_PX = 1_120  # of the copy on which lines are looked for: found as well as with 1,280, in 50 MiB less
LINE_PX = 48  # height of a line as the model reads it
WIDTH_STEP = 160  # lines are padded to multiples of it
MAX_LINE_PX = 3_200
LEAST_SCORE = 0.5  # what is less sure is a speck, a drawing or another script
SURE = 0.85  # a page whose lines are less sure may stand on its head
SAMPLED = 4  # lines that are tried both ways
BLANK = 3.0  # grey levels by which an empty page varies at most

Picture = NDArray[np.uint8]  # shape (height, width, 3)
Corners = NDArray[np.float32]  # shape (4, 2): top left, top right, bottom right, bottom left


def read_page(
    path: Path, media_type: str, page: int, password: str | None, part: Box | None = None
) -> list[Recognised]:
    """The lines on a page of a PDF or a picture, or on a `part` of a PDF's page, in reading order."""
    from ingest.readers import PICTURES, pdf_show, picture

    if media_type in PICTURES:
        image = picture.frame(path, page, LONGEST_PX)
    else:
        image = pdf_show.page_picture(path, page, LONGEST_PX, password, part)
    return recogniser().read(np.asarray(image))


@cache
def recogniser() -> Recogniser:
    """The one of this process, loaded and warm. Raises Unreadable when its parts are missing."""
    try:
        return Recogniser()
    except (ImportError, OSError, RuntimeError) as error:
        raise Unreadable(
            f"Pages that are pictures cannot be read: text recognition does not start ({str(error)[:200]}). "
            "Run make setup, or set FOOTNOTE_OCR=0 to leave such pages out."
        ) from error


class Recogniser:
    """Finds lines and reads them; one page at a time, on one thread."""

    def __init__(self) -> None:
        from ingest.inference.machine import openvino

        found = find_spec("rapidocr")
        if found is None or found.origin is None:
            raise ImportError("the package rapidocr is missing")
        import cv2
        from rapidocr.ch_ppocr_det.utils import DBPostProcess

        cv2.setNumThreads(1)
        models = Path(found.origin).parent / "models"
        ov = openvino()
        core = ov.Core()
        ours = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": "1", "ENABLE_CPU_PINNING": False}
        self._detect = core.compile_model(core.read_model(models / "PP-OCRv6_det_small.onnx"), "CPU", ours)
        reader = core.read_model(models / "PP-OCRv6_rec_small.onnx")
        letters = str(reader.get_rt_info(["framework", "character"]).value)
        self._letters = ["", *letters.splitlines(), " "]  # 0 is "no letter", the last one is a blank
        best = ov.opset13.topk(reader.output(0).node.input_value(0), np.int64(1), 2, "max", "none")
        self._read = core.compile_model(ov.Model(list(best.outputs()), reader.get_parameters()), "CPU", ours)
        # These are the values that the models were published with.
        self._lines_of = DBPostProcess(
            thresh=0.3, box_thresh=0.5, unclip_ratio=1.6, use_dilation=True, max_candidates=1_000
        )
        self.read(np.tile(np.array([[[255], [0]]], np.uint8), (32, 160, 3)))  # threads start at the first use

    def read(self, picture: Picture) -> list[Recognised]:
        """The lines of text, in reading order, with their boxes on the picture as given.

        The networks' buffers are given back each time: those of every size of picture would add up.
        """
        try:
            return self._lines(picture)
        finally:
            self._read.release_memory()

    def _lines(self, picture: Picture) -> list[Recognised]:
        if picture.size == 0 or float(picture[::4, ::4].std()) < BLANK:
            return []
        turns = 0  # quarter turns, counter-clockwise, until the text stands upright
        corners = self._find(picture)
        if _mostly_upright(corners):
            turns = 1
            corners = self._find(np.rot90(picture))
        upright = np.ascontiguousarray(np.rot90(picture, turns))
        if self._on_its_head(upright, corners):
            turns += 2
            upright = np.ascontiguousarray(np.rot90(picture, turns))
            corners = self._find(upright)
        height, width = upright.shape[:2]
        read = [(each, *self._read_line(_cut_out(upright, each))) for each in corners]
        read = [each for each in read if each[2] >= LEAST_SCORE and each[1].strip()]
        straight = [_box(each, width, height) for each in _straightened([corners for corners, _, _ in read])]
        usual = float(np.median([box.bottom - box.top for box in straight])) if straight else 0.0
        lines: list[Recognised] = []
        above = None
        for index in reading_order(straight):
            at, text, score = read[index]
            box = _turned_back(_box(at, width, height), turns)
            lines.append(Recognised(text, score, box, apart(above, straight[index], usual) if above else 1))
            above = straight[index]
        return lines

    def _find(self, picture: Picture) -> list[Corners]:
        """The corners of every line, on `picture`."""
        import cv2

        height, width = picture.shape[:2]
        scale = min(1.0, DETECT_PX / max(height, width))
        size = [max(32, round(side * scale / 32) * 32) for side in (width, height)]
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        values = (small[:, :, ::-1].astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None]
        found, _ = self._lines_of(self._detect(values)[0], (height, width))
        self._detect.release_memory()
        return [np.asarray(each, np.float32) for each in found]

    def _on_its_head(self, picture: Picture, corners: list[Corners]) -> bool:
        longest = sorted(corners, key=_length, reverse=True)[:SAMPLED]
        if not longest:
            return False
        cuts = [_cut_out(picture, each) for each in longest]
        score = np.mean([self._read_line(cut)[1] for cut in cuts])
        if score >= SURE:
            return False
        turned = np.mean([self._read_line(np.ascontiguousarray(cut[::-1, ::-1]))[1] for cut in cuts])
        return bool(turned > score + 0.1)

    def _read_line(self, line: Picture) -> tuple[str, float]:
        """(text, mean probability of its letters)."""
        import cv2

        height, width = line.shape[:2]
        if height < 2 or width < 2:
            return "", 0.0
        fitted = min(MAX_LINE_PX, max(8, round(LINE_PX * width / height)))
        values = np.zeros((1, 3, LINE_PX, max(320, -(-fitted // WIDTH_STEP) * WIDTH_STEP)), np.float32)
        resized = cv2.resize(line, (fitted, LINE_PX))[:, :, ::-1].astype(np.float32)
        values[0, :, :, :fitted] = resized.transpose(2, 0, 1) / 127.5 - 1
        result: Any = self._read(values)
        likely, letter = result[0][0, :, 0], result[1][0, :, 0]
        said = (letter != 0) & np.concatenate(([True], letter[1:] != letter[:-1]))
        if not said.any():
            return "", 0.0
        return "".join(self._letters[each] for each in letter[said]), float(likely[said].mean())


def _length(corners: Corners) -> float:
    return float(np.linalg.norm(corners[1] - corners[0]))


def _mostly_upright(corners: list[Corners]) -> bool:
    """Whether most of the lines are higher than wide: the page lies on its side."""
    heights = [float(np.linalg.norm(each[3] - each[0])) for each in corners]
    widths = [_length(each) for each in corners]
    tall = sum(height for height, width in zip(heights, widths, strict=True) if height > 1.5 * width)
    wide = sum(width for height, width in zip(heights, widths, strict=True) if width > 1.5 * height)
    return tall > wide


def _straightened(lines: list[Corners]) -> list[Corners]:
    """The lines as they would stand on a page that was laid straight on the scanner."""
    if not lines:
        return []
    along = np.array([each[1] - each[0] for each in lines])
    long = along[np.hypot(*along.T) >= np.median(np.hypot(*along.T))]
    angle = float(np.median(np.arctan2(long[:, 1], long[:, 0])))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    return [each @ turn for each in lines]


def _cut_out(picture: Picture, corners: Corners) -> Picture:
    """The line alone, straightened."""
    from rapidocr.utils.process_img import get_rotate_crop_image

    found: Picture = np.ascontiguousarray(get_rotate_crop_image(picture, corners.copy()))
    return found


def _box(corners: Corners, width: int, height: int) -> Box:
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return Box(float(left / width), float(top / height), float(right / width), float(bottom / height))


def _turned_back(box: Box, turns: int) -> Box:
    """A box on a page that was turned counter-clockwise `turns` times, on the page as it was."""
    for _ in range(turns % 4):
        box = Box(1 - box.bottom, box.left, 1 - box.top, box.right)
    return box
