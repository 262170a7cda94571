"""
Every SQL expression of this room, and nothing else: text in, text out.

Standard SQL but for ``TRY_CAST``, ``->>`` on JSON and ``regexp_extract``, each written in one function, and the readers of files,
which are the engine's. No join "as of" a time, no list functions, no wildcard over columns of unknown number.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

TOKENS = ("prompt_tok", "cache_read_tok", "cache_write_5m_tok", "cache_write_1h_tok", "output_tok", "reasoning_tok")
"""What a request counts; ``prompt_tok`` is the whole prompt, what a cache served or took included."""
EXTRAS = ("web_search_requests", "input_audio_tok", "output_audio_tok")
"""What a vendor's report counts beside the tokens of text, and charges: none is part of ``prompt_tok`` or ``output_tok``."""
CANON: Mapping[str, str] = {
    "request_id": "VARCHAR",
    "started": "TIMESTAMP",
    "ended": "TIMESTAMP",
    "zone": "VARCHAR",
    "span_s": "BIGINT",
    "provider": "VARCHAR",
    "model": "VARCHAR",
    "service_tier": "VARCHAR",
    "batch": "BOOLEAN",
    "project": "VARCHAR",
    "grouping_key": "VARCHAR",
    "stream": "VARCHAR",
    "requests": "BIGINT",
    **dict.fromkeys((*TOKENS, *EXTRAS), "BIGINT"),
    "context_tok": "BIGINT",
    "claimed_usd": "DOUBLE",
    "skip": "VARCHAR",
}
"""
One request, or one bucket of requests, as every reader gives it. ``started`` is UTC. ``span_s`` is 0 for a request, the bucket's width else.
``stream`` is what counts by itself, such as one server: its buckets are no other view of another's.
``context_tok`` is the lower edge of the context tier, where a bucket tells it; ``skip`` says why a row is no usage.
"""
KEYS = ("source", "span_s", "provider", "model", "service_tier", "batch", "project", "context_tok", "context_known")
"""What a row of the hourly table is one of, beside its hour."""
SUMS = (
    "requests",
    *TOKENS,
    *EXTRAS,
    "cache_read_parts",
    "cache_write_5m_parts",
    "cache_write_1h_parts",
    "claimed_requests",
)
"""What is summed as it is; ``*_parts`` are sums of shares of the prompt, for tariffs that charge only what lies beyond a limit."""
SQUARES = ("prompt_sq_tok2", "visible_sq_tok2", "prompt_visible_tok2")
"""Sums of squares and products of lengths; ``visible`` is the answer without hidden reasoning."""
MINUTES = 60
MOST_TOK = 1_000_000_000
"""More tokens than that in one request are a slip."""
EARLIEST = "TIMESTAMP '2018-01-01 00:00:00'"
"""No log of a language model's API is older."""
TIERS = ("standard", "batch", "flex", "priority")
FORMULA = "=+-@\t\r"
_FIELD = re.compile(r"\((doc|bucket|result|item) ->> ('\$\.(?:[^']|'')*')\)")
"""What ``inside`` writes of a document."""
NO_FAULT = ""


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def file_named(path: str) -> str:
    """A file's path as an SQL literal that the engine takes for no pattern."""
    return quoted("".join(f"[{letter}]" if letter in "*?[" else letter for letter in path))


