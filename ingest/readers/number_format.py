"""Stored numbers as people see them in a workbook: by the format of their cell."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from ingest.readers.grid import one_line

# Built-in formats by their number, ECMA-376 part 1, 18.8.30; those left out show numbers as they are.
BUILT_IN_FORMATS = {
    "1": "0", "2": "0.00", "3": "#,##0", "4": "#,##0.00", "9": "0%", "10": "0.00%",
    "14": "yyyy-mm-dd", "15": "d-mmm-yy", "16": "d-mmm", "17": "mmm-yy", "18": "h:mm", "19": "h:mm:ss",
    "20": "h:mm", "21": "h:mm:ss", "22": "yyyy-mm-dd h:mm", "37": "#,##0", "38": "#,##0", "39": "#,##0.00",
    "40": "#,##0.00", "45": "mm:ss", "46": "[h]:mm:ss", "47": "mm:ss",
}  # fmt: skip
_QUOTED = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]')  # literal text of a number format
_NUMBER_PART = re.compile(r"[#0?][#0?,.]*")


def shown(value: str, code: str, epoch: datetime) -> str:
    """A cell's number as its format shows it: dates as ISO 8601, percents, decimals, thousands, currency.

    Conditions, fractions and colours are not covered: such a number is shown as it is.
    """
    try:
        number = float(value)
    except ValueError:
        return one_line(value)
    plain = _plain(number)
    if not code or code == "General":
        return plain
    section = code.split(";")[0]
    bare = re.sub(r"\[[^\]]*\]", "", _QUOTED.sub("", section))
    if re.search(r"(?i)[ymdhs]", bare) and "general" not in bare.lower():
        return _moment(number, bare.lower(), "[h" in section.lower(), epoch) or plain
    part = _NUMBER_PART.search(bare)
    if not part or "/" in bare or re.search(r"(?i)e[+-]", bare) or part.group().endswith(","):
        return plain
    decimals = len(part.group().partition(".")[2].replace(",", ""))
    grouped = "," in part.group().partition(".")[0]
    percent = "%" in bare
    text = f"{100 * number if percent else number:{',' if grouped else ''}.{decimals}f}"
    if "." in part.group() and "#" in part.group().partition(".")[2]:
        text = text.rstrip("0").rstrip(".")
    words = _QUOTED.sub(lambda match: match[1] or match[2] or match[3] or "", section)
    at = _NUMBER_PART.search(words)
    before = _literal(words[: at.start()]) if at else ""
    after = _literal(words[at.end() :]) if at else ""
    return one_line(f"{before}{text}{after}")


def _literal(words: str) -> str:
    """What a number format prints beside the number: a currency, a unit, a percent sign."""
    found = re.sub(r"\[[^\]]*\]|[_*].|[#0?@]", "", words)
    return found if len(found) <= 12 else ""


def _plain(number: float) -> str:
    """A number without the noise of its binary form: at most 15 digits, no exponent where it is short."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.15g}"


def _moment(number: float, code: str, elapsed: bool, epoch: datetime) -> str:
    """A serial date as "2026-03-01", "2026-03-01 14:30" or, without a day, "14:30"; "" out of range."""
    try:
        moment = epoch + timedelta(seconds=round(number * 86400))
    except OverflowError:
        return ""
    if elapsed:
        minutes, seconds = divmod(round(number * 86400), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    clock = "%H:%M:%S" if moment.second else "%H:%M"
    has_time = "h" in code or "s" in code
    if not re.search("[yd]", code) and has_time:
        return moment.strftime(clock)
    if "d" not in code and not has_time:
        return f"{moment:%Y-%m}"
    return moment.strftime(f"%Y-%m-%d {clock}" if has_time else "%Y-%m-%d")
