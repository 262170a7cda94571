"""GPUs by the hour, servers to buy, and where they stand."""

from datetime import date
from functools import cached_property

from tco.catalog import rentals, servers, sites
from tco.catalog.reader import Reader, not_on, unknown
from tco.catalog.servers import ServerRow
from tco.catalog.table import Entry
from tco.inputs.source import Fact


class SiteReader(Reader):
    """The sheets of rent, servers, electricity, space and carbon."""

    def rental_offers(self, gpu: str, on: date) -> list[rentals.RentalOffer]:
        """Every offer of a GPU on a day, any term, cheapest first."""
        entries = [entry for entry in self._rentals if entry.row.gpu == gpu]
        if not entries:
            unknown(f"rent of {gpu}", "not in price_sheets/gpu_rental", gpu, {e.row.gpu for e in self._rentals})
        return rentals.offers(entries, gpu, on, self._rates)

    def rented_gpus(self) -> set[str]:
        """GPUs that somebody rents out."""
        return {entry.row.gpu for entry in self._rentals}

    def rental(
        self, gpu: str, provider: str, on: date, term: rentals.Term = "reserved_1y", gpus: float = 1.0
    ) -> list[Fact]:
        """
        The rent of one GPU from a provider: on demand, and reserved and spot where the provider publishes them.

        Parameters
        ----------
        gpu : str
            GPU, as in hw_profiles/gpus.
        provider : str
            Vendor; blank takes the lower middle of the offers that are no marketplace's and fit the replica.
        on : date
            The day whose prices hold.
        term : rentals.Term
            Which reserved price is given.
        gpus : float
            GPUs one replica takes. Of a provider's instances the smallest that holds them is taken, else the largest
            that divides them, else the largest.

        Raises
        ------
        LookupFault
            When the GPU or the provider is unknown, rents on other terms only, is an index, or has no on-demand price
            on that day.
        """
        found = self.rental_offers(gpu, on)
        entries = [entry for entry in self._rentals if entry.row.gpu == gpu]
        rentals.refuse(entries, gpu, provider)
        choices = rentals.by_provider(found, rentals.ON_DEMAND, gpus)
        if not choices or (provider and provider not in choices):
            mine = [e for e in entries if e.row.term == rentals.ON_DEMAND and provider in ("", e.row.provider)]
            not_on(f"rent of {gpu} from {provider or 'anybody'}", on, mine)
        return rentals.facts(found, provider, term, gpus)

    def servers(self, on: date) -> list[str]:
        """The servers that can be bought new on a day, by name."""
        return sorted(entry.row.item for entry in servers.on_day(self._servers, on) if entry.row.condition == "new")

    def servable_gpus(self) -> set[str]:
        """GPUs that some server in the sheet has."""
        return {entry.row.gpu for entry in self._servers if entry.row.condition == "new"}

    def server(self, gpu: str, item: str, on: date) -> list[Fact]:
        """
        A server with a GPU: ``server.item``, ``server_usd``, ``server_gpus``, ``nameplate_kilowatts``.

        ``resale_usd_per_server`` comes with it where a used one is priced. A blank item takes the lower middle of the
        servers with that GPU, by price.

        Raises
        ------
        LookupFault
            When no server has the GPU, the item is unknown or has another GPU, or has no price on that day.
        """
        new = [entry for entry in self._servers if entry.row.condition == "new"]
        with_gpu = [entry for entry in new if entry.row.gpu == gpu]
        if not with_gpu:
            unknown(f"server with {gpu}", "not in price_sheets/hardware", gpu, self.servable_gpus())
        mine = [entry for entry in with_gpu if item in ("", entry.row.item)]
        if not mine:
            unknown(f"server {item}", f"no server with {gpu} has that name", item, {e.row.item for e in with_gpu})
        today = servers.on_day(mine, on)
        if not today:
            not_on(f"server {item or f'with {gpu}'}", on, mine)
        taken = servers.usual(today)
        used = [
            entry
            for entry in servers.on_day(self._servers, on)
            if entry.row.condition == "used" and entry.row.item == taken.row.item
        ]
        return servers.facts(taken, used[0] if used else None, self._rates, on)

    def regions(self, on: date) -> list[str]:
        """The regions that have an electricity price on a day, their own or that of what they are part of."""
        priced = {e.row.region for e in self._electricity if e.row.meter == "energy" and e.row.holds(on)}
        return sorted(region for region in self._known_regions if priced.intersection(sites.lineage(region)))

    def site(self, region: str, on: date, power_billing: str = "metered") -> list[Fact]:
        """
        Electricity, space and carbon of a region; what is not known of a part of a region is that of the whole.

        The paths are ``site.electricity_usd_per_kwh``, ``site.demand_usd_per_kilowatt_month`` where the tariff has
        one, ``site.colocation_usd_per_kilowatt_month`` and ``site.carbon_kg_per_kwh``.

        Raises
        ------
        LookupFault
            When no sheet knows the region, or its electricity has no price on that day.
        """
        if region not in self._known_regions:
            where = "not in price_sheets/electricity, colocation or carbon"
            unknown(f"region {region}", where, region, self._known_regions)
        found = sites.electricity(self._electricity, region, self._rates, on)
        mine = [e for e in self._electricity if e.row.region in sites.lineage(region) and e.row.meter == "energy"]
        if mine and not found:
            not_on(f"electricity of {region}", on, mine)
        found += sites.colocation(self._colocation, region, power_billing, self._rates, on)
        return found + sites.carbon(self._carbon, region, on)

    @cached_property
    def _rentals(self) -> list[Entry[rentals.RentalRow]]:
        return self._dated("gpu_rental", rentals.RentalRow)

    @cached_property
    def _servers(self) -> list[Entry[ServerRow]]:
        return self._dated("hardware", ServerRow)

    @cached_property
    def _electricity(self) -> list[Entry[sites.ElectricityRow]]:
        return self._dated("electricity", sites.ElectricityRow)

    @cached_property
    def _colocation(self) -> list[Entry[sites.ColocationRow]]:
        return self._dated("colocation", sites.ColocationRow)

    @cached_property
    def _carbon(self) -> list[Entry[sites.CarbonRow]]:
        return self._sheets("carbon", sites.CarbonRow, sites.CARBON_KEY)

    @cached_property
    def _known_regions(self) -> set[str]:
        sheets = (self._electricity, self._colocation, self._carbon)
        return {entry.row.region for entries in sheets for entry in entries}
