"""Census units of invented or given firms, damaged as bureaus damage them, with the truth beside them.

Here: which damage each unit carries, what it then states, and which firm it truly is.
Not here: the firms (link_firms.py), pairing (transforms/link*.py).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulator.link_spelling import damage_code, damage_name, shorten_place

# Shares of the units. Those of WITH_CODE have a usable code, the others none or a wrong one.
KINDS = {
    "clean": 0.43, "renamed": 0.01, "code_copied": 0.01, "former_name_stated": 0.01,
    "code_missing": 0.08, "code_one_wrong": 0.06, "code_confused": 0.02, "old_number": 0.05,
    "typo": 0.05, "place_changed": 0.04, "place_dropped": 0.03, "abbreviated": 0.03, "trade_swapped": 0.03,
    "form_changed": 0.03, "variant_characters": 0.02, "former_name_known": 0.02, "former_name_unknown": 0.02,
    "moved_county": 0.03, "moved_town": 0.03,
}  # fmt: skip
WITH_CODE = ("clean", "renamed", "old_number", "code_confused")
UNREGISTERED = 0.08  # share of units whose firm the register does not have: nobody may be linked
NAME_KINDS = (
    "typo", "place_changed", "place_dropped", "abbreviated", "trade_swapped", "form_changed",
    "variant_characters",
)  # fmt: skip


@dataclass(frozen=True)
class LinkCase:
    """Two sides to link and the truth: `truth` has unit_id, subject_id (null: nobody), kind, sibling."""

    subjects: pl.DataFrame
    units: pl.DataFrame
    truth: pl.DataFrame


def damaged_case(firms: pl.DataFrame, seed: int) -> LinkCase:
    """Return register and census of the firms: one unit for four firms in five, in an order of its own.

    `firms` has firm, name, core, trade, form, uscc, reg_no, county_code, division_code, address, est_date,
    industry, city, county, sibling; see make_firms. The same arguments give the same case.
    """
    rng = np.random.default_rng([seed, 2])
    n = len(firms)
    kind = pl.Series("kind", list(KINDS))[rng.choice(len(KINDS), size=n, p=list(KINDS.values()))]
    firms = firms.with_columns(
        kind,
        pl.Series("is_registered", rng.random(n) >= UNREGISTERED),
        pl.Series("has_unit", rng.random(n) < 0.8),
        pl.Series("also", rng.random(n) < 0.1),
    )
    stated = _stated(firms, rng)
    units = stated.filter("has_unit")
    units = units[rng.permutation(len(units))].with_row_index("unit_id", offset=1)
    registered = firms.filter("is_registered").join(
        stated.select("firm", "former_name"), on="firm", how="left", maintain_order="left"
    )
    subjects = registered[rng.permutation(len(registered))].select(_register_columns())
    truth = units.select(
        "unit_id", pl.when("is_registered").then("firm").alias("subject_id"), "kind", "sibling", "also"
    )
    return LinkCase(subjects, units.select(_census_columns()), truth)


def _stated(firms: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The firms plus what the census states of each and, where the register knows it, the former name."""
    n = len(firms)
    second = pl.Series(list(NAME_KINDS))[rng.integers(0, len(NAME_KINDS), n)]
    kind = pl.col("kind")
    named = damage_name(firms.with_columns(damage=kind), rng)
    twice = damage_name(
        named.with_columns(damage=pl.when(pl.col("also") & ~kind.is_in(WITH_CODE)).then(second)), rng
    )
    renamed = kind.str.starts_with("former_name") | (kind == "renamed")
    old = _old_names(firms, rng)
    moved = _moved(twice.with_columns(old_name=old), rng)
    return (
        moved.with_columns(
            pl.when(renamed).then("old_name").otherwise("stated_name").alias("unit_name"),
            pl.when(kind == "former_name_known").then("old_name").alias("former_name"),
            # The firm's newer name, which the register does not have yet, beside the register's.
            pl.when(kind == "former_name_stated").then("name").alias("unit_former_name"),
        )
        .pipe(_with_codes, rng)
        .pipe(_with_facts, rng)
    )