def named(name: str) -> str:
    """A column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def first_of(parts: Sequence[str], none: str = "NULL") -> str:
    """The first that is not NULL."""
    return none if not parts else parts[0] if len(parts) == 1 else f"COALESCE({', '.join(parts)})"


def whole(text: str) -> str:
    """A text as a whole number; NULL when it is none."""
    return f"TRY_CAST(TRY_CAST({text} AS DECIMAL(38,6)) AS BIGINT)"


def whole_or_none(text: str) -> str:
    """A text as a whole number, 0 where nothing is written; NULL when what is written is none."""
    return f"COALESCE({whole(text)}, CASE WHEN LOWER(TRIM(COALESCE({text}, ''))) IN ('', 'nan', 'none', 'null') THEN 0 END)"


def real(text: str) -> str:
    """A text as a number; NULL when it is none, infinite or not a number."""
    return f"(CASE WHEN ABS(TRY_CAST({text} AS DOUBLE)) < 1e15 THEN TRY_CAST({text} AS DOUBLE) END)"


def inside(document: str, path: str) -> str:
    """What stands at a path in a JSON document, as text; the path as ``usage.input`` or ``results[0].model``."""
    return f"({document} ->> {quoted('$.' + path)})"


def read_once(given: Mapping[str, str], source: str) -> tuple[dict[str, str], str]:
    """
    Columns and their relation, so that each JSON document is taken apart once for all of its fields.

    Every single ``->>`` keeps a parsed copy of a whole batch of documents, and a time alone asks for its field ten times: that is
    more memory than a log's rows need, however short the log is.
    """
    paths: dict[str, list[str]] = {}

    def field(found: re.Match[str]) -> str:
        of_one = paths.setdefault(found[1], [])
        if found[2] not in of_one:
            of_one.append(found[2])
        return f"{found[1]}_fields[{of_one.index(found[2]) + 1}]"

    columns = {name: _FIELD.sub(field, text) for name, text in given.items()}
    fields = ", ".join(
        f"json_extract_string({document}, [{', '.join(of_one)}]) AS {document}_fields"
        for document, of_one in paths.items()
    )
    return columns, f"(SELECT documents.*, {fields} FROM {source} AS documents) AS read_once" if fields else source


def written(select: str, path: str) -> str:
    """Rows written down as Parquet."""
    return f"COPY ({select}) TO {quoted(path)} (FORMAT parquet)"


def utc_of_text(text: str) -> str:
    """A written time, or seconds, milli-, micro- or nanoseconds since 1970, as UTC; NULL when it is none of them."""
    number = f"TRY_CAST({text} AS DOUBLE)"
    seconds = (
        f"CASE WHEN {number} > 1e17 THEN {number} / 1e9 WHEN {number} > 1e14 THEN {number} / 1e6 "
        f"WHEN {number} > 1e11 THEN {number} / 1e3 ELSE {number} END"
    )
    return f"CASE WHEN {number} IS NOT NULL THEN {utc_of_seconds(seconds)} ELSE {utc_of_stamp(text)} END"


def utc_of_seconds(seconds: str) -> str:
    """Seconds since 1970 as a UTC time; NULL outside the years that a log can be of."""
    return f"(CASE WHEN {seconds} BETWEEN 0 AND 1e10 THEN TIMESTAMP '1970-01-01 00:00:00' + ({seconds}) * INTERVAL '1' SECOND END)"


def utc_of_stamp(value: str) -> str:
    """A written time, or a time without a zone, as UTC; one without a zone is of the session's."""
    return f"TRY_CAST({value} AS TIMESTAMP WITH TIME ZONE) AT TIME ZONE 'UTC'"


def after(start: str, seconds: str) -> str:
    """A time so many seconds after another."""
    return f"{start} + ({seconds}) * INTERVAL '1' SECOND"


def opened_lists(documents: str, inner: str) -> str:
    """
    Every entry of the list ``inner`` of every bucket, whether documents are buckets, pages of them, or lists of either.

    ``page`` numbers the pages; buckets that stand by themselves are of one, 0. Beside each entry stands its bucket without the list,
    which would otherwise be taken apart anew for each of its own entries.
    """
    return f"""(SELECT page, bucket, UNNEST(CAST(inside AS JSON[])) AS result FROM (
  SELECT page, json_merge_patch(item, '{{"{inner}": null}}') AS bucket, item -> '$.{inner}' AS inside FROM (
    SELECT page, UNNEST(CASE WHEN page = 0 THEN [doc] ELSE CAST(doc -> '$.data' AS JSON[]) END) AS item FROM (
      SELECT doc, CASE WHEN (doc -> '$.data') IS NULL THEN 0 ELSE ROW_NUMBER() OVER () END AS page FROM {documents} AS documents
    ) AS pages
  ) AS items
) AS buckets)"""


def grouped_by(groups: Mapping[str, str]) -> str:
    """
    The names of the fields that a page of a report was grouped by: those that any of its rows fills.

    A field that is empty in one row and not in another is a value of its own there: the default workspace, no key.
    """
    parts = (
        f"CASE WHEN BOOL_OR({value} IS NOT NULL) OVER (PARTITION BY page) THEN '{name} ' ELSE '' END"
        for name, value in groups.items()
    )
    return f"CONCAT({', '.join(parts)})"


def opened_items(documents: str) -> str:
    """Every entry of ``data`` of every page; a document without ``data`` is an entry itself."""
    return f"""(SELECT UNNEST(CASE WHEN (doc -> '$.data') IS NULL THEN [doc] ELSE CAST(doc -> '$.data' AS JSON[]) END) AS item
  FROM {documents} AS documents)"""


def zone_of_text(text: str) -> str:
    """The zone a written time ends with: Z, an offset, nothing; NULL where time is a number."""
    return (
        f"CASE WHEN TRY_CAST({text} AS DOUBLE) IS NULL THEN "
        f"regexp_extract({text}, ':[0-9.]+ ?(Z|UTC|[+-][0-9]{{2}}:?([0-9]{{2}})?)$', 1) END"
    )


def tier_of(text: str) -> str:
    """A vendor's word for a service tier in ours; a word that is none of ours is kept, and has no price."""
    lowered = f"LOWER(TRIM({text}))"
    usual = "'', 'default', 'auto', 'on_demand', 'standard_only', 'null', 'none', 'scale'"
    return (
        f"CASE WHEN {text} IS NULL OR {lowered} IN ({usual}) THEN 'standard' "
        f"WHEN {lowered} = 'priority_on_demand' THEN 'priority' WHEN {lowered} = 'flex_discount' THEN 'flex' ELSE {lowered} END"
    )


