"""Reading the head of an address: the names at its start, and what stands behind them.

Here: one row in, one row out, by the gazetteer's names only.  Not here: what the names mean together
(place_heads.py), villages, roads and what is learned (place_tail.py, place_learned.py).
"""

import operator
from functools import reduce

import polars as pl

from reference.divisions import Gazetteer

DEPTH = 5
"""How many names an address is read for: city, county, town, and a repeated pair."""
FULL, TOWN, CITY, COUNTY = 1, 2, 4, 8
TOKENS = tuple(f"t{i}" for i in range(DEPTH))
HEAD = (*TOKENS, "chain", "core2", "core3", "division_code", "city_hint", "county_hint")
"""All that names, code and hints say of an address; addresses alike in these are decided alike."""
_NEVER_SHORT = r"^[路街镇乡大巷弄桥江山村新区县市]"
"""A short name before one of these is part of another name: 余杭路, 江山村, 绍兴大厦."""
_CORE_LENGTHS = (2, 3)
_NOT_BEHIND_CORE = (
    r"^(?:[路街巷弄大桥江山市区县村新]"
    r"|[一-龥]?(?:路|街|大道|大街|公路|巷|弄|区|期|苑|小区|花园|公寓|村|社区|\d))"
)
"""What makes the characters before it a name of their own: 阳明西路 does not say 阳明街道."""


def with_head(rows: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """The rows plus the columns HEAD, `head` (these as one number, the key of a join) and `rest`.

    Takes `text` (place_text.with_main_text), division_code, city_hint and county_hint. t0 …: the first names
    met; chain: how many of them stand in an unbroken chain at the start; rest: what stands behind that chain;
    core2, core3: the town name without its suffix that `rest` may begin with.
    """
    chained = _with_cores(_with_chain(_with_tokens(rows, gazetteer)), gazetteer)
    hashes = (pl.col(part).hash(seed) for seed, part in enumerate(HEAD))
    return chained.with_columns(head=reduce(operator.xor, hashes))


def token_bits(gazetteer: Gazetteer) -> pl.DataFrame:
    """One row per name: token, and as bits whether it is FULL, a TOWN, a CITY, a COUNTY."""
    is_city, is_county = pl.col("city_code").is_not_null(), pl.col("scope").is_not_null()
    bits = pl.col("is_full") * FULL + pl.col("is_town") * TOWN + is_city * CITY + is_county * COUNTY
    return gazetteer.tokens.select("token", bits=bits.cast(pl.Int32))


def _with_tokens(rows: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds t0 … t4, the first names met, and b0 … b4, their bits."""
    known = token_bits(gazetteer)
    found = pl.col("text").str.extract_many(known["token"].to_list(), leftmost=True).list.head(DEPTH)
    bits = pl.element().replace_strict(known["token"], known["bits"])
    return (
        rows.with_columns(_found=found)
        .with_columns(_bits=pl.col("_found").list.eval(bits))
        .with_columns(
            *(pl.col("_found").list.get(i, null_on_oob=True).alias(f"t{i}") for i in range(DEPTH)),
            *(
                pl.col("_bits").list.get(i, null_on_oob=True).fill_null(0).alias(f"b{i}")
                for i in range(DEPTH)
            ),
        )
        .drop("_found", "_bits")
    )


def _with_chain(read: pl.LazyFrame) -> pl.LazyFrame:
    """Adds chain and rest. Short names (义乌, 余杭) count only within the chain, full ones anywhere."""
    read = read.with_columns(
        rest="text", chain=pl.lit(0, pl.Int8), _on=pl.lit(True), _had=pl.lit(0, pl.Int32)
    )
    for i in range(DEPTH):
        token, rest, bits = pl.col(f"t{i}"), pl.col("rest"), pl.col(f"b{i}")
        follows = pl.col("_on") & rest.str.starts_with(token) & ~has(pl.col("_had"), TOWN)
        # After a county a short name is no longer a name of a county: 拱墅区余杭塘路.
        short = pl.when(~has(bits, FULL)).then("_behind").str.contains(_NEVER_SHORT)
        is_name = has(bits, FULL) | ~(short | has(pl.col("_had"), COUNTY))
        read = (
            read.with_columns(_behind=pl.when(follows).then(rest.str.strip_prefix(token)))
            .with_columns(_on=(pl.col("_behind").is_not_null() & is_name).fill_null(False))
            .with_columns(
                rest=pl.when("_on").then("_behind").otherwise("rest"),
                chain=pl.col("chain") + pl.col("_on").cast(pl.Int8),
                _had=pl.when("_on").then(pl.col("_had") | bits).otherwise("_had"),
            )
        )
    return read.drop("_on", "_had", "_behind", *(f"b{i}" for i in range(DEPTH)))


def _with_cores(read: pl.LazyFrame, gazetteer: Gazetteer) -> pl.LazyFrame:
    """Adds core2 and core3: the first two and three characters of `rest` if some town is called so."""
    cores = gazetteer.cores["core"].unique()
    begun = [pl.col("rest").str.head(k).alias(f"core{k}") for k in _CORE_LENGTHS]
    known = [
        pl.when(pl.col(f"core{k}").is_in(cores.implode())).then(f"core{k}").name.keep() for k in _CORE_LENGTHS
    ]
    free = [
        pl.when(
            ~pl.when(pl.col(f"core{k}").is_not_null())
            .then(pl.col("rest").str.slice(k, 4))
            .str.contains(_NOT_BEHIND_CORE)
        )
        .then(f"core{k}")
        .alias(f"core{k}")
        for k in _CORE_LENGTHS
    ]
    return read.with_columns(begun).with_columns(known).with_columns(free)


def has(bits: pl.Expr, bit: int) -> pl.Expr:
    """Whether the bit (FULL, TOWN, CITY, COUNTY) is set."""
    return (bits & bit) != 0
