"""
Numbers for people: three significant digits on screen, all digits where someone wants to check.

Units follow after a no-break space, minus is the minus sign, and trailing zeros are dropped: ``$1.2M``, ``3.4B tokens``,
``35 %``, ``0.6 ×``. An infinite number or not-a-number is refused with ``ValueError``: it must never reach a screen.
"""

import math
from decimal import ROUND_HALF_EVEN, Decimal

NO_BREAK = "\u00a0"
MINUS = "\u2212"
SCREEN_DIGITS = 3
_SUFFIXES = ((12, "T"), (9, "B"), (6, "M"), (3, "K"))


def money(usd: float, *, signed: bool = False) -> str:
    """
    US dollars. [USD]

    Examples
    --------
    >>> money(46271.25), money(999_950), money(0.00771), money(0)
    ('$46.3K', '$1M', '$0.00771', '$0')
    >>> money(-15_700) == MINUS + "$15.7K", money(15_700, signed=True)
    (True, '+$15.7K')
    """
    return _sign(usd, signed) + "$" + _short(abs(usd))


def count(number: float) -> str:
    """
    A number of things, such as requests a month.

    Examples
    --------
    >>> count(2_386_191), count(6_000_000), count(950)
    ('2.39M', '6M', '950')
    """
    return _sign(number, False) + _short(abs(number))


def tokens(number: float) -> str:
    """
    A number of tokens.

    Examples
    --------
    >>> tokens(3.4e9).replace(NO_BREAK, " ")
    '3.4B tokens'
    """
    return f"{count(number)}{NO_BREAK}tokens"


def percent(frac: float, *, signed: bool = False) -> str:
    """
    A share from 0 to 1, as percent.

    Examples
    --------
    >>> percent(0.35).replace(NO_BREAK, " "), percent(12.34).replace(NO_BREAK, " ")
    ('35 %', '1,230 %')
    """
    return _sign(frac, signed) + _plain(_rounded(abs(frac)) * 100) + NO_BREAK + "%"


def ratio(factor: float) -> str:
    """
    A factor.

    Examples
    --------
    >>> ratio(0.6).replace(NO_BREAK, " "), ratio(2.5145).replace(NO_BREAK, " ")
    ('0.6 ×', '2.51 ×')
    """
    return _sign(factor, False) + _plain(_rounded(abs(factor))) + NO_BREAK + "×"


def quantity(number: float, symbol: str) -> str:
    """
    A number with its unit; a bare number where the unit has no symbol.

    Examples
    --------
    >>> quantity(1307.4, "tok/s").replace(NO_BREAK, " ")
    '1,310 tok/s'
    """
    text = _sign(number, False) + _plain(_rounded(abs(number)))
    return f"{text}{NO_BREAK}{symbol}" if symbol else text


def exact(number: float) -> str:
    """
    All digits, in groups of three, never in powers of ten.

    Examples
    --------
    >>> exact(2_386_190.9731), exact(0.007711875), exact(6e6)
    ('2,386,190.9731', '0.007711875', '6,000,000')
    """
    return _sign(number, False) + _plain(Decimal(repr(abs(float(number)))))


def _sign(number: float, signed: bool) -> str:
    if not math.isfinite(number):
        raise ValueError(f"{number} cannot be shown: only finite numbers reach a screen")
    if number == 0:
        return ""
    return MINUS if number < 0 else "+" if signed else ""


def _rounded(size: float) -> Decimal:
    """A size to three significant digits, exactly as written in base ten."""
    number = Decimal(repr(float(size)))
    if number == 0:
        return Decimal(0)
    return number.quantize(Decimal(1).scaleb(number.adjusted() - SCREEN_DIGITS + 1), rounding=ROUND_HALF_EVEN)


def _short(size: float) -> str:
    number = _rounded(size)
    for power, suffix in _SUFFIXES:
        if number >= Decimal(1).scaleb(power):
            return _plain(number.scaleb(-power)) + suffix
    return _plain(number)


def _plain(number: Decimal) -> str:
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
