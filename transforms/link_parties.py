"""Both sides of the probabilistic round in one shape: names split, places, door, date, industry, codes.

Here: one row per unit or subject and name it goes by, with everything a comparison looks at; in two steps,
as what a row says by itself is told of one city at a time, and numbers of all of them together.
Not here: which rows meet (link_candidates.py), what agreement is worth (link_score.py).
"""

import polars as pl

from reference.register import RegisterCodes
from transforms.name_parts import with_name_parts
from transforms.names import former_names

LETTERS = 10
"""Characters of 字号 and trade that are compared one by one, from each end."""

_NUMBERS = r"[^0-9一二三四五六七八九十]"
_SOUND = pl.col("uscc_check").is_in(["valid", "repaired"]).fill_null(False)
# 南阳街道 of 萧山区南阳街道横蓬村; the town's own word holds no 省, 市, 区 or 县.
_TOWN = r"(?:^|[省市区县])([\p{Han}--[省市区县]]{1,4}?)(?:街道|镇|乡)"
_ROAD = r"([\p{Han}--[省市区县镇乡村道]]{1,6}(?:路|街|大道|巷|弄|村|园区|工业区))"
_DOOR = _ROAD + r"(?:[0-9]+弄)?([0-9]+(?:-[0-9]+)?)号?"


def unit_parties(units: pl.LazyFrame, codes: RegisterCodes, towns: pl.DataFrame) -> pl.LazyFrame:
    """One row per census unit and name: `owner` (its unit_key), its number and facts, see `with_numbers`.

    `towns` has town_code (9 digits) and town (the name without 镇, 街道 or 乡).
    """
    town_code = pl.col("loc_div12").str.slice(0, 9)
    year, month = pl.col("open_ym").str.slice(0, 4), pl.col("open_ym").str.slice(4, 2)
    opened = year.cast(pl.Int32, strict=False) * 12 + month.cast(pl.Int32, strict=False)
    facts = units.with_columns(town_code.alias("town_code")).join(
        towns.lazy(), on="town_code", how="left", build_side="force_right"
    ).select(
        pl.col("unit_key").alias("owner"), _all_names("unit_name").alias("name"),
        _known(pl.col("uscc")).alias("code"), _SOUND.alias("is_sound"), "reg_no",
        pl.coalesce("reg_county_code", "loc_county_code").alias("county"),
        pl.coalesce("loc_county_code", "reg_county_code").alias("other_county"),
        pl.coalesce("town", _town(pl.col("loc_addr"))).alias("town"),
        *_door(pl.col("loc_addr")),
        opened.alias("opened"), pl.col("ind_code").alias("industry"),
    )  # fmt: skip
    return with_numbers(_parted(facts, codes))


def subject_parties(subjects: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """One row per subject and name, the former ones too: as `subject_names`, and numbered."""
    return with_numbers(subject_names(subjects, codes))


def subject_names(subjects: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """One row per subject and name: `owner` (its subject_key), register_city_code, parts and facts.

    Rows of one subject follow one another, name by name as listed: it needs to know of no other.
    """
    address = pl.coalesce("operating_address", "address")
    opened = pl.col("established_on")
    facts = subjects.select(
        pl.col("subject_key").alias("owner"), "register_city_code", _all_names("name").alias("name"),
        _known(pl.col("uscc")).alias("code"), _SOUND.alias("is_sound"), "reg_no",
        pl.col("register_county_code").alias("county"),
        pl.col("register_county_code").alias("other_county"),
        _town(address).alias("town"), *_door(address),
        (opened.dt.year() * 12 + opened.dt.month().cast(pl.Int32)).alias("opened"),
        pl.col("industry_code").alias("industry"),
    )  # fmt: skip
    return _parted(facts, codes)


def _all_names(current: str) -> pl.Expr:
    """A list: the current name first (null if there is none), then the former ones, each once."""
    told = former_names().fill_null([])
    return pl.concat_list(pl.concat_list(current), told).list.unique(maintain_order=True)


def with_numbers(named: pl.LazyFrame) -> pl.LazyFrame:
    """The rows of names plus `party`, the number of their owner, and the letters of 字号 and trade.

    Sorted by party, names as they were: the number of a row depends on no order of owners.
    """
    middle = pl.col("middle")
    letters = [_letter(middle.str.slice(at, 1)).alias(f"c{at}") for at in range(LETTERS)]
    endings = [_letter(middle.str.reverse().str.slice(at, 1)).alias(f"e{at}") for at in range(LETTERS)]
    party = (pl.col("owner").rank("dense") - 1).cast(pl.UInt32)
    return named.with_columns(party.alias("party")).sort("party", maintain_order=True).with_columns(
        *letters, *endings
    )  # fmt: skip


def _parted(facts: pl.LazyFrame, codes: RegisterCodes) -> pl.LazyFrame:
    """One row per name: the facts plus what the name says, each part in the form it is compared in."""
    kinds = dict(codes.name_forms.iter_rows())
    core, trade = pl.col("core"), pl.col("trade")
    middle = core + trade
    by_name = facts.with_columns(names=pl.col("name").list.len()).explode("name")
    return with_name_parts(by_name, "name", codes).select(
        pl.all().exclude("name", "place", "form", "industry"),
        middle.alias("middle"),
        middle.str.len_chars().cast(pl.Int16).alias("length"),
        core.str.len_chars().cast(pl.Int16).alias("core_length"),
        (middle + pl.col("branch")).str.replace_all(_NUMBERS, "").alias("numbers"),
        pl.col("place").str.replace_all("[省市区县]", "").alias("place"),
        pl.col("form").str.replace("有限责任公司", "有限公司").alias("form"),
        pl.col("form").replace_strict(kinds, default="", return_dtype=pl.String).alias("form_kind"),
        pl.col("industry").str.replace("^[A-T]", "").str.slice(0, 4).alias("industry"),
    )  # fmt: skip


def _letter(character: pl.Expr) -> pl.Expr:
    """A number for one character: comparing numbers is much faster, a shared hash only a lost comparison."""
    return (character.hash() % 2**32).cast(pl.UInt32)


def _known(code: pl.Expr) -> pl.Expr:
    return pl.when(code.str.len_chars() == 18).then(code)


def _town(address: pl.Expr) -> pl.Expr:
    return address.str.extract(_TOWN)


def _door(address: pl.Expr) -> list[pl.Expr]:
    plain = address.str.normalize("NFKC").str.replace_all(" ", "")
    door = plain.str.extract_groups(_DOOR)
    return [
        plain.str.extract(_ROAD).alias("road"),
        (door.struct.field("1") + door.struct.field("2")).alias("door"),
    ]