def _old_names(firms: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    """A name of another firm's words with this one's place: what the firm was called before."""
    other = firms[rng.permutation(len(firms))].select(o_core="core", o_trade="trade")
    keeps = pl.Series(rng.random(len(firms)) < 0.5)
    return pl.concat([firms, other], how="horizontal").select(
        old_name=pl.concat_str(
            shorten_place(pl.col("city")), "o_core", pl.when(keeps).then("trade").otherwise("o_trade"), "form"
        )
    )["old_name"]


def _moved(firms: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The census finds a moved firm at the place of another: same city for most, same county for the rest."""
    key = pl.when(pl.col("kind") == "moved_town").then("county_code").otherwise(pl.col("city_code"))
    shuffled = firms[rng.permutation(len(firms))].select(
        "city_code", "county_code", m_div="division_code", m_address="address", m_county="county_code"
    )
    ranked = firms.with_columns(pl.int_range(pl.len()).over("city_code").alias("_at"), key.alias("_key"))
    # One in twenty goes to another city.
    far = pl.Series(rng.random(len(firms)) < 0.05)
    order = shuffled["city_code"].gather(rng.permutation(len(firms)))
    there = shuffled.with_columns(pl.when(far).then(order).otherwise("city_code").alias("city_code"))
    there = there.with_columns(pl.int_range(pl.len()).over("city_code").alias("_at"))
    joined = ranked.join(
        there.drop("county_code"), on=["city_code", "_at"], how="left", maintain_order="left"
    )
    is_moved = pl.col("kind").str.starts_with("moved")
    same_county = pl.col("m_county") == pl.col("county_code")
    goes = is_moved & ((pl.col("kind") == "moved_county") | same_county)
    return joined.with_columns(
        pl.when(goes).then("m_div").otherwise("division_code").alias("loc_div12"),
        pl.when(goes).then("m_address").otherwise("address").alias("loc_addr"),
        # One in three files its new place as its place of registration too.
        pl.when(goes & pl.Series(rng.random(len(firms)) < 0.33)).then("m_div").otherwise("division_code")
        .alias("reg_div12"),
    )  # fmt: skip


def _with_codes(firms: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    kind = pl.col("kind")
    coded = kind.is_in(["clean", "renamed", "code_one_wrong", "code_confused", "code_copied"])
    wrong = damage_code(firms["uscc"], rng)
    # One damaged code in seven has a second slip: no arithmetic brings it back.
    twice = damage_code(wrong, rng)
    wrong = wrong.zip_with(pl.Series(rng.random(len(firms)) >= 0.15), twice)
    spoilt = pl.Series(rng.random(len(firms)) < 0.1)
    number = pl.when(spoilt).then(pl.col("reg_no").str.replace("00", "10", literal=True)).otherwise("reg_no")
    confused = pl.col("uscc").str.replace("0", "O", literal=True)
    return firms.with_columns(
        pl.when(~coded).then(None).when(kind == "code_one_wrong").then(wrong)
        .when(kind == "code_copied").then(pl.lit(_copied(firms, rng)))
        .when(kind == "code_confused").then(confused).otherwise("uscc").alias("unit_code"),
        pl.when(kind == "old_number").then(number).alias("unit_reg_no"),
    )  # fmt: skip


def _copied(firms: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    """The code of another firm: of the next in its county for one half, as in lists, of any for the other."""
    codes = firms.select("uscc", county="county_code").with_row_index("at").sort("county", "at")
    below = codes.with_columns(pl.col("uscc").shift(1, fill_value=codes["uscc"][-1])).sort("at")["uscc"]
    anyone = firms["uscc"].gather(rng.permutation(len(firms)))
    return below.zip_with(pl.Series(rng.random(len(firms)) < 0.5), anyone)


def _with_facts(firms: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Date, industry and address as the census states them: mostly the register's, often not quite."""
    n = len(firms)
    u, v, w = (pl.Series(rng.random(n)) for _ in range(3))
    off = pl.duration(days=pl.lit(pl.Series(rng.integers(-400, 400, n))))
    opened = pl.when(u < 0.78).then("est_date").when(u < 0.92).then(pl.col("est_date") + off).otherwise(
        pl.lit(firms["est_date"].gather(rng.permutation(n)))
    )  # fmt: skip
    other = firms["industry"].gather(rng.permutation(n))
    near = pl.col("industry").str.slice(0, 2) + pl.lit(pl.Series(rng.integers(10, 99, n)).cast(pl.String))
    bare = pl.col("loc_addr").str.replace("^浙江省?", "").str.replace("^[^市]{2}市", "")
    elsewhere = firms["address"].gather(rng.permutation(n))
    return firms.with_columns(
        pl.when(u < 0.95).then(opened.dt.strftime("%Y%m")).alias("open_ym"),
        pl.when(v < 0.65).then("industry").when(v < 0.85).then(near).when(v < 0.95).then(other)
        .alias("ind_code"),
        pl.when(w < 0.6).then("loc_addr").when(w < 0.8).then(bare)
        .when(w < 0.9).then(elsewhere).alias("loc_addr"),
    )  # fmt: skip


def _register_columns() -> list[pl.Expr]:
    """The register's side in the columns of its contract, and `subject_id`."""
    return [
        pl.col("firm").alias("subject_id"), pl.col("uscc"), pl.col("reg_no"),
        pl.col("name").alias("ent_name"), pl.col("former_name"), pl.lit("存续").alias("reg_status"),
        pl.col("est_date"), pl.col("address").alias("dom_addr"),
        pl.col("county_code").alias("dom_div_code"), pl.col("industry").alias("industry_code"),
    ]  # fmt: skip


def _census_columns() -> list[pl.Expr]:
    """The census's side in the columns of its contract, and `unit_id`."""
    return [
        pl.col("unit_id"), pl.col("unit_code"), pl.col("unit_reg_no").alias("reg_no"), pl.col("unit_name"),
        pl.col("unit_former_name").alias("former_name"), pl.col("ind_code"), pl.col("loc_div12"),
        pl.col("loc_addr"), pl.col("reg_div12"), pl.col("open_ym"),
        pl.lit("1").alias("op_status"), pl.lit("1").alias("unit_type"),
    ]  # fmt: skip
