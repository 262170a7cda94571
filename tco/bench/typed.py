"""What is typed, in a shell or into a box, as a number; what cannot be is told in words (``argparse.ArgumentTypeError``, or ``ValueError``)."""

import argparse
import math


def above_0(text: str) -> float:
    """
    A number above 0.

    Examples
    --------
    >>> above_0("2.5")
    2.5
    """
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError("write a number above 0")
    return value


def share(text: str) -> float:
    """A share from 0 to under 1."""
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError("write a share from 0 to under 1")
    return value


def share_or_all(text: str) -> float:
    """A share from 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("write a share from 0 to 1")
    return value


def whole(text: str) -> int:
    """A whole number, 1 or more."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("write a whole number, 1 or more")
    return value


def loads(text: str) -> tuple[int, int]:
    """
    The first and the highest load of a search.

    Examples
    --------
    >>> loads("8:256"), loads("16")
    ((8, 256), (16, 16))
    """
    first, _, most = text.partition(":")
    low, high = whole(first), whole(most or first)
    if low > high:
        raise argparse.ArgumentTypeError("write the lower load first, such as 8:256")
    return low, high