def tier_with(tier: str, speed: str, region: str) -> str:
    """A tier with the mode and the region that a vendor charges otherwise: such a tier has no price of the plain one's."""
    fast = f"CASE WHEN LOWER({speed}) <> 'standard' THEN CONCAT(' ', LOWER({speed})) ELSE '' END"
    place = f"CASE WHEN LOWER({region}) NOT IN ('', 'global', 'not_available') THEN CONCAT(' in ', LOWER({region})) ELSE '' END"
    return f"CONCAT({tier}, {fast}, {place})"


def broken_or(skip: str) -> str:
    """Why a line of JSON is no usage: it is none, or what its reader says."""
    return f"CASE WHEN doc IS NULL THEN 'line' ELSE {skip} END"


def canonical(given: Mapping[str, str], source: str) -> str:
    """A SELECT of every canonical column from a relation: what is not given is NULL, a request is one."""
    usual = {"span_s": "0", "requests": "1", "service_tier": quoted("standard"), "batch": "FALSE"}
    counts = dict.fromkeys((*TOKENS[1:], *EXTRAS), "0")
    chosen = {**usual, **counts, **given}
    columns = ",\n  ".join(f"CAST({chosen.get(name, 'NULL')} AS {kind}) AS {name}" for name, kind in CANON.items())
    return f"SELECT\n  {columns}\nFROM {source}"


def all_of(selects: Sequence[tuple[int, str, str]]) -> str:
    """The rows of every file: its number, its format, its SELECT."""
    return "\nUNION ALL\n".join(
        f"SELECT {number} AS file_no, {quoted(source)} AS source, rows_{number}.* FROM ({select}) AS rows_{number}"
        for number, source, select in selects
    )


def fault_of(now: str) -> str:
    """Why a row cannot be counted, as one word of ``report.KINDS``; an empty text when it can."""
    negative = " OR ".join(f"{name} < 0" for name in (*TOKENS, *EXTRAS, "requests"))
    untold = " OR ".join(f"{name} IS NULL" for name in TOKENS)
    huge = " OR ".join(f"{name} > {MOST_TOK}" for name in TOKENS)
    return f"""CASE
    WHEN skip IS NOT NULL THEN skip
    WHEN started IS NULL THEN 'time'
    WHEN {untold} THEN 'count'
    WHEN {negative} THEN 'negative'
    WHEN cache_read_tok + cache_write_5m_tok + cache_write_1h_tok > prompt_tok THEN 'cached'
    WHEN reasoning_tok > output_tok THEN 'reasoning'
    WHEN span_s = 0 AND ({huge}) THEN 'huge'
    WHEN ended < started THEN 'backwards'
    WHEN started > {now} THEN 'future'
    WHEN started < {EARLIEST} THEN 'ancient'
    WHEN prompt_tok + output_tok + {" + ".join(EXTRAS)} = 0 THEN 'empty'
    ELSE '{NO_FAULT}' END"""


def band_of(limits: Sequence[int]) -> str:
    """The highest limit that a prompt is longer than, or 0: the edge of its context tier."""
    cases = " ".join(f"WHEN prompt_tok > {limit} THEN {limit}" for limit in sorted(limits, reverse=True))
    alone = f"CASE {cases} ELSE 0 END" if cases else "0"
    return f"CASE WHEN span_s = 0 THEN {alone} ELSE COALESCE(context_tok, 0) END"


def by_minute(limits: Sequence[int], now: str, relation: str, unit: str = "minute") -> str:
    """
    Rows counted and summed by minute (or by hour), kind and fault: the one pass over all of a log.

    A prompt's context tier is decided here, request by request, so that what is summed has one price.
    """
    parts = ", ".join(
        f"SUM(CASE WHEN band > 0 AND prompt_tok > 0 AND lone THEN {name}_tok / CAST(prompt_tok AS DOUBLE) ELSE 0 END) AS {name}_parts"
        for name in ("cache_read", "cache_write_5m", "cache_write_1h")
    )
    sums = ", ".join(f"SUM({name}) AS {name}" for name in ("requests", *TOKENS, *EXTRAS))
    return f"""
SELECT file_no, source, DATE_TRUNC('{unit}', started) AS minute, span_s, provider, model,
  CASE WHEN batch AND service_tier = 'standard' THEN 'batch' ELSE service_tier END AS service_tier,
  (batch OR service_tier = 'batch') AS batch, project, band AS context_tok,
  (lone OR context_tok IS NOT NULL) AS context_known, fault, zone,
  COUNT(*) AS counted, {sums}, {parts},
  SUM(CASE WHEN claimed_usd IS NOT NULL THEN requests ELSE 0 END) AS claimed_requests, SUM(claimed_usd) AS claimed_usd,
  SUM(CASE WHEN lone THEN prompt_tok * prompt_tok ELSE 0 END) AS prompt_sq_tok2,
  SUM(CASE WHEN lone THEN (output_tok - reasoning_tok) * (output_tok - reasoning_tok) ELSE 0 END) AS visible_sq_tok2,
  SUM(CASE WHEN lone THEN prompt_tok * (output_tok - reasoning_tok) ELSE 0 END) AS prompt_visible_tok2
FROM (
  SELECT judged.*, CASE WHEN fault = '{NO_FAULT}' THEN {band_of(limits)} ELSE 0 END AS band,
    (span_s = 0 AND fault = '{NO_FAULT}') AS lone
  FROM (SELECT seen.*, {fault_of(now)} AS fault FROM {relation} AS seen) AS judged
) AS banded
GROUP BY file_no, source, DATE_TRUNC('{unit}', started), span_s, provider, model, service_tier, batch, project, band,
  (lone OR context_tok IS NOT NULL), fault, zone"""


