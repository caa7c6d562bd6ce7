"""Census units to subjects: rounds, ambiguity, one to one."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from register_makers import AS_OF, read_golden, staged, uscc_of

from reference.link import load_link_tables
from reference.register import load_register_codes
from transforms.conform import conform_registry
from transforms.link import link_census, prepare_units
from transforms.link_probable import link_left_over
from transforms.link_rounds import unit_side

CODES = load_register_codes()
LINK_COLUMNS = [
    "unit_key", "subject_key", "register_city_code", "method", "strength", "outcome", "probability",
    "candidates",
]  # fmt: skip


def linked(subjects: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    """The links beside the row number of each unit."""
    register = conform_registry(staged("registry", subjects), CODES, AS_OF).subjects.collect()
    prepared = prepare_units(staged("census", units), CODES).collect()
    links = link_census(prepared.lazy(), register.lazy(), CODES, load_link_tables()).links
    assert links.columns == LINK_COLUMNS
    keys = register.select("subject_key", subject_row="row_no")
    return links.join(prepared.select("unit_key", "row_no"), on="unit_key", validate="1:1").join(
        keys, on="subject_key", how="left", validate="m:1"
    )


def test_golden_links() -> None:
    subjects, units = read_golden("link_subjects"), read_golden("link_units")
    links = linked(subjects.drop("subject"), units.drop("unit", "outcome", "method", "subject", "why")).sort(
        "row_no"
    )
    labels = dict(enumerate(subjects["subject"], start=2))
    found = links.select(
        pl.col("outcome"),
        pl.col("method"),
        pl.col("subject_row").replace_strict(labels, default=None, return_dtype=pl.String).alias("subject"),
    )
    assert_frame_equal(found, units.select("outcome", "method", "subject"))


def test_strength_and_probability_follow_the_round() -> None:
    links = linked(
        read_golden("link_subjects").drop("subject"),
        read_golden("link_units").drop("unit", "outcome", "method", "subject", "why"),
    )
    per_round = (
        links.filter(pl.col("outcome") == "linked").select("method", "strength", "probability").unique()
    )
    assert sorted(per_round.iter_rows()) == [
        ("L1_uscc", "exact", 1.0),
        ("L2_org_code", "exact", 1.0),
        ("L3_reg_no", "exact", 0.99),
        ("L4_name_county", "strong", 0.98),
    ]
    open_ended = links.filter(pl.col("outcome") != "linked")
    assert open_ended["subject_key"].is_null().all()
    assert open_ended["probability"].is_null().all()
    assert (links.filter(pl.col("outcome") == "ambiguous")["candidates"] >= 1).all()


def test_common_names_do_not_multiply() -> None:
    shops = pl.DataFrame({"ent_name": ["便民小吃店"] * 3000, "dom_div_code": ["330106"] * 3000})
    units = pl.DataFrame({"unit_name": ["便民小吃店"] * 3000, "loc_div12": ["330106001001"] * 3000})
    links = linked(shops, units)
    assert links["outcome"].unique().to_list() == ["ambiguous"]
    assert links["candidates"].unique().to_list() == [3000]


bodies = st.sampled_from([f"00T7000{i}" for i in range(5)])
subject_rows = st.lists(
    st.fixed_dictionaries(
        {
            "uscc": st.one_of(st.none(), bodies.map(uscc_of)),
            "reg_no": st.sampled_from([None, "330106600012347", "330106600012355"]),
            "ent_name": st.sampled_from(["甲贸易有限公司", "杭州甲贸易有限公司", "乙小吃店", "乙小吃点心店"]),
            "dom_div_code": st.sampled_from(["330106", "330109", None]),
        }
    ),
    min_size=1,
    max_size=12,
)
unit_rows = st.lists(
    st.fixed_dictionaries(
        {
            "unit_code": st.one_of(
                st.none(),
                bodies.map(uscc_of),
                bodies.map(lambda b: uscc_of(b)[8:17]),
                bodies.map(lambda b: f"{b}B"),
            ),
            "reg_no": st.sampled_from([None, "330106600012347", "330106600012355"]),
            "unit_name": st.sampled_from(["甲贸易有限责任公司", "杭州市甲贸易有限公司", "乙小吃店"]),
            "loc_div12": st.sampled_from(["330106001001", "330109001001", None]),
            "reg_div12": st.sampled_from(["330106001001", None]),
            "unit_type": st.sampled_from(["1", "2", None]),
        }
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None, max_examples=20)
@given(subject_rows, unit_rows, st.randoms(use_true_random=False))
def test_one_row_per_unit_one_unit_per_subject_in_any_order(
    subjects: list[dict[str, object]], units: list[dict[str, object]], random: object
) -> None:
    schema = {"row_no": pl.Int64}
    numbered = [[row | {"row_no": no} for no, row in enumerate(rows, start=2)] for rows in (subjects, units)]
    frames = [pl.DataFrame(rows, infer_schema_length=None, schema_overrides=schema) for rows in numbered]
    for rows in numbered:
        random.shuffle(rows)  # type: ignore[attr-defined]
    shuffled = [pl.DataFrame(rows, infer_schema_length=None, schema_overrides=schema) for rows in numbered]
    links = linked(*frames).sort("row_no")
    assert links["row_no"].to_list() == list(range(2, len(units) + 2))
    assert links["unit_key"].is_unique().all()
    assert links["subject_key"].drop_nulls().is_unique().all()
    assert (links["subject_key"].is_not_null() == (links["outcome"] == "linked")).all()
    assert_frame_equal(links, linked(*shuffled).sort("row_no"))


def test_a_side_made_before_gives_the_same_links_and_what_lies_beside_it_goes_with_them() -> None:
    subjects, units = read_golden("link_subjects"), read_golden("link_units")
    register = conform_registry(staged("registry", subjects.drop("subject")), CODES, AS_OF).subjects.collect()
    plain = units.drop("unit", "outcome", "method", "subject", "why")
    prepared = prepare_units(staged("census", plain), CODES).collect()
    tables, row = load_link_tables(), pl.col("row_no")
    side = unit_side(prepared.lazy(), CODES, [row]).collect()
    asked = prepared.lazy(), register.lazy(), CODES, tables
    beside = link_census(*asked, side.lazy()).links
    assert beside.columns == [*LINK_COLUMNS, "row_no"]
    assert_frame_equal(beside.drop("row_no"), link_census(*asked).links, check_row_order=False)
    assert_frame_equal(
        beside.select("unit_key", "row_no"), prepared.select("unit_key", "row_no"), check_row_order=False
    )
    # Units and subjects left to the last round bring what lies beside them too.
    linked_at_last, _ = link_left_over(link_census(*asked, side.lazy()), *asked)
    assert_frame_equal(
        linked_at_last.select("unit_key", "row_no"), prepared.select("unit_key", "row_no"),
        check_row_order=False,
    )  # fmt: skip
