"""Which controls the break-even screen has, and how far each slider reaches. Boxes take anything the field allows."""

from tco.evaluate import BILL, VOLUME
from tco.widgets.form import Reach

DEMAND = (
    Reach(BILL, "API bill for tokens", 100, 10_000_000, log=True),
    Reach(VOLUME, "Requests", 1_000, 1_000_000_000, log=True),
    Reach("workload.input_length.mean_tok", "Prompt length", 20, 200_000, log=True),
    Reach("workload.output_length.mean_tok", "Answer length", 1, 32_000, log=True),
    Reach("workload.cacheable_frac", "Prompt that repeats (cache)", 0, 0.99, step=0.01),
    Reach("workload.batch_frac", "Requests that may wait (batch)", 0, 1, step=0.01),
)
PAYING = (
    Reach("options.{api}.price.input_usd_per_mtok", "Prompt price", 0.01, 100, log=True),
    Reach("options.{api}.price.output_usd_per_mtok", "Answer price", 0.01, 300, log=True),
    Reach("options.{api}.price_ratio", "Your price over list", 0.3, 1.5, step=0.01),
    Reach("options.{api}.reasoning_ratio", "Hidden reasoning per answer token", 0, 10, step=0.1),
)
CONTRACT = (
    Reach("options.{api}.contract.commitment_usd_per_year", "Committed, used or not", 0, 5_000_000, step=1_000),
    Reach("options.{api}.contract.minimum_usd_per_month", "Least bill of a month", 0, 200_000, step=100),
)
_FLEET = "options.{own}.fleet"
_SCALES = (_FLEET, "autoscaled reserved_and_burst")
RUNNING = (
    Reach("options.{own}.gpu.on_demand_usd_per_gpu_hour", "GPU rent", 0.2, 20, log=True),
    Reach("options.{own}.server.server_usd", "Price of a server", 5_000, 5_000_000, log=True),
    Reach("options.{own}.capacity.spare_replicas", "Spare replicas", 0, 5, step=1),
)
FLEET = (
    Reach(
        "options.{own}.gpu.reserved_usd_per_gpu_hour",
        "Reserved price",
        0.2,
        20,
        log=True,
        when=(_FLEET, "reserved reserved_and_burst"),
    ),
    Reach("options.{own}.cold_start_minutes", "Start of a GPU", 0, 60, step=1, when=_SCALES),
    Reach("options.{own}.min_billing_minutes", "Shortest time billed", 0, 240, step=1, when=_SCALES),
    Reach("options.{own}.scale_ahead_hours", "Grown ahead of demand by", 0, 6, step=1, when=_SCALES),
    Reach("options.{own}.addon_frac", "Storage, traffic and support over rent", 0, 1, step=0.01),
    Reach("options.{own}.reasoning_ratio", "Hidden reasoning per answer token", 0, 10, step=0.1),
)
_METERED = ("options.{own}.site.power_billing", "metered")
BOUGHT = (
    Reach("options.{own}.life_months", "Economic life", 12, 96, step=1),
    Reach("options.{own}.residual_frac", "Worth at its end, over its price", 0, 0.6, step=0.01),
    Reach("finance.discount_frac", "Cost of capital, a year", 0, 0.3, step=0.005, when=("options.{own}.kind", "owned")),
    Reach("options.{own}.site.electricity_usd_per_kwh", "Electricity", 0.01, 0.6, log=True, when=_METERED),
    Reach("options.{own}.site.colocation_usd_per_kilowatt_month", "Space", 0, 500, step=5),
    Reach("options.{own}.site.pue", "Facility power over IT power (PUE)", 1, 2.5, step=0.01, when=_METERED),
    Reach("options.{own}.network_frac", "Network, over the price", 0, 0.5, step=0.01),
)
PEOPLE = (
    Reach("options.{own}.people.run_fte", "People to run it", 0, 5, step=0.05),
    Reach("staffing.loaded_usd_per_fte_year", "Cost of one person", 40_000, 800_000, log=True),
    Reach("options.{own}.people.build_hours", "Hours to build it, once", 10, 10_000, log=True),
    Reach("options.{own}.people.oncall_usd_per_week", "On-call stipend", 0, 3_000, step=50),
    Reach("options.{own}.people.swaps_per_year", "Changes of model", 0, 12, step=1),
    Reach("options.{api}.people.run_fte", "People on the API's side", 0, 2, step=0.01),
)
SERVICE = (
    Reach("service.ttft_ms", "Time to first token, at most", 50, 60_000, log=True),
    Reach("service.tpot_ms", "Time per output token, at most", 4, 500, log=True),
    Reach("workload.burst_ratio", "Peak minute over its hour", 1, 3, step=0.01),
    Reach("options.{own}.capacity.target_utilisation_frac", "Capacity planned for", 0.2, 1, step=0.01),
    Reach("workload.input_length.cv", "Spread of prompt lengths", 0, 4, step=0.05),
    Reach("workload.output_length.cv", "Spread of answer lengths", 0, 4, step=0.05),
    Reach("options.{api}.ttft_ms", "API's time to first token, as you measured it", 50, 60_000, log=True),
    Reach("options.{api}.tpot_ms", "API's time per output token, as you measured it", 4, 500, log=True),
)
MONEY = (
    Reach(
        "finance.discount_frac",
        "Cost of capital, a year",
        0,
        0.3,
        step=0.005,
        when=("options.{own}.kind", "rented api"),
    ),
    Reach("finance.amortise_build_months", "Months to pay the build back", 3, 84, step=1),
    Reach("options.{own}.other_usd_per_month", "Logs, storage, security", 0, 30_000, step=100),
    Reach("finance.wage_escalation_frac", "Rise of wages, a year", 0, 0.15, step=0.005),
    Reach("options.{own}.staging_replica_hours_per_month", "Staging", 0, 730, step=10),
    Reach("options.{own}.failover_frac", "Requests that fail over to the API", 0, 0.1, step=0.001),
)
