"""The subjects of one chunk as they truly are, before any bureau writes them down.

Here: class, status, dates, size and the story each subject is planted with (domain §8.2 shares).
Not here: evidence of other bureaus (reports.py, events.py, census.py), spelling and damage (registry.py).
"""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from simulator.codes import make_reg_nos, make_usccs, wrong_check
from simulator.places import City, draw_places

Bools = npt.NDArray[np.bool_]

FIRM_INDUSTRIES = ("1811", "1921", "2110", "2927", "3311", "3484", "5174", "5211", "6210", "6513", "7299")
FINANCE = ("6631", "6930", "6999")
PUBLIC_KINDS = (12, 51, 52)
"""First two characters of codes that other authorities give: 事业单位, 社会团体, 民办非企业单位."""
TRADES = ("服饰", "皮具", "家具", "塑业", "金属", "机械", "五金", "百货", "餐饮", "软件", "商务")
STATUS_SHARES = {"A": 0.938, "S": 0.005, "D": 0.008, "X": 0.001, "M": 0.004, "L": 0.004, "V": 0.04}
STORIES = {
    "files": 0.814,
    "stopped": 0.07,
    "zeros": 0.035,
    "missed_last": 0.03,
    "missed_before_last": 0.01,
    "late_alive": 0.01,
    "zeros_but_one": 0.01,
    "zeros_unknown": 0.015,
    "files_after": 0.006,
}
_BRAND = (
    "安邦博昌诚达德鼎东发飞丰福冠光广海恒弘华辉汇嘉建江金锦晶"
    "景久聚凯康科力利联龙隆茂美明铭能宁鹏普启庆荣瑞润森尚盛"
)
_ODD = 40503


def draw_subjects(
    city: City, classes: npt.NDArray[np.str_], first_serial: int, as_of: date, rng: np.random.Generator
) -> pl.DataFrame:
    """One row per subject: identity, truth of place, dates, status, story and size of the firm."""
    n = len(classes)
    serial = np.arange(first_serial, first_serial + n)
    frame = draw_places(city, n, rng).with_columns(
        pl.Series("entity_class", classes.tolist(), dtype=pl.String), pl.Series("serial", serial)
    )
    frame = frame.with_columns(
        _choose(rng, n, STATUS_SHARES, "status"),
        _choose(rng, n, STORIES, "story"),
        *[
            pl.Series(name, rng.random(n) < share)
            for name, share in {
                # One trader in eight lapsed: 3 % of the list trade, 100,000 exporters with a record, §8.2.
                "is_big": 0.022, "is_finance": 0.006, "is_trader": 0.035, "wrong_check": 0.002,
                "cancel_later": 0.001, "was_revoked": 0.002, "is_office": 0.06, "is_public": 0.003,
                "is_later": 0.002,
            }.items()
        ],
        pl.Series("industry_pick", rng.integers(0, len(FIRM_INDUSTRIES), n)),
    ).pipe(_with_dates, as_of, rng)  # fmt: skip
    settled = frame.pipe(_with_kinds).pipe(_settled, as_of)
    return settled.pipe(_with_codes).pipe(_with_names).pipe(_with_parents, as_of, rng)


def _choose(rng: np.random.Generator, n: int, shares: dict[str, float], name: str) -> pl.Series:
    weights = np.array(list(shares.values()))
    picked = rng.choice(len(shares), size=n, p=weights / weights.sum())
    return pl.Series(name, list(shares), dtype=pl.String)[picked].alias(name)


