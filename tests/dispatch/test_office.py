"""A real office program opens the workbooks and keeps what they say; what is typed in it becomes facts."""

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from dispatch_makers import M, cell_styles, list_sheets, sheet_xml, workbooks
from office import convert, in_office, needs_office

from flows.batches import read_pointers
from flows.home import Home
from flows.ledger import check_feedback, record
from flows.returned import write_returned
from flows.steps_feedback import reckon
from reference.dispatch import load_list_layout

pytestmark = [pytest.mark.xdist_group("dispatched"), needs_office]
TOWN, COMMUNITY = "330106002", "宝石社区"
BEFORE_DISPATCH, SEEN_ON, AS_OF = date(2025, 3, 1), date(2025, 4, 10), date(2025, 6, 20)


def letter(field: str) -> str:
    place = [column.field for column in load_list_layout().columns].index(field)
    return ("A" if place >= 26 else "") + chr(65 + place % 26)


def choice(codes: str, code: str) -> str:
    return next(cell for cell in load_list_layout().lists[codes].cells if cell.split(" ")[0] == code)


def typed(row: int, visited_on: date) -> list[str]:
    """The lines by which an officer fills in one row: dates and numbers as typed, codes as chosen."""
    entered = {
        "visitor": "王小明", "visit_date": str(visited_on), "method": choice("method", "1"),
        "outcome": choice("outcome", "11"), "need": choice("yes_no", "1"), "need_amt": "80.5",
        "need_term_m": "12", "purpose_code": choice("purpose", "4"),
        "addr_verified": choice("addr_verified", "1"),
    }  # fmt: skip
    cell = 'doc.Sheets.getByName("{}").getCellRangeByName("{}{}").setFormula("{}")'
    return [cell.format(COMMUNITY, letter(field), row, text) for field, text in entered.items()]


def test_libreoffice_opens_and_saves_a_workbook_unchanged(dispatched: Path, tmp_path: Path) -> None:
    path = workbooks(dispatched)[TOWN]
    saved = convert(path, tmp_path)
    before, after = list_sheets(path), list_sheets(saved)
    assert list(after) == list(before)
    styles = cell_styles(saved)
    for name, rows in before.items():
        assert after[name].select(rows.columns).equals(rows.select(rows.columns)), name
        page = sheet_xml(saved, name)
        assert {rule.get("type") for rule in page.iter(f"{M}dataValidation")} >= {"list", "date", "decimal"}
        assert page.find(f"{M}sheetProtection") is not None
        filtered = page.find(f"{M}autoFilter")
        assert filtered is not None
        assert filtered.get("ref") == f"A1:{letter('note')}{rows.height + 1}"
        cells = {cell.get("r"): cell for cell in page.iter(f"{M}c")}
        code = cells[f"{letter('uscc')}2"]
        assert (code.get("t"), styles[int(code.get("s", "0"))]) == ("s", ("@", True))
    assert isinstance(pl.concat(after.values())["统一社会信用代码"][0], str)


def test_libreoffice_freezes_heads_offers_lists_and_guards_what_the_system_filled(
    dispatched: Path, tmp_path: Path
) -> None:
    layout = load_list_layout()
    heads = [
        "For i = 1 To doc.Sheets.Count - 2",
        "view.setActiveSheet(doc.Sheets.getByIndex(i))",
        'told = view.hasFrozenPanes() & " " & view.SplitRow & " " & view.SplitColumn',
        'Print #1, "head " & told & " " & doc.Sheets.getByIndex(i).isProtected()',
        "Next",
        f'page = doc.Sheets.getByName("{COMMUNITY}")',
    ]
    cells = [
        line
        for column in layout.columns
        for line in (
            f'cell = page.getCellRangeByName("{letter(column.field)}2")',
            f'told = "{column.field} " & cell.CellProtection.IsLocked & " " & cell.Type',
            'Print #1, told & " " & cell.Validation.Type & " " & cell.Validation.ShowList',
        )
    ]
    _, told = in_office(workbooks(dispatched)[TOWN], tmp_path, [*heads, *cells])
    frozen = str(1 + [column.field for column in layout.columns].index("name"))
    assert [line for line in told if line[0] == "head"] == [["head", "True", "1", frozen, "True"]] * 4
    shown = {field: more for field, *more in told if field != "head"}
    text, a_list, not_shown = "2", "6", "0"
    assert {f for f, (locked, *_) in shown.items() if locked == "False"} == {
        column.field for column in layout.filled_by("township")
    }
    assert {f for f, (_, _, kind, how) in shown.items() if kind == a_list and how != not_shown} == {
        column.field for column in layout.filled_by("township") if column.codes
    }
    assert [shown[field][1] for field in ("list_item_id", "uscc", "name", "phone_masked")] == [text] * 4


def test_what_is_typed_in_libreoffice_comes_back_as_facts(dispatched: Path, tmp_path: Path) -> None:
    path, home = workbooks(dispatched)[TOWN], Home(tmp_path / "home")
    shutil.copytree(dispatched, home.root)
    saved, _ = in_office(path, tmp_path, [*typed(2, SEEN_ON), *typed(3, BEFORE_DISPATCH)])
    (tmp_path / "in" / "visits").mkdir(parents=True)
    saved.rename(tmp_path / "in" / "visits" / "town.xlsx")
    record(home, check_feedback(tmp_path / "in"), AS_OF)
    reckoning = reckon(home, read_pointers(home), AS_OF)
    facts = pl.read_parquet(reckoning.feedback.files["fact_visit"])
    first, second = list_sheets(path)[COMMUNITY]["统一社会信用代码"][:2].to_list()
    what = ["uscc", "visited_on", "outcome", "method", "need_amount", "need_term_months", "is_on_list"]
    assert facts.select(what).cast({"need_amount": pl.Float64}).rows() == [
        (first, SEEN_ON, "11", "1", 805_000.0, 12, True)
    ]
    account = pl.read_parquet(reckoning.feedback.files["meta_feedback_account"])
    every = sum(rows.height for rows in list_sheets(path).values())
    assert account.select("used", "rejected", "unfilled").rows() == [(1, 1, every - 2)]
    (returned,) = write_returned(home, reckoning.folder, "ZJ-202503-31")
    shown = pl.read_excel(convert(returned, tmp_path), sheet_name="原始行", infer_schema_length=0)
    assert shown["统一社会信用代码"].to_list() == [second]
    wrong = pl.read_excel(tmp_path / "saved" / returned.name, sheet_name="问题清单", infer_schema_length=0)
    assert wrong.select("工作表", "行号", "问题栏", "填报内容").rows() == [
        (COMMUNITY, "3", "走访日期", str(BEFORE_DISPATCH))
    ]
