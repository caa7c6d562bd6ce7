"""The staged register to subjects: codes, classes, places, the newest row, and the partition of all rows."""

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from register_makers import AS_OF, read_golden, staged, uscc_of

from reference.register import load_register_codes
from transforms.conform import Conformed, conform_registry

CODES = load_register_codes()
ROW = ["source_file", "row_no"]


def conform(rows: pl.DataFrame | list[dict[str, object]]) -> Conformed:
    return conform_registry(staged("registry", rows), CODES, AS_OF)


def in_row_order(golden: pl.DataFrame) -> pl.DataFrame:
    return conform(golden).subjects.collect().sort("row_no")


def test_golden_status() -> None:
    golden = read_golden("status")
    rows = golden.select(reg_status="written", ent_name=pl.lit("甲"))
    assert in_row_order(rows)["status"].to_list() == golden["status"].to_list()


def test_golden_subject_class() -> None:
    golden = read_golden("subject_class")
    columns = ["subject_type_code", "entity_class"]
    rows = golden.drop("subject_type_code", "entity_class", "why").with_columns(
        # Each line stands alone: rows of one code in one extract would supersede each other.
        row_no=pl.int_range(2, golden.height + 2),
    )
    singly = [in_row_order(rows[i]).select(columns) for i in range(rows.height)]
    assert_frame_equal(pl.concat(singly), golden.select(columns))


def test_golden_register_place() -> None:
    golden = read_golden("register_place")
    codes = [uscc_of(f"00T3{i:04d}", digits) for i, digits in enumerate(golden["uscc_digits"])]
    subjects = in_row_order(
        golden.drop("uscc_digits", "city", "county", "why").with_columns(uscc=pl.Series(codes))
    )
    found = subjects.select(city="register_city_code", county="register_county_code")
    assert_frame_equal(found, golden.select("city", "county"))


def test_golden_newest_row() -> None:
    golden = read_golden("newest").with_columns(
        pl.col("row_no").cast(pl.Int64), pl.col("extract_date", "approve_date", "est_date").str.to_date()
    )
    conformed = conform(golden.drop("subject", "expected", "why"))
    parts = {
        "subject": conformed.subjects,
        "superseded": conformed.superseded,
        "out_of_scope": conformed.out_of_scope,
    }
    found = pl.concat(
        [part.select("row_no", expected=pl.lit(name)).collect() for name, part in parts.items()]
    ).sort("row_no")
    assert_frame_equal(found, golden.select("row_no", "expected"))


def test_superseded_rows_name_their_subject() -> None:
    code = uscc_of("00T40001")
    rows = [{"uscc": code, "ent_name": "甲", "extract_date": date(2025, 3, day)} for day in (1, 2, 3)]
    conformed = conform(rows)
    assert conformed.superseded.collect()["subject_key"].to_list() == [code, code]
    assert conformed.subjects.collect()["subject_key"].to_list() == [code]


def test_later_rows_say_which_date_is_later() -> None:
    rows = [
        {"uscc": uscc_of("00T40002"), "extract_date": date(2025, 4, 1), "est_date": date(2025, 4, 1)},
        {"uscc": uscc_of("00T40003"), "est_date": date(2025, 4, 1)},
        {"uscc": uscc_of("00T40004"), "est_date": AS_OF, "extract_date": AS_OF},
    ]
    conformed = conform(rows)
    assert conformed.out_of_scope.sort("row_no").collect()["reason"].to_list() == [
        "extracted_later",
        "established_later",
    ]
    assert conformed.subjects.select(pl.len()).collect().item() == 1


def test_codes_of_a_subject() -> None:
    code, parent = uscc_of("00T80001"), uscc_of("00T50002")
    rows = [{"uscc": code.replace("0", "O"), "parent_uscc": parent.lower(), "reg_no": "330106000000001"}]
    [subject] = conform(rows).subjects.collect().to_dicts()
    assert (subject["uscc"], subject["uscc_check"], subject["subject_key"]) == (code, "repaired", code)
    assert subject["org_code"] == code[8:17]
    assert subject["parent_uscc"] == parent


def test_no_rows_at_all() -> None:
    conformed = conform_registry(staged("registry", [{"uscc": None}]).head(0), CODES, AS_OF)
    assert [part.collect().height for part in (conformed.subjects, conformed.superseded)] == [0, 0]


usccs = st.sampled_from([None, *(uscc_of(f"00T6000{i}") for i in range(4)), "9133O1060T000", "9.13E+17"])
dates = st.sampled_from([None, date(2024, 1, 1), date(2025, 3, 31), date(2025, 4, 30)])
rows_of_a_register = st.lists(
    st.fixed_dictionaries(
        {
            "uscc": usccs,
            "reg_no": st.sampled_from([None, "330106600012341", "3.3E+14"]),
            "ent_name": st.sampled_from(["甲有限公司", "乙店", None]),
            "reg_status": st.sampled_from(["存续", "注销", "迁出", None]),
            "reg_org": st.sampled_from([None, "杭州市西湖区市场监督管理局", "江干区"]),
            "extract_date": dates,
            "approve_date": dates,
            "est_date": dates,
        }
    ),
    min_size=1,
    max_size=25,
)


@settings(deadline=None, max_examples=20)
@given(rows_of_a_register)
def test_every_row_is_in_exactly_one_part(rows: list[dict[str, object]]) -> None:
    conformed = conform(rows)
    parts = [conformed.subjects, conformed.superseded, conformed.out_of_scope]
    found = pl.concat([part.select(ROW).collect() for part in parts])
    assert sorted(found["row_no"].to_list()) == list(range(2, len(rows) + 2))
    assert conformed.subjects.collect()["subject_key"].is_unique().all()


@settings(deadline=None, max_examples=20)
@given(rows_of_a_register, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, object]], random: object) -> None:
    numbered = [row | {"row_no": no} for no, row in enumerate(rows, start=2)]
    shuffled = list(numbered)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = conform(numbered), conform(shuffled)
    for part in ("subjects", "superseded", "out_of_scope"):
        left, right = (getattr(c, part).collect().sort(ROW) for c in (one, other))
        assert_frame_equal(left, right)
