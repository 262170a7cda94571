"""API prices by name and day, contracts laid over them; what usage is priced with."""

from collections.abc import Collection
from datetime import date
from functools import cached_property

from tco.catalog import aliases, api_prices, contracts
from tco.catalog.aliases import AliasRow, Names
from tco.catalog.dated import conflicts
from tco.catalog.reader import Reader, not_on, raise_any, unknown
from tco.catalog.table import Entry, read_sheet
from tco.catalog.tariffs import Tariff, tariffs
from tco.errors import Fault
from tco.inputs.source import Fact


class ApiReader(Reader):
    """The API sheets, ``contracts.csv`` and the aliases."""

    @cached_property
    def _skus_on(self) -> dict[date, list[api_prices.ApiSku]]:
        return {}

    def api_skus(self, on: date) -> list[api_prices.ApiSku]:
        """Every model priced on a day, by vendor and name."""
        if on not in self._skus_on:
            self._skus_on[on] = api_prices.skus(self._of_sku, on)
        return list(self._skus_on[on])

    def api_price(self, sku: str, on: date, listed: bool = False) -> list[Fact]:
        """
        What one model costs on a day; the facts' paths are those of an API option, ``price.input_usd_per_mtok`` first.

        ``price_sheets/contracts.csv`` is laid over the list prices unless ``listed``: discounts, negotiated prices, and
        what is committed or provisioned, as ``contract.…`` and ``provisioned.…``.

        Raises
        ------
        LookupFault
            When nobody sells the SKU, or not on that day: then the mend says from when.
        """
        entries = self._of_sku.get(sku, [])
        if not entries:
            unknown(f"API model {sku}", "not in price_sheets/api", sku, [item.sku for item in self.api_skus(on)])
        prices = api_prices.on_day(entries, on)
        for meter in ("input", "output"):
            if (meter, "standard", 0, "") not in prices:
                not_on(f"API model {sku}", on, [entry for entry in entries if entry.row.meter == meter])
        if listed:
            return api_prices.facts(prices, self._rates, on)
        laid = contracts.laid_over(prices, self._terms_on(sku, on))
        return api_prices.facts(laid, self._rates, on) + contracts.facts(self._terms_on(sku, on), self._rates, on)

    def own_prices(self, sku: str, on: date) -> api_prices.Prices:
        """The prices of a model on a day that your contracts make others than the list's."""
        prices = api_prices.on_day(self._of_sku.get(sku, []), on)
        laid = contracts.laid_over(prices, self._terms_on(sku, on), next(iter(self._of_sku.get(sku, [])), None))
        return {key: entry for key, entry in laid.items() if entry is not prices.get(key)}

    def _terms_on(self, sku: str, on: date) -> list[Entry[contracts.ContractRow]]:
        provider, _, model = sku.partition("/")
        return contracts.on_day(self._contracts, provider, model, on)

    def tariffs(self, skus: Collection[str] | None = None, listed: bool = False) -> list[Tariff]:
        """
        Every API price of every day in USD: what usage is priced with, row by row.

        ``price_sheets/contracts.csv`` is laid over the list prices unless ``listed``; of some models or of all.
        """
        models = self._of_sku if skus is None else {sku: self._of_sku[sku] for sku in skus if sku in self._of_sku}
        return tariffs(models, self._rates, () if listed else self._contracts)

    def contract_terms(self) -> list[Entry[contracts.ContractRow]]:
        """Every term of ``price_sheets/contracts.csv``: private, to be told to nobody who did not ask."""
        return list(self._contracts)

    def has_contracts(self) -> bool:
        """Whether there are private terms, or private prices of tokens."""
        return bool(self._contracts) or any(entry.row.basis == "contract" for entry in self._api)

    def context_limits(self) -> tuple[int, ...]:
        """Every prompt length above which some price changes, ascending. [tok]"""
        return tuple(sorted({entry.row.min_input_tokens for entry in self._api} - {0}))

    def model_names(self) -> Names:
        """What the names of models in logs mean."""
        return Names(self._of_sku, {entry.row.name: entry.row.sku for entry in self._aliases})

    @cached_property
    def _api(self) -> list[Entry[api_prices.ApiPriceRow]]:
        return self._dated("api", api_prices.ApiPriceRow)

    @cached_property
    def _of_sku(self) -> dict[str, list[Entry[api_prices.ApiPriceRow]]]:
        return api_prices.by_sku(self._api)

    @cached_property
    def _contracts(self) -> list[Entry[contracts.ContractRow]]:
        entries, faults = self._contract_sheet
        raise_any([*faults, *conflicts(entries, contracts.KEY)])
        return entries

    @cached_property
    def _contract_sheet(self) -> tuple[list[Entry[contracts.ContractRow]], list[Fault]]:
        path = self._contract_file
        if path is None or not path.is_file():
            return [], []
        return read_sheet(path, f"price_sheets/{contracts.FILE}", contracts.ContractRow)

    @cached_property
    def _aliases(self) -> list[Entry[AliasRow]]:
        return self._sheets("aliases", AliasRow, aliases.KEY)