def by_hour(relation: str, bursts: bool = True) -> str:
    """The canonical hourly table from rows by minute: sums, and the requests of each minute of the hour, for bursts."""
    keys = ", ".join(KEYS)
    minutes = ", ".join(
        f"SUM(CASE WHEN span_s = 0 AND EXTRACT(MINUTE FROM minute) = {number} THEN requests ELSE 0 END)"
        for number in range(MINUTES)
    )
    return f"""
SELECT DATE_TRUNC('hour', minute) AS hour, {keys}, {_totals()},
  {f"CASE WHEN span_s = 0 THEN CAST(ARRAY[{minutes}] AS BIGINT[]) END" if bursts else "CAST(NULL AS BIGINT[])"} AS minute_requests
FROM {relation} WHERE fault = '{NO_FAULT}'
GROUP BY DATE_TRUNC('hour', minute), {keys}
ORDER BY hour, {keys}"""


def merged(relation: str) -> str:
    """Hourly tables, one after the other, as one hourly table: exact, for whole numbers are summed."""
    keys = ", ".join(KEYS)
    minutes = ", ".join(
        f"SUM(minute_requests[{number}])" for number in range(1, MINUTES + 1)
    )  # NULL where no row has minutes
    return f"""
SELECT hour, {keys}, {_totals()}, CASE WHEN span_s = 0 THEN CAST(ARRAY[{minutes}] AS BIGINT[]) END AS minute_requests
FROM {relation} GROUP BY hour, {keys} ORDER BY hour, {keys}"""


def _totals() -> str:
    kinds = {name: "DOUBLE" if name.endswith("_parts") else "BIGINT" for name in SUMS}
    kinds |= {"claimed_usd": "DOUBLE", **dict.fromkeys(SQUARES, "DECIMAL(38,0)")}
    return ", ".join(f"CAST(SUM({name}) AS {kind}) AS {name}" for name, kind in kinds.items())


# no request twice


def repeated_ids(relation: str) -> str:
    """The ids that stand in more than one row."""
    known = f"FROM {relation} WHERE request_id IS NOT NULL"
    return f"SELECT source, request_id, COUNT(*) AS copies {known} GROUP BY source, request_id HAVING COUNT(*) > 1"


def repeats_counted(repeats: str) -> str:
    """How many rows say again what another says."""
    return f"SELECT SUM(copies - 1) FROM {repeats}"


def without_repeats(relation: str, repeats: str) -> str:
    """Every row once: of those with one id the last to end, then the longest, then the first file's."""
    columns = ", ".join(("file_no", "source", *CANON))
    first = f"""
SELECT {columns} FROM (
  SELECT one.*, ROW_NUMBER() OVER (
    PARTITION BY one.source, one.request_id ORDER BY one.ended DESC NULLS LAST, one.prompt_tok + one.output_tok DESC NULLS LAST, one.file_no
  ) AS copy
  FROM {relation} AS one JOIN {repeats} AS twice ON one.source = twice.source AND one.request_id = twice.request_id
) AS numbered WHERE copy = 1"""
    rest = f"""
SELECT {", ".join(f"one.{name}" for name in ("file_no", "source", *CANON))} FROM {relation} AS one
WHERE one.request_id IS NULL OR NOT EXISTS (
  SELECT 1 FROM {repeats} AS twice WHERE one.source = twice.source AND one.request_id = twice.request_id)"""
    return f"{rest}\nUNION ALL\n{first}"


def overlapping(relation: str) -> str:
    """
    The views of the same usage that are not kept: a day's buckets of one width, an hour's of one grouping.

    A vendor's report can be asked for by the hour and by the day, by model and by project. Of the widths that tell of one day, and
    of the groupings that tell of one bucket, the one that tells of most tokens is kept, then the finer. A bucket of another width that
    no kept one meets in time is no other view: a counter was not read at one of its steps.
    """
    day = "CAST(started AS DATE)"
    keys = f"source, COALESCE(stream, ''), span_s, started, COALESCE(grouping_key, ''), {day}"
    ends = {name: after(f"{name}.started", f"{name}.span_s") for name in ("kept", "ranked")}
    return f"""
WITH buckets AS (
  SELECT source, COALESCE(stream, '') AS stream, span_s, started, COALESCE(grouping_key, '') AS grouping_key, {day} AS day,
    SUM(prompt_tok + output_tok) AS tok
  FROM {relation} WHERE span_s > 0 GROUP BY {keys}
), summed AS (
  SELECT buckets.*, SUM(tok) OVER (PARTITION BY source, stream, day, span_s, grouping_key) AS span_tok FROM buckets
), ranked AS (
  SELECT source, stream, span_s, started, grouping_key, day,
    FIRST_VALUE(span_s) OVER (PARTITION BY source, stream, day ORDER BY span_tok DESC, span_s) AS kept_span,
    FIRST_VALUE(grouping_key) OVER (
      PARTITION BY source, stream, span_s, started ORDER BY tok DESC, LENGTH(grouping_key) DESC, grouping_key) AS kept_key
  FROM summed
)
SELECT source, stream, span_s, started, grouping_key FROM ranked
WHERE grouping_key <> kept_key OR (span_s <> kept_span AND EXISTS (
  SELECT 1 FROM buckets AS kept WHERE kept.source = ranked.source AND kept.stream = ranked.stream AND kept.day = ranked.day
    AND kept.span_s = ranked.kept_span AND kept.started < {ends["ranked"]} AND ranked.started < {ends["kept"]}))"""


