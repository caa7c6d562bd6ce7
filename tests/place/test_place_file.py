"""The verb place on files: every format, one row out per row in, and an answer to each mistake."""

from pathlib import Path

import polars as pl
import pytest

from flows.place_file import PLACE_COLUMNS, PlaceRequest, place_file
from flows.place_store import write_index
from reference.errors import InputProblem

ROWS = pl.DataFrame(
    {
        "序号": ["1", "2", "3", "4", "5"],
        "地址": [
            "杭州市余杭区五常街道蓬瀛小区3幢", None, "杭州市余杭区五常街道蓬瀛小区8幢", "义乌市福田街道1号",
            "余杭区蓬瀛小区11幢",
        ],
    }
)  # fmt: skip
TOWNS = ["五常街道", None, "五常街道", "福田街道", "五常街道"]


def written(folder: Path, name: str) -> Path:
    path = folder / name
    if path.suffix == ".parquet":
        ROWS.write_parquet(path)
    elif path.suffix == ".xlsx":
        ROWS.write_excel(path)
    else:
        path.write_bytes(ROWS.write_csv().encode("gb18030" if "gb" in name else "utf-8"))
    return path


@pytest.mark.parametrize("name", ["a.csv", "gb.csv", "a.parquet", "a.xlsx"])
def test_each_format_keeps_its_rows_and_teaches_its_own_rest(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out.parquet"
    assert place_file(PlaceRequest(written(tmp_path, name), out, "地址")) == 5
    placed = pl.read_parquet(out)
    assert placed.columns == ["序号", "地址", *PLACE_COLUMNS]
    assert placed["序号"].to_list() == ROWS["序号"].to_list()
    assert placed["township"].to_list() == TOWNS


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_the_result_opens_in_a_spreadsheet(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"out{suffix}"
    place_file(PlaceRequest(written(tmp_path, "a.csv"), out, "地址", explain=True))
    read = pl.read_csv(out) if suffix == ".csv" else pl.read_excel(out)
    assert read["township"].to_list() == TOWNS
    assert read["support"].to_list()[-1] == 2


def test_an_index_adds_to_what_ships(tmp_path: Path) -> None:
    from place_makers import read, taught_by

    index = write_index(
        taught_by(read([a for a in ROWS["地址"].to_list() if a])), tmp_path / "places.parquet"
    )
    asked = tmp_path / "asked.csv"
    pl.DataFrame({"地址": ["余杭区蓬瀛小区1幢", "义乌市雪峰西路9号"]}).write_csv(asked)
    out = tmp_path / "out.parquet"
    place_file(PlaceRequest(asked, out, "地址", index=index))
    assert pl.read_parquet(out)["township"].null_count() == 0


def test_an_empty_table_gives_an_empty_result(tmp_path: Path) -> None:
    path = tmp_path / "head.csv"
    path.write_text("序号,地址\n", encoding="utf-8")
    assert place_file(PlaceRequest(path, tmp_path / "out.csv", "地址")) == 0


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"in_file": "absent.csv"}, "no such file"),
        ({"address_column": "住址"}, "no column '住址'; the file has: 序号, 地址"),
        ({"out_file": "out.txt"}, "not supported"),
        ({"out_file": "nowhere/out.csv"}, "folder does not exist"),
        ({"out_file": "a.csv"}, "is read as well"),
        ({"out_file": "folder.csv"}, "is a folder"),
        ({"in_file": "empty.csv"}, "empty"),
        ({"in_file": "text.xlsx"}, "Excel file is damaged"),
        ({"index": "a.csv"}, "not an index of places"),
        ({"index": "b.parquet"}, "not an index of places; it needs"),
    ],
)
def test_each_mistake_is_told_with_its_remedy(tmp_path: Path, asked: dict[str, str], says: str) -> None:
    written(tmp_path, "a.csv")
    written(tmp_path, "b.parquet")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "text.xlsx").write_text("no workbook", encoding="utf-8")
    columns = {"address_column": "地址", **{k: v for k, v in asked.items() if k == "address_column"}}
    files = {"in_file": "a.csv", "out_file": "out.csv", **asked}
    paths = {k: tmp_path / v for k, v in files.items() if k != "address_column"}
    with pytest.raises(InputProblem, match=says):
        place_file(PlaceRequest(**paths, **columns))
    assert not (tmp_path / "out.csv").exists()