def _with_kinds(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with public bodies told as class other, and offices of foreign firms among the branches."""
    of = pl.col("entity_class")
    is_public = pl.col("is_public") & (of == "enterprise")
    return frame.with_columns(
        is_public.alias("is_public"),
        (pl.col("is_office") & (of == "branch")).alias("is_office"),
        pl.when(is_public).then(pl.lit("other")).otherwise(of).alias("entity_class"),
    )


def _with_dates(frame: pl.DataFrame, as_of: date, rng: np.random.Generator) -> pl.DataFrame:
    """Adds est_date (8 % in the last year, some after the date), event_date: when status last changed."""
    n = len(frame)
    ages = np.where(rng.random(n) < 0.08, rng.integers(1, 365, n), rng.integers(365, 365 * 20, n))
    changed = (ages * rng.uniform(0.0, 0.6, n)).astype(np.int64)
    day = pl.lit(as_of)
    later = day + pl.duration(days=pl.col("serial") % 60 + 1)

    def past(days: npt.NDArray[np.int64]) -> pl.Expr:
        return pl.when("is_later").then(later).otherwise(day - pl.duration(days=pl.lit(pl.Series(days))))

    return frame.with_columns(past(ages).alias("est_date"), past(changed).alias("event_date"))


def _settled(frame: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The frame with stories that contradict each other removed, so each plant says what it means."""
    firm = pl.col("entity_class") == "enterprise"
    old = pl.col("est_date") < date(as_of.year - 6, 1, 1)
    big = pl.col("is_big") & firm & old & (pl.col("story") == "files")
    status = pl.when("is_later").then(pl.lit("A")).otherwise("status")
    settled = frame.with_columns(
        status.alias("status"),
        big.alias("is_big"),
        *[
            (pl.col(name) & firm & ~pl.col("is_later")).alias(name)
            for name in ("is_finance", "is_trader", "wrong_check")
        ],
    )
    plain = (pl.col("status") == "A") & ~pl.col("is_later")
    day = pl.col("event_date")
    return settled.with_columns(
        pl.when(pl.col("status") == "D").then(day)
        .when(plain & pl.col("cancel_later")).then(pl.lit(as_of) + pl.duration(days=20))
        .alias("cancel_date"),
        pl.when((pl.col("status") == "V") | (plain & pl.col("was_revoked"))).then(day).alias("revoke_date"),
        pl.when("is_finance").then(pl.lit(FINANCE[0]))
        .when(pl.col("entity_class") == "coop").then(pl.lit("0141"))
        .otherwise(_from_list("industry_pick", FIRM_INDUSTRIES)).alias("industry"),
    ).pipe(_with_terms, as_of)  # fmt: skip


def _with_terms(frame: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Adds term_to to one in seventeen, around the date or a year before; a few active get an odd status."""
    turn = pl.col("serial") // 17 % 4
    ends = pl.coalesce(pl.when(turn == i).then(as_of - timedelta(days=back)) for i, back in enumerate(
        (0, 1, 400, -200)
    ))  # fmt: skip
    plain = (pl.col("status") == "A") & ~pl.col("is_later") & (pl.col("serial") % 997 == 5)
    odd = plain & pl.col("cancel_date").is_null() & pl.col("revoke_date").is_null()
    return frame.with_columns(
        pl.when(pl.col("serial") % 17 == 3).then(ends).alias("term_to"),
        pl.when(odd).then(pl.lit("9")).otherwise("status").alias("status"),
    )


def _with_codes(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds uscc (its own check digit wrong where planted: some living licences fail it) and reg_no."""
    kind = {"enterprise": 91, "branch": 91, "household": 92, "coop": 93}
    county = frame["county_code"].cast(pl.Int64).to_numpy()
    serial = frame["serial"].to_numpy()
    public = np.array(PUBLIC_KINDS)[serial % 3]
    known = frame["entity_class"].replace_strict(kind, default=0, return_dtype=pl.Int64).to_numpy()
    kinds = np.where(known == 0, public, known)
    coded = frame.with_columns(
        make_usccs(kinds, county, serial).alias("uscc"), make_reg_nos(county, serial).alias("reg_no")
    )
    return coded.with_columns(
        pl.when("wrong_check").then(wrong_check(pl.col("uscc"))).otherwise("uscc").alias("uscc")
    )


def _with_names(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds name: city, a brand no other subject has, the trade and the legal form."""
    mixed = pl.col("serial") * _ODD % 2**24
    letters = dict(enumerate(_BRAND))
    size = len(_BRAND)
    brand = [((mixed // size**i) % size).replace_strict(letters, return_dtype=pl.String) for i in range(5)]
    form = {
        "enterprise": "有限公司", "branch": "有限公司分公司", "coop": "专业合作社", "household": "商行",
        "other": "促进会",
    }  # fmt: skip
    of_class = pl.col("entity_class").replace_strict(form, return_dtype=pl.String)
    ending = pl.when("is_office").then(pl.lit("有限公司代表处")).otherwise(of_class)
    return frame.with_columns(
        pl.concat_str(pl.col("city"), *brand, _from_list("industry_pick", TRADES), ending).alias("name")
    )


def _with_parents(frame: pl.DataFrame, as_of: date, rng: np.random.Generator) -> pl.DataFrame:
    """Adds parent_uscc to branches: nine in ten name a firm of the chunk, dead or alive, the rest none known.

    parent_registered: that firm is on the register on the date, its licence void or not. An office of a
    foreign firm has no parent here.
    """
    able = frame.filter((pl.col("entity_class") == "enterprise") & ~pl.col("wrong_check"))
    gone = (pl.col("cancel_date") <= as_of).fill_null(False) | pl.col("status").is_in(["D", "X", "M"])
    stays = able.select(~gone & ~pl.col("is_later")).to_series()
    picked = rng.integers(0, len(able), len(frame))
    parents, registered = able["uscc"][picked], stays[picked]
    county = frame["county_code"].cast(pl.Int64).to_numpy()
    unknown = make_usccs(np.full(len(frame), 91), county, frame["serial"].to_numpy() + 12_000_000)
    known = pl.Series(rng.random(len(frame)) < 0.9)
    is_branch = (pl.col("entity_class") == "branch") & ~pl.col("is_office")
    return frame.with_columns(
        pl.when(is_branch & known).then(parents).when(is_branch).then(unknown).alias("parent_uscc"),
        (is_branch & known & registered).alias("parent_registered"),
    )


def _from_list(column: str, values: tuple[str, ...]) -> pl.Expr:
    return pl.col(column).replace_strict(dict(enumerate(values)), return_dtype=pl.String)
