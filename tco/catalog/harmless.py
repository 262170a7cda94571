"""Text from outside on its way into a spreadsheet: no cell may be taken for a formula."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """
    A cell's text that a spreadsheet shows as it is: an apostrophe goes before what it would take for a formula.

    Numbers stay numbers: a minus before digits is no formula.

    Examples
    --------
    >>> harmless("=cmd|' /C calc'!A0"), harmless("-2.50"), harmless("gpt-5.4"), harmless("-x+1")
    ("'=cmd|' /C calc'!A0", '-2.50', 'gpt-5.4', "'-x+1")
    """
    if not text.startswith(FORMULA_SIGNS):
        return text
    try:
        float(text)
    except ValueError:
        return "'" + text
    return text if text[0] in "+-" else "'" + text
