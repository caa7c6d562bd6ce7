"""Where the simulated firms move to, and whether the placement reads it out of the address written down."""

import polars as pl

from reference.divisions import load_gazetteer
from reference.places import load_places
from reference.text_tables import load_text_tables
from simulator.event_moves import with_moves
from transforms.place import name_places, read_addresses


def test_who_moved_is_in_another_real_town_of_the_county_or_in_another_county() -> None:
    towns = load_gazetteer().divisions.filter(pl.col("level") == "township")["code"]
    visits = pl.DataFrame({"division_code": towns + "001"}).join(
        pl.DataFrame({"outcome": ["13", "22", "23"]}), how="cross"
    )
    moved = with_moves(visits).with_row_index("row_id").with_columns(
        county=pl.col("division_code").str.slice(0, 6), new_county=pl.col("new_town_code").str.slice(0, 6)
    )  # fmt: skip
    stays, leaves = (moved.filter(pl.col("outcome") == outcome) for outcome in ("22", "23"))
    assert moved.filter(pl.col("outcome") == "13")["new_addr"].null_count() == towns.len()
    assert (stays["county"] == stays["new_county"]).all()
    # 龙港市 is one town to the statistics: nobody moves out of it into another of the county.
    same = stays.filter(pl.col("new_town_code") == pl.col("division_code").str.slice(0, 9))
    assert same["new_town_code"].to_list() == ["330383198"]
    assert (leaves["county"] != leaves["new_county"]).all()
    none = pl.lit(None, pl.String)
    rows = moved.drop_nulls("new_addr").select(
        "row_id", "new_town_code", address="new_addr", division_code=none, city_hint=none, county_hint=none
    )
    gazetteer, places = load_gazetteer(), load_places()
    read = read_addresses(rows.lazy(), gazetteer, places, load_text_tables())
    found = (
        name_places(read, gazetteer, places)
        .collect()
        .join(rows.select("row_id", "new_town_code"), on="row_id")
    )
    wrong = found.filter(pl.col("division_code").str.slice(0, 9) != pl.col("new_town_code"))
    assert wrong.is_empty()