def without_overlaps(relation: str, overlaps: str) -> str:
    """The rows that no other view of the same buckets tells too."""
    return f"""
SELECT one.* FROM {relation} AS one WHERE one.span_s = 0 OR NOT EXISTS (
  SELECT 1 FROM {overlaps} AS other WHERE other.source = one.source AND other.span_s = one.span_s AND other.started = one.started
    AND other.stream = COALESCE(one.stream, '') AND other.grouping_key = COALESCE(one.grouping_key, ''))"""


def doubled_told(doubled: str) -> str:
    """The buckets of the views that are not kept, the first in time first."""
    return f"SELECT source, span_s, CAST(started AS VARCHAR) FROM {doubled} ORDER BY started, span_s"


# the report

REJECTED = "SELECT DISTINCT file_path, line, csv_line FROM reject_errors JOIN reject_scans USING (scan_id, file_id) ORDER BY 1, 2"
"""Lines that the engine's reader of CSV left out."""


def counted(relation: str) -> str:
    """Rows seen, rows kept, their requests, the first and the last hour."""
    kept = f"CASE WHEN fault = '{NO_FAULT}'"
    end = after("minute", "CASE WHEN span_s > 0 THEN span_s - 1 ELSE 0 END")
    return f"""
SELECT SUM(counted), SUM({kept} THEN counted ELSE 0 END), SUM({kept} THEN requests ELSE 0 END),
  DATE_TRUNC('hour', MIN({kept} THEN minute END)), DATE_TRUNC('hour', MAX({kept} THEN {end} END)) FROM {relation}"""


def faults_counted(relation: str) -> str:
    """How many rows have each fault."""
    return f"SELECT fault, SUM(counted) FROM {relation} WHERE fault <> '{NO_FAULT}' GROUP BY fault ORDER BY fault"


def zones_counted(relation: str) -> str:
    """How many rows tell time in each zone."""
    return f"SELECT zone, SUM(counted) FROM {relation} WHERE zone IS NOT NULL GROUP BY zone ORDER BY 2 DESC, 1"


def told_twice(relation: str) -> str:
    """Formats that tell of one model on one day, two by two, with how many models and the first day."""
    days = f"""(SELECT DISTINCT source, LOWER(SPLIT_PART(model, '/', -1)) AS name, CAST(minute AS DATE) AS day
  FROM {relation} WHERE fault = '{NO_FAULT}' AND model IS NOT NULL)"""
    return f"""
SELECT one.source, other.source, COUNT(DISTINCT one.name), CAST(MIN(one.day) AS VARCHAR)
FROM {days} AS one JOIN {days} AS other ON one.name = other.name AND one.day = other.day AND one.source < other.source
GROUP BY one.source, other.source ORDER BY 1, 2"""


def formulas_counted(relation: str) -> str:
    """Names that a spreadsheet would take for formulas, with their rows."""
    found = []
    for name in ("model", "project", "provider"):
        wrong = " OR ".join(f"{name} LIKE {quoted(sign + '%')}" for sign in FORMULA)
        found.append(f"SELECT {name}, SUM(counted) FROM {relation} WHERE {wrong} GROUP BY {name}")
    return " UNION ALL ".join(found)


def examples(relation: str, now: str, fault: str, most: int) -> str:
    """The first rows with a fault, enough of each to find it."""
    return f"""
SELECT file_no, request_id, CAST(started AS VARCHAR), CAST(ended AS VARCHAR), model, prompt_tok,
  cache_read_tok + cache_write_5m_tok + cache_write_1h_tok, output_tok
FROM (SELECT seen.*, {fault_of(now)} AS fault FROM {relation} AS seen) AS judged WHERE fault = {quoted(fault)}
ORDER BY file_no, started, request_id LIMIT {most}"""


# the bill

