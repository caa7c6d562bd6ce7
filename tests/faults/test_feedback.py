"""The loop closed: a list published, what comes back taken in, the next list made with it."""

import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from loops import TOLD, Loop, ask, come_back, copy_of
from verbs import zoufang

from reference.dispatch import load_list_layout
from reference.feedback import load_issues

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("feedback")]
FACTS = ("fact_visit", "fact_recommendation", "fact_credit", "fact_loan", "fact_renewal", "mart_funnel")
SHEET = "未定社区1"


def facts(home: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {table: ask(home, f"SELECT * FROM {table} ORDER BY ALL") for table in FACTS}


def fill_in(path: Path, items: list[tuple[str, str, dict[str, str]]]) -> None:
    """Write a township's workbook by its declaration: title sheets around, one sheet of the list."""
    layout = load_list_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("填报说明").write_string(0, 0, "请按下拉列表填写")
        sheet = book.add_worksheet(SHEET)
        codes = book.add_worksheet("代码表")
        for place, known in enumerate(layout.lists.values()):
            codes.write_column(0, place, [known.zh, *known.cells])
        for place, column in enumerate(layout.columns):
            sheet.write_string(0, place, column.zh)
            for number, (item, uscc, told) in enumerate(items, start=1):
                cells = {"list_item_id": item, "uscc": uscc, "name": "某某有限公司"} | told
                sheet.write_string(number, place, cells.get(column.field, ""))


@pytest.fixture(scope="module")
def told(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> tuple[Loop, dict[str, Any]]:
    """A home that all came back to in one call, and what the call said; its list is the loop's own."""
    own = copy_of(loop, tmp_path_factory.mktemp("told"))
    return own, come_back(own.inbox, own.home, TOLD)


def test_what_came_back_is_published_as_it_is_true_and_twice_changes_nothing(
    loop: Loop, told: tuple[Loop, dict[str, Any]], tmp_path: Path
) -> None:
    own, first = told
    listed = "SELECT * FROM fact_visit_target ORDER BY ALL"
    whole = next(row for row in first["headlines"] if row["region"] == "province")
    events = pl.read_parquet(own.inbox / "truth" / "feedback" / "events.parquet")
    assert whole["visited"] == events["is_target"].sum()
    assert whole["recommended"] == own.truth["is_recommended"]
    assert whole["credited"] == own.truth["is_credited"]
    assert whole["disbursed"] == own.truth["is_disbursed"]
    assert float(whole["loan_amount"]) == pytest.approx(events["loan_amt"].sum() * 10_000, abs=1)
    assert ask(own.home, listed) == ask(loop.home, listed)
    before = facts(own.home)
    renamed = tmp_path / "again" / "visits"
    renamed.mkdir(parents=True)
    for path in (own.inbox / "visits").iterdir():
        shutil.copyfile(path, renamed / f"again_{path.name}")
    second = come_back(renamed.parent, own.home, TOLD)
    assert (second["new_files"], second["is_new_version"]) == (0, False)
    assert facts(own.home) == before


def test_a_damaged_file_of_the_ledger_is_named_and_its_feedback_may_be_handed_in_again(
    told: tuple[Loop, dict[str, Any]], tmp_path: Path
) -> None:
    whole = told[0]
    own = copy_of(whole, tmp_path)
    damaged = min((own.home / "lake" / "ledger" / "export_insurance").glob("*/rows.parquet"))
    os.truncate(damaged, damaged.stat().st_size * 2 // 3)
    refused = zoufang("feedback", "--inbox", own.inbox, "--home", own.home, "--as-of", str(TOLD))
    assert refused.status == 3, refused.err
    assert f"{damaged} is damaged" in refused.err
    assert f"remove the folder {damaged.parent.name} and hand its file in again" in refused.err
    assert facts(own.home) == facts(whole.home)
    damaged.with_name("entry.json").unlink()
    shutil.copytree(own.inbox / "visits", tmp_path / "less" / "visits")
    refused = zoufang("feedback", "--inbox", tmp_path / "less", "--home", own.home, "--as-of", str(TOLD))
    assert refused.status == 3, refused.err
    assert f"{damaged.with_name('entry.json')} is damaged" in refused.err
    shutil.rmtree(damaged.parent)
    again = come_back(own.inbox, own.home, TOLD)
    assert again["new_files"] == 1
    assert facts(own.home) == facts(whole.home)


def test_nothing_is_reckoned_from_a_damaged_list(told: tuple[Loop, dict[str, Any]], tmp_path: Path) -> None:
    """Facts are kept under names of ledger and list: made of other bytes they would outlive the repair."""
    own = copy_of(told[0], tmp_path)
    damaged = min((own.home / "lake" / "curated" / "enterprises").glob("*/*/*.parquet"))
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    kept = set((own.home / "lake" / "feedback").iterdir())
    later = ["feedback", "--inbox", own.inbox, "--home", own.home, "--as-of", "2025-04-16"]
    for asked in (later, ["dispatch", "--home", own.home]):
        refused = zoufang(*asked)
        assert refused.status == 3, refused.err
        assert f"{damaged} is damaged" in refused.err
    assert set((own.home / "lake" / "feedback").glob("[!.]*")) == kept
    assert facts(own.home) == facts(told[0].home)


def test_every_planted_wrong_row_is_returned_with_its_reason_and_no_other(
    told: tuple[Loop, dict[str, Any]],
) -> None:
    own, summary = told
    planted = pl.read_parquet(own.inbox / "truth" / "feedback" / "rejects.parquet")
    returned = pl.concat(
        pl.read_excel(path, sheet_name="问题清单", infer_schema_length=0) for path in summary["returned"]
    )
    words = {issue.zh: code for code, issue in load_issues().items()}
    found = sorted((int(row["行号"]), words[row["问题"]]) for row in returned.iter_rows(named=True))
    assert found == sorted(planted.select("row_no", "issue").rows())
    assert all(returned["处理办法"].str.len_chars() > 0)


def test_files_in_pieces_and_backwards_give_the_same_facts(
    loop: Loop, told: tuple[Loop, dict[str, Any]], tmp_path: Path
) -> None:
    whole, parts = told[0], copy_of(loop, tmp_path / "parts")
    calls = (("loans",), ("credits", "recommendations", "renewals"), ("export_insurance", "visits"))
    for number, sources in enumerate(calls):
        piece = tmp_path / str(number)
        for source in sources:
            shutil.copytree(parts.inbox / source, piece / source)
        summary = come_back(piece, parts.home, TOLD)
        if number == 0:
            assert sum(row["waiting"] for row in summary["account"]) == parts.truth["is_disbursed"]
    assert facts(parts.home) == facts(whole.home)


def test_a_filled_workbook_is_read_and_its_wrong_row_returned_masked(loop: Loop, tmp_path: Path) -> None:
    own = copy_of(loop, tmp_path)
    firms = read_items(own.firms)
    seen = {
        "visit_date": "2025-02-10",
        "outcome": "13 正常经营-无需求",
        "method": "1 实地",
        "visitor": "王小明",
    }
    wants = seen | {
        "outcome": "11 正常经营-有融资需求",
        "need": "1 是",
        "need_amt": "50",
        "purpose_code": "1 流动资金",
    }
    items = [
        (*firms[0], seen),
        (*firms[1], wants),
        (*firms[2], {}),
        (
            *firms[3],
            seen | {"outcome": "78", "new_tel": "13912345678", "note": "电话13912345678 姓名:李大伟"},
        ),
        (firms[4][0], firms[5][1], seen),
    ]
    fill_in(tmp_path / "in" / "visits" / "三门县_海游街道_v1.xlsx", items)
    summary = come_back(tmp_path / "in", own.home, TOLD)
    account = summary["account"][0]
    assert {k: account[k] for k in ("rows_in", "used", "unfilled", "rejected")} == {
        "rows_in": 5, "used": 2, "unfilled": 1, "rejected": 2,
    }  # fmt: skip
    assert ask(own.home, "SELECT outcome, need_amount FROM fact_visit ORDER BY ALL") == [
        ("11", 500_000), ("13", None),
    ]  # fmt: skip
    (path,) = summary["returned"]
    told = pl.read_excel(path, sheet_name="问题清单", infer_schema_length=0)
    assert told.select("工作表", "行号", "问题栏").rows() == [
        (SHEET, "5", "走访结果"), (SHEET, "6", "统一社会信用代码"),
    ]  # fmt: skip
    shown = pl.read_excel(path, sheet_name="原始行", infer_schema_length=0).write_csv()
    assert "13912345678" not in shown
    assert "李大伟" not in shown
    assert "王小明" not in shown
    kept = b"".join(p.read_bytes() for p in (own.home / "lake" / "ledger").rglob("*.json"))
    assert b"13912345678" not in kept


def read_items(firms: pl.DataFrame) -> list[tuple[str, str]]:
    import hashlib

    listed = firms.filter("is_target").head(6)
    return [
        (hashlib.sha256(f"{batch}|{key}".encode()).hexdigest()[:16], uscc)
        for batch, key, uscc in listed.select("batch_id", "subject_key", "uscc").iter_rows()
    ]


def test_feedback_before_any_list_or_with_a_strange_file_says_what_to_do(loop: Loop, tmp_path: Path) -> None:
    ended = zoufang("feedback", "--inbox", loop.inbox, "--home", tmp_path / "empty", "--as-of", "2025-04-15")
    assert (ended.status, "zoufang run" in ended.err) == (2, True)
    early = zoufang("feedback", "--inbox", loop.inbox, "--home", loop.home, "--as-of", "2025-01-01")
    assert (early.status, "ZJ-202501-31" in early.err) == (2, True)
    strange = tmp_path / "in" / "visits" / "a.csv"
    strange.parent.mkdir(parents=True)
    strange.write_text("甲,乙\n1,2\n", encoding="utf-8")
    ended = zoufang("feedback", "--inbox", tmp_path / "in", "--home", loop.home, "--as-of", "2025-04-15")
    assert (ended.status, "visits/a.csv" in ended.err, "走访日期" in ended.err) == (2, True, True)
