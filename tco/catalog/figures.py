"""What a cell that should hold a number may have meant: the mend says the number, and both readings where there are two."""

import re

from tco.catalog.cells import NUMBER

_BLANK = r"' \u2019\u00a0\u202f"
_RUN = re.compile(rf"\d(?:[\d.,{_BLANK}]*\d)?")
"""Digits with all that people write between them."""
_THOUSANDS = re.compile(r"[1-9]\d{0,2}([.,])\d{3}(?:\1\d{3})*")
_TIMES = re.compile(r"[$€£¥]?(k|m|bn|mio|mrd|tsd|thousand|million|billion)\.?[$€£¥]?", re.IGNORECASE)
SHAPE = "write a number, such as 2.50"


def mend_number(cell: str) -> str:
    """
    What to write in place of a cell that is not digits and a decimal point.

    Examples
    --------
    >>> mend_number("0,225")  # thousands never begin with a nought
    'use a decimal point: 0.225'
    >>> mend_number("2,250")
    'write 2.250 if the comma is a decimal comma, 2250 if it parts thousands'
    >>> mend_number("1.234,50")  # of two marks the last is the decimal one
    'use a decimal point, no thousands separators: 1234.50'
    """
    runs = _RUN.findall(cell)
    if len(runs) != 1:
        return SHAPE
    around = re.sub(rf"[{_BLANK}]", "", cell.replace(runs[0], "", 1))
    if _TIMES.fullmatch(around):
        return f"write the number in full, as 1500000: {around} is not a number"
    sign = "-" if around[:1] in ("-", "\u2212") else ""
    digits = re.sub(rf"[{_BLANK}]", "", runs[0])
    readings = [sign + one for one in _readings(digits)]
    if len(readings) == 2:
        return f"write {readings[0]} if the comma is a decimal comma, {readings[1]} if it parts thousands"
    if not readings:
        return SHAPE
    if around.strip("-+\u2212") or digits == readings[0].removeprefix("-"):
        why = "no sign of currency or unit" if around else "no blank or mark inside"
        return f"write the number alone: {readings[0]}, {why}"
    return f"{_wrong_with(runs[0])}: {readings[0]}"


def _readings(digits: str) -> list[str]:
    """The numbers that digits with commas and points may mean; none when they mean nothing."""
    last = _last_mark(digits)
    if "," in digits and "." in digits:
        whole, _, decimals = digits.rpartition(last)
        well = last not in whole and _THOUSANDS.fullmatch(whole)
        return [f"{_bare(whole)}.{decimals}"] if well else []
    if last and digits.count(last) > 1:
        return [_bare(digits)] if _THOUSANDS.fullmatch(digits) else []
    point = digits.replace(",", ".")
    if not NUMBER.fullmatch(point):
        return []
    return [point, _bare(digits)] if last == "," and _THOUSANDS.fullmatch(digits) else [point]


def _wrong_with(run: str) -> str:
    last = _last_mark(run)
    decimal_comma = last == "," and run.count(",") == 1
    parted = len(re.sub(r"\d", "", run)) > (1 if decimal_comma else 0)
    said = ["use a decimal point"] if decimal_comma else []
    return ", ".join([*said, "no thousands separators"] if parted else said)


def _bare(digits: str) -> str:
    return re.sub(r"[.,]", "", digits)


def _last_mark(run: str) -> str:
    return re.sub(r"[^.,]", "", run)[-1:]