METERS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "request")
PRICE_COLUMNS: Mapping[str, str] = {
    "sku": "VARCHAR",
    "service_tier": "VARCHAR",
    "valid_from": "DATE",
    "valid_to": "DATE",
    "above_tok": "BIGINT",
    "up_to_tok": "BIGINT",
    "tier_rule": "VARCHAR",
    "hours_utc": "VARCHAR",
    "meter": "VARCHAR",
    "usd_per_unit": "DOUBLE",
}
"""
One price: of a meter, from a day to before a day, for prompts in one context tier or, where the rule is ``marginal``, for the part of a
prompt between two limits; in the hours of one window, or in all others.
"""
NAME_COLUMNS: Mapping[str, str] = {"provider": "VARCHAR", "model": "VARCHAR", "sku": "VARCHAR"}
WINDOW_COLUMNS: Mapping[str, str] = {"sku": "VARCHAR", "week_hour": "INTEGER", "hours_utc": "VARCHAR"}


def created(table: str, columns: Mapping[str, str]) -> str:
    """An empty table."""
    return (
        f"CREATE OR REPLACE TEMPORARY TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})"
    )


def filled(table: str, rows: Iterable[Sequence[object]]) -> str:
    """Rows put into a table, as one statement."""
    return f"INSERT INTO {table} VALUES " + ", ".join(row(cells) for cells in rows)


def row(cells: Sequence[object]) -> str:
    """Cells as a row of VALUES."""
    return f"({', '.join(_literal(cell) for cell in cells)})"


def _literal(cell: object) -> str:
    if cell is None:
        return "NULL"
    return repr(cell) if isinstance(cell, int | float) else quoted(str(cell))


def names(relation: str) -> str:
    """Every name of a model, with the vendor that the log names, its requests and tokens."""
    return f"SELECT provider, model, SUM(requests), SUM(prompt_tok + output_tok) FROM {relation} GROUP BY provider, model ORDER BY 4 DESC, 2, 1"


PROVISIONED = "provisioned"
"""The tier of what units serve that were bought: nothing by the token."""
UNTOLD = "provisioned, untold"
"""The tier of what units may have served: how much of it they held cannot be told, so that it has no price."""
UNIT_COLUMNS: Mapping[str, str] = {
    "sku": "VARCHAR",
    "term_no": "INTEGER",
    "valid_from": "DATE",
    "valid_to": "DATE",
    "hour_tok": "DOUBLE",
    "cached_ratio": "DOUBLE",
    "output_ratio": "DOUBLE",
    "refused": "BOOLEAN",
}
"""What the units of a term hold in an hour, in weighted tokens (NULL where their number is not told), and for which SKU and days."""
_KEPT = ("row_no", "hour", "provider", "model", "batch", "project", "context_tok", "context_known", "span_s")
_SHARED = ("requests", *TOKENS, *EXTRAS, "cache_read_parts", "cache_write_5m_parts", "cache_write_1h_parts")


def on_units(relation: str) -> str:
    """
    The hourly rows, those of models with provisioned units in two: what the units hold, and the rest as it was.

    Of what is asked in an hour beyond the units each row has its share. A row that names no tier of its own goes to the units; one that
    the log itself calls provisioned was served by them, and takes their room first.
    """
    rows = _beside_units(relation)
    free = (
        f"CASE WHEN term_no IS NULL THEN 0 WHEN service_tier = '{PROVISIONED}' OR untold THEN 1 ELSE 1 - paid_frac END"
    )
    tier = f"CASE WHEN untold AND service_tier <> '{PROVISIONED}' THEN '{UNTOLD}' ELSE '{PROVISIONED}' END"
    kept = ", ".join(_KEPT)
    pieces = (("service_tier", "1 - free_frac"), (tier, "free_frac"))
    return "\nUNION ALL\n".join(
        f"""SELECT {kept}, {named_tier} AS service_tier, {", ".join(f"{name} * ({share}) AS {name}" for name in _SHARED)}
FROM (SELECT seen.*, {free} AS free_frac FROM {rows} AS seen) AS parted WHERE {share} > 0"""
        for named_tier, share in pieces
    )


def _beside_units(relation: str) -> str:
    """Each row with the term whose units it goes to, and the share of it that they do not hold."""
    weighted = "prompt_tok - cache_read_tok + units.cached_ratio * cache_read_tok + units.output_ratio * output_tok"
    in_hour = "OVER (PARTITION BY term_no, hour)"
    open_tok = f"SUM(CASE WHEN service_tier <> '{PROVISIONED}' THEN weighted_tok ELSE 0 END) {in_hour}"
    beyond = f"SUM(weighted_tok) {in_hour} - hour_tok"
    return f"""(SELECT weighed.*, NOT refused AND (hour_tok IS NULL OR span_s > 3600) AS untold,
  CASE WHEN refused OR {beyond} <= 0 OR {open_tok} = 0 THEN 0 WHEN {beyond} > {open_tok} THEN 1
    ELSE ({beyond}) / {open_tok} END AS paid_frac
FROM (
  SELECT usage.*, units.term_no, units.hour_tok, units.refused, CAST({weighted} AS DOUBLE) AS weighted_tok
  FROM {relation} AS usage
  LEFT JOIN sku_names ON usage.model IS NOT DISTINCT FROM sku_names.model AND usage.provider IS NOT DISTINCT FROM sku_names.provider
  LEFT JOIN units ON units.sku = sku_names.sku AND usage.service_tier IN ('standard', '{PROVISIONED}')
    AND units.valid_from <= CAST(usage.hour AS DATE) AND CAST(usage.hour AS DATE) < units.valid_to
) AS weighed)"""


