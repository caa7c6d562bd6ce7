"""Typing: one table per type; typed text typed again stays the same; rows partition."""

import re
from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reference.contracts import Contract, feedback_contracts, load_contracts
from reference.text_tables import load_text_tables
from transforms.ingest import Split, type_rows
from transforms.ingest_headers import file_date, map_headers, parse_unit
from transforms.ingest_types import discreet

TABLES, CONTRACTS = load_text_tables(), load_contracts()
REGISTRY, REPORTS = CONTRACTS["registry"], CONTRACTS["annual_reports"]


def _typed(
    contract: Contract, headers: list[str], rows: list[list[str | None]], *, excel: bool = False
) -> Split:
    header_map = map_headers(headers, contract, "f.csv", TABLES, excel_serials=excel)
    schema = {f"f{number}": pl.String for number in range(len(headers))}
    text = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("row_no", 2)
    return type_rows(
        text.with_columns(pl.col("row_no").cast(pl.Int64)), header_map, contract, TABLES, b"0" * 32
    )


def _registry(excel: bool = False, **cells: str) -> dict[str, object]:
    """Type one register row; return its staged cells, or `reason` and `column` if rejected."""
    needed = {c.name: "甲" for c in REGISTRY.columns if c.required} | {"est_date": "2020-01-01"} | cells
    split = _typed(REGISTRY, list(needed), [list(needed.values())], excel=excel)
    if split.good.height:
        return split.good.row(0, named=True)
    _, column, _, reason = split.rejected.row(0)
    return {"column": column, "reason": reason}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2020-03-05", date(2020, 3, 5)),
        ("2020-3-5", date(2020, 3, 5)),
        ("2020/3/5", date(2020, 3, 5)),
        ("2020.03.05", date(2020, 3, 5)),
        ("20200305", date(2020, 3, 5)),
        ("20200305103000", date(2020, 3, 5)),
        ("2020年3月5日", date(2020, 3, 5)),
        ("２０２０年 3月 5日", date(2020, 3, 5)),
        ("2020-03-05 00:00:00", date(2020, 3, 5)),
        ("2020-03-05T10:30:00.000", date(2020, 3, 5)),
        ("2020/3/5 0:00", date(2020, 3, 5)),
        ("0000-00-00", None),
        ("无", None),
    ],
)
def test_dates(written: str, meant: date | None) -> None:
    assert _registry(approve_date=written)["approve_date"] == meant


@pytest.mark.parametrize(
    "written", ["2020-02-30", "2020-13-01", "20-3-5", "2020年3月", "43895", "明天", "0001-01-01"]
)
def test_what_is_no_date_is_rejected(written: str) -> None:
    assert _registry(approve_date=written) == {"column": "approve_date", "reason": "not_a_date"}


def test_excel_serials_are_dates_in_workbooks_only() -> None:
    assert _registry(excel=True, approve_date="43895")["approve_date"] == date(2020, 3, 5)


@pytest.mark.parametrize("written", ["长期", "永久", "9999-12-31", "9999/12/31", "无固定期限", ""])
def test_open_ends_are_null(written: str) -> None:
    assert _registry(op_to=written)["op_to"] is None


@pytest.mark.parametrize(
    ("written", "yuan", "currency"),
    [
        ("100", "1000000", "CNY"),
        ("156", "1560000", "CNY"),
        ("0.000001", "0.01", "CNY"),
        ("390(万美元)", "3900000", "USD"),
        ("50万人民币", "500000", "CNY"),
        ("1,000（万元人民币）", "10000000", "CNY"),
        ("200万人民币元", "2000000", "CNY"),
        ("10(万香港元)", "100000", "HKD"),
        ("5000(万日元)", "50000000", "JPY"),
        ("人民币300万元整", "3000000", "CNY"),
        ("500000元", "500000", "CNY"),
        ("1.2亿元", "120000000", "CNY"),
        ("USD 20", "200000", "USD"),
        ("1.5E+3", "15000000", "CNY"),
        ("0", "0", "CNY"),
    ],
)
def test_capital_is_exact_yuan_of_its_currency(written: str, yuan: str, currency: str) -> None:
    row = _registry(reg_capital=written)
    assert (row["reg_capital"], row["capital_currency"]) == (Decimal(yuan), currency)


