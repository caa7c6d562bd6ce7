"""Bringing other bureaus' rows to subjects: a partition, newest row kept, codes repaired, dates obeyed."""

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.register import load_register_codes
from transforms.evidence import months_before, months_until, route_evidence

AS_OF = date(2025, 3, 31)
# Valid codes on an organisation body no living firm has.
ONE, TWO = "9133010000T000011E", "9333078300T00002X6"
CONFUSIONS = load_register_codes().confusions
ROWS = {
    "uscc": pl.String, "report_year": pl.Int64, "submit_date": pl.Date, "extract_date": pl.Date,
    "source_file": pl.String, "row_no": pl.Int64,
}  # fmt: skip
SUBJECTS = pl.LazyFrame(
    {"subject_key": [ONE, TWO, "REG:330100000012342"], "register_city_code": ["3301", "3307", "3301"]}
)


def _routed(rows: list[tuple[str | None, int, date | None, date | None]]) -> pl.DataFrame:
    numbered = [(*row, "年报.csv", number) for number, row in enumerate(rows, start=2)]
    staged = pl.LazyFrame(numbered, schema=ROWS, orient="row")
    routed = route_evidence(
        staged,
        SUBJECTS,
        key=["uscc", "report_year"],
        as_of=AS_OF,
        confusions=CONFUSIONS,
        dated_by="submit_date",
    )
    parts = [
        routed.matched.collect(),
        routed.superseded.collect(),
        routed.unmatched.drop("outcome").collect(),
    ]
    assert sorted(pl.concat(parts)["row_no"]) == list(range(2, len(rows) + 2))
    return routed.rows.sort("row_no").collect()


def test_each_row_has_its_outcome() -> None:
    filed, seen = date(2024, 5, 1), date(2025, 3, 1)
    rows = _routed(
        [
            (ONE, 2023, filed, date(2024, 12, 1)),
            (ONE, 2023, filed, seen),
            (ONE, 2022, filed, seen),
            (TWO, 2023, filed, date(2025, 4, 1)),
            (TWO, 2023, date(2025, 4, 1), seen),
            ("91330100799999999X", 2023, filed, seen),
            (None, 2023, filed, seen),
            ("330100000012342", 2023, filed, seen),
        ]
    )
    assert rows["outcome"].to_list() == [
        "superseded", "matched", "matched", "after_as_of", "after_as_of", "not_on_register", "missing_code",
        "matched",
    ]  # fmt: skip
    assert rows["register_city_code"].to_list()[-1] == "3301"


def test_a_damaged_code_finds_its_subject_and_supersedes_like_any_other() -> None:
    damaged = ONE.replace("01000", "01O00").lower()
    rows = _routed([(ONE, 2023, None, date(2025, 1, 1)), (damaged, 2023, None, date(2025, 2, 1))])
    assert rows["subject_key"].to_list() == [ONE, ONE]
    assert rows["outcome"].to_list() == ["superseded", "matched"]


def test_a_later_extract_cannot_supersede_what_was_known() -> None:
    rows = _routed([(ONE, 2023, None, date(2025, 3, 31)), (ONE, 2023, None, date(2025, 4, 1))])
    assert rows["outcome"].to_list() == ["matched", "after_as_of"]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([ONE, TWO, ONE.lower(), "91330100799999999X", None]),
            st.sampled_from([2022, 2023]),
            st.sampled_from([None, date(2024, 5, 1), date(2025, 5, 1)]),
            st.sampled_from([None, date(2024, 12, 1), date(2025, 3, 31), date(2025, 4, 1)]),
        ),
        max_size=12,
    )
)
def test_one_row_per_key_is_matched(rows: list[tuple[str | None, int, date | None, date | None]]) -> None:
    routed = _routed(rows)
    counts = routed.filter(pl.col("outcome").is_in(["matched", "superseded"])).group_by(
        "subject_key", "report_year"
    )
    assert counts.agg(n=(pl.col("outcome") == "matched").sum()).filter(pl.col("n") != 1).is_empty()


def test_months() -> None:
    assert months_before(date(2025, 3, 31), 1) == date(2025, 2, 28)
    assert months_before(date(2024, 2, 29), 24) == date(2022, 2, 28)
    days = pl.DataFrame({"day": [date(2024, 3, 31), date(2024, 4, 1), None]})
    assert days.select(months_until(pl.col("day"), AS_OF)).to_series().to_list() == [12, 11, None]
