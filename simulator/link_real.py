"""Firms of a given register file in the shape the damage works on: real names instead of invented ones.

Here: splitting names, finding the county; rows without code, date or county are left out.
Not here: the file itself, which stays where it lies, and the damage (link_damage.py).
"""

import polars as pl

from reference.register import load_register_codes
from transforms.identifiers import is_valid_uscc
from transforms.name_parts import with_name_parts
from transforms.registrar import with_county_of


def firms_of(register: pl.DataFrame) -> pl.DataFrame:
    """One row per firm as of make_firms; `register` has uscc, name, address, est_date (a date)."""
    codes = load_register_codes()
    names = codes.places.filter(pl.col("is_full"))
    counties = names.filter(pl.col("kind") != "city").unique("county_code", keep="first").sort("county_code")
    cities = names.filter(pl.col("kind") == "city")
    sound = register.filter(is_valid_uscc(pl.col("uscc")) & pl.all_horizontal(pl.all().is_not_null()))
    placed = with_county_of(
        sound.unique("uscc", keep="first", maintain_order=True).lazy(),
        pl.col("uscc").str.slice(2, 6), codes.counties, "reg",
    )  # fmt: skip
    return (
        with_name_parts(placed, "name", codes)
        .rename({"reg_city": "city_code", "reg_county": "county_code"})
        .drop_nulls("county_code")
        .join(counties.lazy().select("county_code", county="spelling"), on="county_code")
        .join(cities.lazy().select("city_code", city="spelling"), on="city_code")
        .collect()
        .sort("uscc")
        .with_row_index("firm", offset=1)
        .with_columns(
            pl.col("firm").cast(pl.Int64),
            division_code=pl.col("county_code") + "000000",
            reg_no=pl.lit(None, pl.String), industry=pl.lit(None, pl.String), number=pl.lit(""),
            sibling=pl.lit(""),
        )
    )  # fmt: skip