def test_paid_capital_is_in_ten_thousands_unless_its_header_says_yuan() -> None:
    assert _registry(paid_capital="1")["paid_capital"] == Decimal(10_000)
    assert _registry(**{"实缴资本(元)": "1"})["paid_capital"] == Decimal(1)


def test_capital_currency_follows_cell_then_column_then_header() -> None:
    assert _registry(reg_capital="5", capital_currency="840")["capital_currency"] == "USD"
    assert _registry(reg_capital="5(万欧元)", capital_currency="人民币")["capital_currency"] == "EUR"
    assert _registry(**{"注册资本(万美元)": "5"})["capital_currency"] == "USD"
    assert _registry(reg_capital="5", capital_currency="贝壳")["reason"] == "unknown_value"
    assert _registry(reg_capital="-")["capital_currency"] is None


@pytest.mark.parametrize(
    ("header", "factor"),
    [
        ("营业总收入", 10000),
        ("营业收入（万元）", 10000),
        ("营业总收入(元)", 1),
        ("营业总收入(千元)", 1000),
        ("净利润(亿元)", None),
    ],
)
def test_the_unit_in_a_header_wins(header: str, factor: int | None) -> None:
    columns = ["uscc", "年度", "提交日期", header]
    row = _typed(REPORTS, columns, [["1", "2023", "2024-01-01", "2.5"]]).good.row(0, named=True)
    value = row["net_profit"] if factor is None else row["revenue"]
    assert value == Decimal("2.5") * (factor or 10**8)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("1,23", "not_a_number"),
        ("约5万", "not_a_number"),
        ("1234,56", "not_a_number"),
        ("99999999999999", "too_large"),
        ("1e30", "too_large"),
    ],
)
def test_what_is_no_amount_is_rejected(written: str, reason: str) -> None:
    assert _registry(reg_capital=written) == {"column": "reg_capital", "reason": reason}


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("'330106", "330106"),
        ("330106.0", "330106"),
        ("330 106", "330106"),
        ('="0012"', "0012"),
        ("9.1e+17", "9.1E+17"),
    ],
)
def test_codes_lose_what_excel_added(written: str, code: str) -> None:
    assert _registry(reg_org_code=written)["reg_org_code"] == code


@pytest.mark.parametrize(
    ("name", "phone", "masked"),
    [
        ("张三丰", "13800001234", ("张*", "138****1234")),
        ("欧", "5123456", ("欧*", "****")),
        ("张*", "138****1234", ("张*", "138****1234")),
    ],
)
def test_personal_data_is_masked(name: str, phone: str, masked: tuple[str, str]) -> None:
    row = _registry(legal_rep=name, phone=phone)
    assert (row["legal_rep"], row["phone"]) == masked


def test_values_defaults_and_needed_cells() -> None:
    contract = CONTRACTS["judgment_defaulters"]
    headers = ["uscc", "案号", "发布时间", "被执行人类型"]
    rows: list[list[str | None]] = [
        ["1", "a", "2024-01-01", "企业"],
        ["1", "b", "2024-01-01", None],
        ["1", "c", None, "自然人"],
        ["1", None, "x", "自然人"],
        ["1", "d", "2024-01-01", "神仙"],
    ]
    split = _typed(contract, headers, rows)
    assert split.good["subject_type"].to_list() == ["firm", "firm"]
    assert split.rejected.rows() == [
        (4, "publish_date", None, "missing_value"),
        (5, "case_no", None, "missing_value"),
        (6, "subject_type", "神仙", "unknown_value"),
    ]


def test_a_value_right_of_the_last_header_rejects_the_shifted_row() -> None:
    headers = ["uscc", "年度", "提交日期", "", ""]
    split = _typed(
        REPORTS, headers, [["1", "2023", "2024-01-01", "", None], ["1", "2", "2024-01-01", " ", "x"]]
    )
    assert split.good.height == 1
    assert split.rejected.rows() == [(3, None, "a value right of the last header", "broken_line")]


