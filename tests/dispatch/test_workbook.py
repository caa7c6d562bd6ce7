"""A township's workbook, read back with readers that know nothing of the code that wrote it."""

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from dispatch_makers import (
    HOSTILE_NAMES,
    LONGGANG,
    M,
    cell_styles,
    every_kind,
    list_sheets,
    sheet_xml,
    workbooks,
)

from reference.dispatch import load_list_layout

pytestmark = pytest.mark.xdist_group("dispatched")
UNKNOWN = "未定社区(1)"
TOWN = "330106002"
HEADERS = [
    "序号", "批次号", "清单编号", "统一社会信用代码", "主体名称", "主体类型", "规模", "行业门类/大类",
    "成立日期", "登记住所", "经营地址", "县(市、区)", "乡镇(街道)", "村(社区)/网格", "负责人", "联系电话",
    "标签", "存量贷款到期提醒", "提示", "优先级", "是否新增", "上批次结果", "走访人", "走访日期", "走访方式",
    "走访结果", "是否有融资需求", "需求金额(万元)", "期限(月)", "用途", "意向银行", "经营状态核实",
    "地址核实", "更正地址", "更正电话", "备注",
]  # fmt: skip
"""domain.md §7.1, in its order."""


def letter(header: str) -> str:
    place = HEADERS.index(header)
    return ("A" if place >= 26 else "") + chr(65 + place % 26)


def whole(path: Path) -> pl.DataFrame:
    return pl.concat(list_sheets(path).values())


def test_every_target_is_in_one_workbook_once(dispatched: Path) -> None:
    rows = pl.concat([whole(path) for path in workbooks(dispatched).values()])
    assert rows.columns == HEADERS
    assert sorted(rows["清单编号"]) == sorted(set(rows["清单编号"]))
    assert sorted(rows["统一社会信用代码"]) == sorted(str(f["uscc"]) for f in every_kind())


def test_units_are_townships_communities_of_longgang_and_pools(dispatched: Path) -> None:
    found = workbooks(dispatched)
    assert set(found) == {TOWN, "330106004", f"{LONGGANG}001", f"{LONGGANG}002", "330106", "330383", "330100"}
    assert found[TOWN].name == "ZJ-202503-31_西湖区_330106002_北山街道_v1.xlsx"
    assert found[f"{LONGGANG}001"].name == f"ZJ-202503-31_龙港市_{LONGGANG}001_金钗河社区_v1.xlsx"
    assert [found[code].name.split("_")[3] for code in ("330106", "330383", "330100")] == ["待认领"] * 3


def test_a_sheet_per_community_and_even_parts_of_what_has_none(dispatched: Path) -> None:
    sheets = {name: rows.height for name, rows in list_sheets(workbooks(dispatched)[TOWN]).items()}
    assert sheets == {"宝石社区": 40, "未定社区(1)": 136, "未定社区(2)": 136, "未定社区(3)": 136}


def test_a_sheet_is_in_walking_order(dispatched: Path) -> None:
    rows = list_sheets(workbooks(dispatched)[TOWN])["宝石社区"]
    doors = rows["登记住所"].str.extract(r"(\d+)号").cast(pl.Int64)
    assert doors.to_list() == sorted(doors)
    assert rows["序号"].cast(pl.Float64).to_list() == list(range(1, 41))


def test_hostile_names_are_text_and_start_no_formula(dispatched: Path) -> None:
    path = workbooks(dispatched)[TOWN]
    rows = whole(path).filter(pl.col("统一社会信用代码").is_in([f"913301060000{i:06d}" for i in range(8)]))
    names = dict(rows.select("统一社会信用代码", "主体名称").iter_rows())
    assert [names[f"913301060000{i:06d}"] for i in range(len(HOSTILE_NAMES))] == [
        "'=cmd|'/C calc'!A0", "'+86", "'-2+3", "'@SUM(A1)", "'=1 +2", "甲 乙", "</t></is></c>&<", "_x0041_",
    ]  # fmt: skip
    assert set(rows["提示"]) == {"'=1+1"}
    for sheet in list_sheets(path):
        assert not list(sheet_xml(path, sheet).iter(f"{M}f"))


def test_codes_are_text_cells_and_the_list_item_is_hidden_and_locked(dispatched: Path) -> None:
    path = workbooks(dispatched)[TOWN]
    page, styles = sheet_xml(path, UNKNOWN), cell_styles(path)
    cells = {cell.get("r"): cell for cell in page.iter(f"{M}c")}
    for header in ("清单编号", "统一社会信用代码", "联系电话"):
        cell = cells[f"{letter(header)}2"]
        assert (cell.get("t"), styles[int(cell.get("s", "0"))]) == ("inlineStr", ("@", True))
    columns = {int(c.get("min", 0)): c for c in page.iter(f"{M}col")}
    assert columns[3].get("hidden") == "1"
    protection = page.find(f"{M}sheetProtection")
    assert protection is not None
    assert protection.get("sheet") == "1"


