"""Every funnel figure of every region against the same figure worked out without the warehouse."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from golden_case import GOLDEN, build_golden, golden
from mart_oracle import Region, funnel

from reference.tables import tables_of
from warehouse import schema

FAMILY = {
    "mart_funnel": ("section", None),
    "mart_foreign_trade": ("'foreign_trade'", None),
    "mart_sci_tech": ("'sci_tech'", None),
    "mart_headlines": ("'all'", "region"),
    "mart_progress_city": ("'all'", "'city'"),
    "mart_progress_county": ("'all'", "'county'"),
    "mart_progress_township": ("'all'", "'township'"),
}
"""Marts that count the funnel: what stands for section and level in each; null: the mart's own column."""
PLAIN = {
    *("region_name", "city_code", "county_code", "township_code", "subject_key", "uscc", "batch_id", "as_of"),
    *("bank_code", "bank_name", "version", "against_version", "reason_kind", "reason_en"),
    *("city_code_before", "city_code_after", "county_code_before", "county_code_after"),
}
"""Names and codes that go through a mart as they are; joins on them are seen in the other columns."""
PLACES = ("city_code", "county_code", "township_code")


@pytest.fixture(scope="module")
def golden_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_golden(tmp_path_factory.mktemp("oracle"))


def asked(path: Path, mart: str) -> dict[tuple[Region, str], dict[str, Any]]:
    """Return the mart's rows by region and section, its figures only."""
    section, level = FAMILY[mart]
    held = {column.name for table in tables_of("mart") if table.name == mart for column in table.columns}
    places = [name if name in held else f"NULL AS {name}" for name in PLACES]
    key = f"{level or 'level'} AS level, {', '.join(places)}, {section} AS section"
    with duckdb.connect(str(path), read_only=True) as con:
        result = con.execute(f"SELECT {key}, * FROM {mart}")
        names = [column[0] for column in result.description or ()]
        rows = result.fetchall()
    return {(row[:4], row[4]): dict(zip(names[5:], row[5:], strict=True)) for row in rows}


@pytest.mark.parametrize("mart", FAMILY)
def test_every_funnel_figure_equals_the_one_worked_out_from_the_facts(golden_file: Path, mart: str) -> None:
    expected, found = funnel(), asked(golden_file, mart)
    nothing = dict.fromkeys(next(iter(expected.values())), 0)
    wrong = [
        (key, name, value, wanted.get(name))
        for key, row in found.items()
        for wanted in [expected.get(key, nothing)]
        for name, value in row.items()
        if name in wanted
        and (None if value is None else pytest.approx(float(value))) != wanted[name]
        # Without a firm the marts have no denominator, so no rate.
        and not (key not in expected and value is None)
    ]
    assert wrong == []
    levels = {key[0][0] for key in found}
    missing = {
        key for key in expected if key[0][0] in levels and FAMILY[mart][0] in {"section", f"'{key[1]}'"}
    }
    assert missing <= found.keys()


def test_every_mart_has_an_answer_counted_by_hand() -> None:
    declared = {table.name for table in tables_of("mart")}
    views = {path.stem for path in Path(schema.__file__).with_name("views").glob("*.sql")}
    assert views == declared
    assert {path.stem for path in GOLDEN.glob("mart_*.csv")} == declared, "count the new mart by hand"
    assert [
        name for name in sorted(declared) if len((GOLDEN / f"{name}.csv").read_text().splitlines()) < 2
    ] == []


def test_every_figure_of_every_mart_is_in_a_golden_file_or_worked_out() -> None:
    compared = set(next(iter(funnel().values())))
    bare = {}
    for table in tables_of("mart"):
        header = golden(table.name)[0].keys()
        worked_out = compared if table.name in FAMILY else set()
        left = set(table.column_names) - header - worked_out - PLAIN
        bare |= {table.name: left} if left else {}
    assert bare == {}