ANY_CELL = st.one_of(
    st.none(),
    st.sampled_from(
        ["2020/3/5", "20200305", "2020-02-30", "长期", "1,000(万元)", "50万美元", "5", "-", "存续", "'33"]
    ),
    st.text(st.sampled_from("0159.,-/年月日万元美张Ｔ（）'= "), max_size=8),
)
HEADERS = [column.name for column in REGISTRY.columns]
IN_YUAN = [f"{column.headers[0]}(元)" if column.unit else column.name for column in REGISTRY.columns]
"""The headers under which staged amounts read as they are: a bare one is in the unit of its column, 万元."""


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(ANY_CELL, min_size=len(HEADERS), max_size=len(HEADERS)), min_size=1, max_size=6))
@example([["5" if column.unit else None for column in REGISTRY.columns]])
def test_rows_partition_and_typing_twice_is_typing_once(rows: list[list[str | None]]) -> None:
    split = _typed(REGISTRY, HEADERS, rows)
    numbers = sorted(split.good["row_no"].to_list() + split.rejected["row_no"].to_list())
    assert numbers == list(range(2, 2 + len(rows)))
    again = split.good.select(pl.col(HEADERS).cast(pl.String)).rows()
    twice = _typed(REGISTRY, IN_YUAN, [list(row) for row in again])
    assert twice.rejected.is_empty()
    assert twice.good.drop("row_no").equals(split.good.drop("row_no"))


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(ANY_CELL, min_size=len(HEADERS), max_size=len(HEADERS)), min_size=2, max_size=6))
def test_a_row_is_typed_the_same_whatever_its_neighbours(rows: list[list[str | None]]) -> None:
    together = _typed(REGISTRY, HEADERS, rows)
    alone = [_typed(REGISTRY, HEADERS, [row]) for row in rows]
    assert together.good.drop("row_no").equals(pl.concat(part.good for part in alone).drop("row_no"))


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("a/杭州_20250331.csv", date(2025, 3, 31)),
        ("2025-03-31.xlsx", date(2025, 3, 31)),
        ("名单2025年03月31日.csv", date(2025, 3, 31)),
        ("20250231.csv", None),
        ("330100202503310.csv", None),
        ("20250331/x.csv", None),
    ],
)
def test_the_date_of_a_file_name(name: str, day: date | None) -> None:
    assert file_date(name) == day


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("万元", (10000, None)),
        ("千美元", (1000, "USD")),
        ("美元", (1, "USD")),
        ("万元(人民币)", (10000, "CNY")),
        ("平方米", (None, None)),
    ],
)
def test_units(text: str, unit: tuple[int | None, str | None]) -> None:
    assert parse_unit(text, TABLES) == unit


def test_a_told_address_keeps_its_doors_and_hides_who_to_call() -> None:
    visits = feedback_contracts()["visits"]
    cells = ["91330106MA0000000X", "2025-02-10", "22", "文三路90号101-1201室 王先生13912345678"]
    split = _typed(visits, ["统一社会信用代码", "走访日期", "走访结果", "更正地址"], [cells])
    assert split.good["new_addr"].to_list() == ["文三路90号101-1201室 王先生****"]


def test_every_accepted_header_of_every_contract_is_found_once() -> None:
    for contract in CONTRACTS.values():
        names = [re.sub(r"\s", "", header) for column in contract.columns for header in column.headers]
        assert len(names) == len(set(names)), contract.source


@pytest.mark.parametrize(("cell", "shown"), [("张三丰", "张*"), ("13800001234", "13*"), ("约5万", "约5万")])
def test_a_rejected_cell_never_shows_a_person(cell: str, shown: str) -> None:
    split = _typed(REPORTS, ["uscc", "年度", "提交日期", "数据提取日期"], [["1", "2023", "2024-01-01", cell]])
    assert split.rejected["value"].to_list() == [shown]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("13987650123", "13*"),
        ("电139 8765 0123", "电****"),
        ("139-8765-0123或330106198703157238", "****或****"),
        ("联系人麴蘅芜", "联系人麴*"),
        ("麴蘅芜", "麴*"),
        ("20259931", "20259931"),
        ("1234567890123", "1234567890123"),
    ],
)
def test_a_cell_at_fault_is_shown_without_the_person_in_it(cell: str, shown: str) -> None:
    assert pl.DataFrame({"x": [cell]}).select(discreet(pl.col("x"))).item() == shown