def windows_known() -> str:
    """The windows of hours that have a price of their own."""
    return "SELECT DISTINCT sku, hours_utc FROM windows"


def spent(relation: str) -> str:
    """USD by SKU and day."""
    return f"SELECT sku, day, SUM(usd) FROM {relation} WHERE usd <> 0 GROUP BY sku, day"


def metered(relation: str) -> str:
    """
    Each hourly row's quantity on each meter, and its part of prompts for tariffs beyond a limit, with its SKU, its day and its window.

    ``parts`` is the sum over requests of the meter's share of the prompt: what such a tariff charges is a width of tokens times it.
    """
    week_hour = "CAST((EXTRACT(ISODOW FROM usage.hour) - 1) * 24 + EXTRACT(HOUR FROM usage.hour) AS INTEGER)"
    caches = ("cache_read", "cache_write_5m", "cache_write_1h")
    uncached_tok = " - ".join(["usage.prompt_tok", *(f"usage.{name}_tok" for name in caches)])
    uncached_parts = " - ".join(["usage.requests", *(f"usage.{name}_parts" for name in caches)])
    quantities = {
        "input": (uncached_tok, uncached_parts),
        **{name: (f"usage.{name}_tok", f"usage.{name}_parts") for name in caches},
        "output": ("usage.output_tok - usage.reasoning_tok", "NULL"),
        "reasoning": ("usage.reasoning_tok", "NULL"),
        "request": ("usage.requests", "NULL"),
        **{name.removesuffix("_requests").removesuffix("_tok"): (f"usage.{name}", "NULL") for name in EXTRAS},
    }
    found = []
    for meter, (quantity, parts) in quantities.items():
        found.append(f"""
SELECT usage.row_no, usage.hour, CAST(usage.hour AS DATE) AS day, usage.provider, usage.model, usage.service_tier, usage.batch,
  usage.project, usage.context_tok, usage.context_known, usage.span_s, sku_names.sku,
  CASE WHEN usage.span_s <= 3600 THEN COALESCE(windows.hours_utc, '') ELSE '' END AS hours_utc, '{meter}' AS meter,
  CAST({quantity} AS DOUBLE) AS quantity, CAST({parts} AS DOUBLE) AS parts
FROM {relation} AS usage
LEFT JOIN sku_names ON usage.model IS NOT DISTINCT FROM sku_names.model AND usage.provider IS NOT DISTINCT FROM sku_names.provider
LEFT JOIN windows ON windows.sku = sku_names.sku AND windows.week_hour = {week_hour}
WHERE {quantity} <> 0""")
    return "\nUNION ALL\n".join(found)


def priced(relation: str) -> str:
    """
    Each metered row at the price of its own day, tier, hour and context tier; ``usd`` is NULL where there is no price.

    A prompt charged by the whole takes the one price of its context tier. One charged by the part takes several: for each range
    of tokens below its own tier's the width of the range, for its own what lies beyond, times the meter's share of the prompt.
    """
    above = "prices.above_tok"
    beyond = f"metered.quantity - {above} * metered.parts"
    between = f"(prices.up_to_tok - {above}) * metered.parts"
    return f"""
SELECT metered.*, prices.usd_per_unit, prices.above_tok, prices.usd_per_unit * (
  CASE WHEN prices.tier_rule <> 'marginal' OR metered.parts IS NULL OR metered.context_tok = 0 THEN metered.quantity
    WHEN prices.up_to_tok IS NULL OR prices.up_to_tok > metered.context_tok THEN {beyond}
    ELSE {between} END) AS usd
FROM ({metered(relation)}) AS metered LEFT JOIN prices
  ON prices.sku = metered.sku AND prices.service_tier = metered.service_tier AND prices.meter = metered.meter
  AND prices.hours_utc = metered.hours_utc AND prices.valid_from <= metered.day
  AND (prices.valid_to IS NULL OR metered.day < prices.valid_to)
  AND prices.above_tok <= metered.context_tok
  AND (prices.up_to_tok IS NULL OR metered.context_tok < prices.up_to_tok OR (prices.tier_rule = 'marginal' AND metered.parts IS NOT NULL))"""


_MONTH = "(CAST(EXTRACT(YEAR FROM hour) AS INTEGER) * 100 + CAST(EXTRACT(MONTH FROM hour) AS INTEGER))"


def bill_lines(relation: str) -> str:
    """The bill: by month, model, tier and meter. A row that several ranges of a prompt price counts its quantity once."""
    return f"""
SELECT month, model, sku, service_tier, meter, SUM(quantity), SUM(usd) FROM (
  SELECT {_MONTH} AS month, model, sku, service_tier, meter, row_no, MAX(quantity) AS quantity, SUM(usd) AS usd
  FROM {relation} WHERE usd IS NOT NULL GROUP BY {_MONTH}, model, sku, service_tier, meter, row_no
) AS once GROUP BY month, model, sku, service_tier, meter ORDER BY month, model, service_tier, meter"""