def test_what_the_township_fills_in_is_open_and_nothing_else(dispatched: Path) -> None:
    path = workbooks(dispatched)[TOWN]
    page, styles = sheet_xml(path, UNKNOWN), cell_styles(path)
    open_columns = {
        HEADERS[place - 1]
        for c in page.iter(f"{M}col")
        for place in range(int(c.get("min", 0)), int(c.get("max", 0)) + 1)
        if not styles[int(c.get("style", "0"))][1]
    }
    assert open_columns == set(HEADERS[HEADERS.index("走访人") :])
    assert styles[int({c.get("min"): c for c in page.iter(f"{M}col")}["35"].get("style", "0"))][0] == "@"


def test_head_is_frozen_and_filtered(dispatched: Path) -> None:
    page = sheet_xml(workbooks(dispatched)[TOWN], UNKNOWN)
    pane, filtered = next(page.iter(f"{M}pane")), page.find(f"{M}autoFilter")
    assert (pane.get("state"), pane.get("ySplit"), pane.get("topLeftCell")) == ("frozen", "1", "F2")
    assert filtered is not None
    assert filtered.get("ref") == "A1:AJ137"
    dimension = page.find(f"{M}dimension")
    assert dimension is not None
    assert dimension.get("ref") == "A1:AJ137"


def test_drop_downs_offer_what_the_code_sheet_lists(dispatched: Path) -> None:
    path = workbooks(dispatched)[TOWN]
    rules = {rule.get("sqref"): rule for rule in sheet_xml(path, UNKNOWN).iter(f"{M}dataValidation")}
    codes = [list(row) for row in sheet_xml(path, "代码表").iter(f"{M}row")]
    assert len(codes) == 15
    layout = load_list_layout()
    for column in layout.filled_by("township"):
        at = letter(column.zh)
        rule = rules.get(f"{at}2:{at}137")
        if column.codes:
            assert rule is not None
            assert rule.get("type") == "list"
            formula = rule.find(f"{M}formula1")
            assert formula is not None
            count = len(layout.lists[column.codes].codes)
            assert str(formula.text).startswith("'代码表'!$")
            assert str(formula.text).endswith(f"${count + 1}")
        elif column.type in {"integer", "number", "date"}:
            assert rule is not None


def test_labels_tags_and_industry_are_in_words(dispatched: Path) -> None:
    row = whole(workbooks(dispatched)["330106004"]).row(0, named=True)
    shown = ["主体类型", "规模", "标签", "行业门类/大类", "优先级", "是否新增", "负责人", "联系电话"]
    assert [row[header] for header in shown] == [
        "企业", "微型", "外贸、科技、民营", "C 制造业/纺织业", "1", "是", "张*", "138****1234",
    ]  # fmt: skip
    assert row["统一社会信用代码"] == "913301060000000018"


def test_the_csv_beside_says_the_same(dispatched: Path) -> None:
    path = workbooks(dispatched)[TOWN]
    content = path.with_suffix(".csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    beside = pl.read_csv(content, infer_schema=False)
    texts = [header for header in HEADERS if header not in {"成立日期", "序号", "优先级"}]
    assert beside.select(texts).equals(whole(path).select(texts))


def test_the_manifest_vouches_for_every_file(dispatched: Path) -> None:
    folder = dispatched / "dispatch" / "ZJ-202503-31"
    manifest = json.loads((folder / "manifest.json").read_text())
    named = {e["file"]: e["sha256"] for e in [*manifest["files"], *manifest["summaries"]]}
    named |= {e["csv"]: e["csv_sha256"] for e in manifest["files"]}
    found = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    assert set(found) == {*named, "manifest.json"}
    assert {f: hashlib.sha256(found[f].read_bytes()).hexdigest() for f in named} == named
    assert manifest["rows"] == sum(e["rows"] for e in manifest["files"]) == len(every_kind())
    assert (manifest["version"], manifest["batch_id"]) == (1, "ZJ-202503-31")


def test_summaries_count_what_the_workbooks_hold(dispatched: Path) -> None:
    folder = dispatched / "dispatch" / "ZJ-202503-31" / "330100_杭州市"
    county = pl.read_excel(next(folder.glob("330106_*/*汇总*")))
    assert county["走访目标户数"].to_list() == [1, 448, 1, 450]
    city = pl.read_excel(next(folder.glob("*汇总*")), sheet_name="各县汇总")
    assert city["走访目标户数"].to_list() == [450, 1, 451]
