"""What a source says: one quote a price, and everything it says that is not taken over, counted and named."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import Any

from tco.catalog.importers.names import WORLDWIDE, our_names
from tco.errors import Fault, TcoError
from tco.units import TOKENS_PER_MTOK

DIGITS = 12
"""Decimals kept of a price per token or million: what the division by a million leaves beyond is rounding."""
NOT_TEXT = re.compile(
    r"audio|image|video|pixel|character|second|minute|page|credit|search|query|queries|maps|session|file|gb_|dbu|citation|"
    r"code_interpreter|computer_use|vector|ocr|annotation|text_message|guardrail|web"
)
"""Words in a price key that say it is of something else than text tokens."""

REGIONAL = re.compile(r"uplift_multiplier")
"""What a vendor charges more for in a region: kept in scenarios, not in sheets."""


@dataclass(frozen=True)
class Quote:
    """One price of one model, in our words, as a source has it."""

    sku: str
    """``provider/model``, spelled as in our sheets where we carry it."""
    meter: str
    usd: float
    """For a million tokens, or for one request."""
    key: str
    """What the source calls the model."""
    service_tier: str = "standard"
    min_input_tokens: int = 0
    valid_from: date | None = None
    """The first day, where the source says one."""
    url: str = ""
    """The vendor's page, where the source names one."""

    @property
    def price_key(self) -> tuple[str, str, int]:
        """What makes two quotes of a model the same price."""
        return self.meter, self.service_tier, self.min_input_tokens


@dataclass
class Reading:
    """What was read of a source. Filled by its importer; nothing in it is dropped in silence."""

    source: str
    known: Mapping[str, str]
    """Our SKUs, by the spelling of ``names.spelled``."""
    quotes: list[Quote] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    """Price keys that the importer does not know, and how often each stands."""
    left_out: Counter[str] = field(default_factory=Counter)
    """What is known and not carried, by reason."""
    models: int = 0
    """Models in the source."""

    def sku_of(self, provider: str, model: str) -> str | None:
        """Our SKU of a source's provider and model; None when it is of a vendor whose prices we do not keep."""
        return our_names(self.source, provider, model, self.known)

    def add(self, sku: str, key: str, meter: str, usd: Any, **more: Any) -> None:
        """Take over a price of a million tokens or of a request; a zero or a placeholder is counted, not carried."""
        value = number(usd)
        if value is None:
            self.left_out["not a number"] += 1
        elif value <= 0:
            self.left_out["0 or less: not charged apart, or not known"] += 1
        else:
            self.quotes.append(Quote(sku, meter, round(value, DIGITS), key, **more))

    def not_taken(self, key: str) -> None:
        """Count a price key that is not carried: of another kind than text, or unknown."""
        if REGIONAL.search(key):
            self.left_out["uplifts of a region: a scenario's region_ratio"] += 1
        elif NOT_TEXT.search(key):
            self.left_out["not of text tokens (audio, images, tools …)"] += 1
        else:
            self.unknown[key] += 1

    def settled(self) -> "Reading":
        """
        The same with one name a model, and without reasoning where it costs what answers cost, as in our sheets.

        Of several names of one model the worldwide one is kept, else the shortest; prices at another are counted.
        """
        names: dict[str, str] = {}
        for quote in sorted(self.quotes, key=_name_rank):
            names.setdefault(quote.sku, quote.key)
        self._drop(lambda quote: quote.key != names[quote.sku], "another name of the same model")
        answers = {(q.sku, *q.price_key[1:], q.valid_from): q.usd for q in self.quotes if q.meter == "output"}
        self._drop(
            lambda q: q.meter == "reasoning" and answers.get((q.sku, *q.price_key[1:], q.valid_from)) == q.usd,
            "reasoning at the price of answers",
        )
        return self

    def _drop(self, idle: Callable[[Quote], bool], reason: str) -> None:
        kept = [quote for quote in self.quotes if not idle(quote)]
        if len(kept) < len(self.quotes):
            self.left_out[reason] += len(self.quotes) - len(kept)
        self.quotes = kept


def _name_rank(quote: Quote) -> tuple[bool, int, str]:
    return not quote.key.startswith(WORLDWIDE), len(quote.key), quote.key


def number(value: Any) -> float | None:
    """A price as a number; None when it is none."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if isfinite(found) else None


def per_mtok(usd_per_tok: Any) -> float | None:
    """A price per token as one of a million."""
    value = number(usd_per_tok)
    return None if value is None else value * TOKENS_PER_MTOK


def mapping(data: Any, source: str, shape: str) -> Mapping[str, Any]:
    """The data as a mapping; anything else is not the source's file."""
    if not isinstance(data, Mapping):
        raise TcoError(Fault(source, f"a {type(data).__name__}", f"give the source's own file: {shape}"))
    return data
