"""The sheet of names that logs have for models, and how a log's name is led to a SKU."""

import re
from collections.abc import Iterable, Mapping

from tco.catalog.table import Sourced

KEY = ("name",)
MOST_STEPS = 4
"""A gateway behind a gateway behind a gateway."""
_DAY = re.compile(r"(-20\d\d-\d\d-\d\d|[-@]20\d{6}|-latest)$")


class AliasRow(Sourced):
    """One name, or one vendor's prefix."""

    name: str
    """As a log writes it: ``vendor/model``, or ``vendor/`` for all of a vendor's."""
    sku: str = ""
    """Ours: ``provider/model``, or ``provider/``; blank takes the prefix away."""


class Names:
    """What a log's names of vendor and model mean."""

    def __init__(self, skus: Iterable[str], aliases: Mapping[str, str]) -> None:
        self.skus = tuple(skus)
        self._known = {_plain(sku): sku for sku in self.skus}
        self._vendors = {sku.split("/", 1)[0] for sku in self.skus}
        self._aliases = {_plain(name): _plain(sku) for name, sku in aliases.items()}
        self._alone: dict[str, list[str]] = {}
        for sku in self.skus:
            self._alone.setdefault(_plain(sku.split("/", 1)[1]), []).append(sku)

    def sku(self, vendor: str | None, model: str | None) -> str | None:
        """
        The SKU of a model as a log names it, or None.

        Examples
        --------
        >>> names = Names(["openai/gpt-5.4", "groq/openai/gpt-oss-120b"], {"azure/": "openai/"})
        >>> names.sku(None, "gpt-5.4-2026-03-05"), names.sku("azure", "azure/gpt-5.4"), names.sku("groq", "gpt-5.4")
        ('openai/gpt-5.4', 'openai/gpt-5.4', None)
        """
        if not model:
            return None
        names = [_plain(model)]
        if vendor:
            names.insert(0, f"{_plain(vendor)}/{_plain(model)}")
        if vendor and self._vendor(vendor) in self._vendors:
            return self._first([names[0], names[1]] if names[1].startswith(f"{_plain(vendor)}/") else names[:1])
        return self._first(names) or self._only(names[-1])

    def _vendor(self, vendor: str) -> str:
        return self._aliases.get(f"{_plain(vendor)}/", f"{_plain(vendor)}/").rstrip("/")

    def _first(self, names: list[str]) -> str | None:
        for name in names:
            for form in self._forms(name):
                if form in self._known:
                    return self._known[form]
        return None

    def _forms(self, name: str) -> list[str]:
        """A name, and what its aliases and the day at its end make of it."""
        forms = [name]
        for _ in range(MOST_STEPS):
            last = forms[-1]
            prefix = f"{last.split('/', 1)[0]}/"
            if last in self._aliases:
                forms.append(self._aliases[last])
            elif prefix in self._aliases and "/" in last:
                behind = last.split("/", 1)[1]
                forms.append(self._aliases[prefix] + behind)
                if self._aliases[prefix] and behind.startswith(self._aliases[prefix]):
                    forms.append(behind)
            elif _DAY.search(last):
                forms.append(_DAY.sub("", last))
            else:
                break
        return forms

    def _only(self, model: str) -> str | None:
        """The SKU whose model has this name, where only one vendor sells it under it."""
        for form in self._forms(model):
            found = self._alone.get(form, [])
            if len(found) == 1:
                return found[0]
        return None


def _plain(name: str) -> str:
    """Letters small, dots as dashes but in a day: how names are compared."""
    return name.strip().lower().replace(".", "-")