def unpriced(relation: str) -> str:
    """What has no price: by month, model, tier and meter. A request without a fee of its own is priced by its tokens."""
    return f"""
SELECT {_MONTH} AS month, provider, model, sku, service_tier, meter, SUM(quantity), MIN(day), MAX(day)
FROM {relation} WHERE usd IS NULL AND meter <> 'request'
GROUP BY {_MONTH}, provider, model, sku, service_tier, meter ORDER BY 7 DESC, 1, 3, 5, 6"""


def numbered(select: str) -> str:
    """Rows with a number each."""
    return f"SELECT ROW_NUMBER() OVER (ORDER BY hour) AS row_no, numbered.* FROM ({select}) AS numbered"


def in_month(relation: str, month: str) -> str:
    """The rows of one month, as ``2026-10``."""
    year, number = month.split("-")
    return f"(SELECT * FROM {relation} WHERE {_MONTH} = {int(year) * 100 + int(number)})"


def months(relation: str) -> str:
    """The months that have rows, as ``2026-10``."""
    year, number = f"CAST(FLOOR({_MONTH} / 100) AS INTEGER)", f"LPAD(CAST({_MONTH} % 100 AS VARCHAR), 2, '0')"
    return f"SELECT DISTINCT CONCAT({year}, '-', {number}) FROM {relation} ORDER BY 1"


def totals(relation: str) -> str:
    """First and last hour, tokens, requests, and what the log itself says they cost."""
    return f"""
SELECT MIN(hour), MAX(hour), SUM(prompt_tok + output_tok + input_audio_tok + output_audio_tok), SUM(requests),
  SUM(claimed_requests), SUM(claimed_usd) FROM {relation}"""


def claimed(priced_rows: str, relation: str) -> str:
    """What the rows come to here, of which the log itself says what they cost."""
    return f"""
SELECT SUM(usd) FROM {priced_rows} AS priced_rows
WHERE row_no IN (SELECT row_no FROM {relation} WHERE claimed_requests > 0)"""


def unknown_context(relation: str) -> str:
    """Tokens and USD of buckets at models with a dearer price for long prompts, where lengths are not told."""
    return f"""
SELECT SUM(quantity), SUM(usd) FROM {relation} AS seen WHERE NOT context_known AND usd IS NOT NULL AND EXISTS (
  SELECT 1 FROM prices WHERE prices.sku = seen.sku AND prices.above_tok > 0 AND prices.meter = seen.meter)"""


def wide_windows(relation: str) -> str:
    """USD of buckets longer than an hour at models whose price changes by the hour."""
    return (
        f"SELECT SUM(usd) FROM {relation} WHERE span_s > 3600 AND usd IS NOT NULL AND sku IN (SELECT sku FROM windows)"
    )


# the workload


def of_models(relation: str, wanted: Iterable[tuple[str | None, str]]) -> str:
    """The rows of some models, by vendor and name as the log has them."""
    pairs = sorted({(vendor or "", model) for vendor, model in wanted})
    listed = ", ".join(row(pair) for pair in pairs)
    return f"(SELECT * FROM {relation} WHERE (COALESCE(provider, ''), COALESCE(model, '')) IN (VALUES {listed}))"


def moments(relation: str) -> str:
    """Sums of all rows that count requests, then of those that are single requests, their squares and products last."""
    lone = "CASE WHEN span_s = 0 THEN"
    return f"""
SELECT SUM(requests), SUM(prompt_tok), SUM(output_tok), SUM(reasoning_tok), SUM(cache_read_tok), SUM(CASE WHEN batch THEN requests ELSE 0 END),
  SUM({lone} requests END), SUM({lone} prompt_tok END), SUM({lone} output_tok - reasoning_tok END),
  CAST(SUM(prompt_sq_tok2) AS DOUBLE), CAST(SUM(visible_sq_tok2) AS DOUBLE), CAST(SUM(prompt_visible_tok2) AS DOUBLE)
FROM {relation} AS chosen WHERE requests > 0"""


def hours(relation: str) -> str:
    """Requests of each hour and width of bucket, and those of each of its minutes."""
    minutes = ", ".join(
        f"CAST(SUM(minute_requests[{number + 1}]) AS DOUBLE) AS minute_{number}" for number in range(MINUTES)
    )
    return f"""
SELECT hour, span_s, CAST(SUM(requests) AS DOUBLE) AS requests, {minutes}
FROM {relation} AS chosen WHERE requests > 0 GROUP BY hour, span_s ORDER BY hour, span_s"""


def load(relation: str) -> str:
    """Requests and tokens of each hour, and the widest bucket that is told of it."""
    return f"""
SELECT hour, MAX(span_s) AS span_s, CAST(SUM(requests) AS DOUBLE) AS requests, CAST(SUM(prompt_tok + output_tok) AS DOUBLE) AS tok
FROM {relation} AS chosen GROUP BY hour ORDER BY hour"""


def first_rows(relation: str, most: int) -> str:
    """The first rows of a table as they stand."""
    return f"SELECT * FROM {relation} AS looked_at LIMIT {most}"
