"""The verb link: any two files in, pairs and review out."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from cli.app import app
from flows.link_file import link_files
from reference.errors import InputProblem
from simulator.link_damage import damaged_case
from simulator.link_firms import make_firms

REGISTER = {
    "uscc": "统一社会信用代码", "reg_no": "注册号", "ent_name": "企业名称", "former_name": "曾用名",
    "est_date": "成立日期",
    "dom_addr": "住所", "dom_div_code": "行政区划代码", "industry_code": "行业代码",
}  # fmt: skip
CENSUS = {
    "unit_code": "统一社会信用代码", "reg_no": "登记注册号", "unit_name": "单位详细名称",
    "ind_code": "行业代码",
    "loc_div12": "单位所在地区划代码", "loc_addr": "单位所在地",
    "reg_div12": "单位注册地区划代码", "open_ym": "开业(成立)时间",
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("link")
    made = damaged_case(make_firms(3000, 104), 104)
    left = made.subjects.select("subject_id", *REGISTER).rename(REGISTER)
    right = made.units.select("unit_id", *CENSUS).rename(CENSUS)
    left.rename({"subject_id": "编号"}).write_csv(folder / "register.csv", include_bom=True)
    (folder / "census.csv").write_bytes(right.rename({"unit_id": "编号"}).write_csv().encode("gb18030"))
    return folder / "register.csv", folder / "census.csv", made.truth


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_pairs_of_two_files(files: tuple[Path, Path, pl.DataFrame], tmp_path: Path, suffix: str) -> None:
    left, right, truth = files
    out = tmp_path / f"pairs.{suffix}"
    figures = link_files(left, right, out)
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "xlsx": pl.read_excel}[suffix]
    pairs = read(out)
    assert pairs.columns == ["left_id", "right_id", "method", "probability"]
    assert pairs.height == figures["pairs"]
    assert pairs["left_id"].is_unique().all()
    assert pairs["right_id"].is_unique().all()
    judged = pairs.join(
        truth, left_on=pl.col("right_id").cast(pl.Int64), right_on=pl.col("unit_id").cast(pl.Int64)
    )
    right_ones = (judged["left_id"].cast(pl.Int64) == judged["subject_id"]).sum()
    assert right_ones >= 0.995 * pairs.height
    assert right_ones >= 0.99 * truth["subject_id"].count()
    review = read(tmp_path / f"pairs_review.{suffix}")
    assert review.columns == ["right_id", "rank", "left_id", "probability", "why", "agreement"]


def test_same_files_same_bytes(files: tuple[Path, Path, pl.DataFrame], tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        link_files(*files[:2], tmp_path / name)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_order_of_rows_and_number_of_threads_change_no_digit(
    files: tuple[Path, Path, pl.DataFrame], tmp_path: Path
) -> None:
    """Sums of floats depend on their order: the number of threads, or of the row, must not decide it."""
    link_files(*files[:2], tmp_path / "here.csv")
    left = pl.read_csv(files[0], infer_schema=False).sample(fraction=1.0, shuffle=True, seed=5)
    right = pl.read_csv(files[1], infer_schema=False, encoding="gb18030")
    left.write_csv(tmp_path / "l.csv")
    right.sample(fraction=1.0, shuffle=True, seed=6).write_csv(tmp_path / "r.csv")
    code = (
        "import sys; from pathlib import Path; from flows.link_file import link_files;"
        "link_files(*map(Path, sys.argv[1:]))"
    )
    arguments = [str(tmp_path / name) for name in ("l.csv", "r.csv", "there.csv")]
    threads = {**os.environ, "POLARS_MAX_THREADS": "5"}
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=threads)
    for name in ("", "_review"):
        one, two = (
            sorted((tmp_path / f"{place}{name}.csv").read_bytes().splitlines()) for place in ("here", "there")
        )
        assert one == two


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_names_alone_and_row_numbers_as_ids(tmp_path: Path) -> None:
    left = write(tmp_path / "l.csv", "名称\n杭州恒达机械有限公司\n杭州恒达机械二厂\n")
    right = write(tmp_path / "r.csv", "单位名称,备注\n恒达机械(杭州)有限责任公司,x\n宁波无此名商行,y\n")
    figures = link_files(left, right, tmp_path / "o.csv")
    assert figures["left_id"] == "row number"
    assert figures["right_rows"] == 2


def test_code_is_the_id_where_every_row_has_its_own(tmp_path: Path) -> None:
    left = write(
        tmp_path / "l.csv", "企业名称,统一社会信用代码\n甲厂,9133010600T200013G\n乙厂,9133010600T200021B\n"
    )
    right = write(tmp_path / "r.csv", "单位名称,统一社会信用代码\n某厂,9133010600T200013G\n")
    link_files(left, right, tmp_path / "o.csv")
    rows = pl.read_csv(tmp_path / "o.csv").rows()
    assert rows == [("9133010600T200013G", "9133010600T200013G", "L1_uscc", 1.0)]


@pytest.mark.parametrize(
    ("left", "out", "message"),
    [
        (None, "o.csv", "no such file"),
        ("甲,乙\n1,2\n", "o.csv", "no column to link by"),
        ("企业名称,单位名称\n甲,乙\n", "o.csv", "both mean name"),
        ("企业名称\n甲\n", "o.pdf", "'.pdf' is not supported"),
        ("企业名称\n甲\n", "r.csv", "is read as well"),
        ("企业名称\n甲\n", "nowhere/o.csv", "folder does not exist"),
    ],
)
def test_wrong_input_is_told_with_the_remedy(
    tmp_path: Path, left: str | None, out: str, message: str
) -> None:
    right = write(tmp_path / "r.csv", "单位名称\n甲厂\n")
    file = tmp_path / "l.csv"
    if left is not None:
        write(file, left)
    with pytest.raises(InputProblem, match=message):
        link_files(file, right, tmp_path / out)


def test_command_prints_what_it_did(files: tuple[Path, Path, pl.DataFrame], tmp_path: Path) -> None:
    arguments = ["link", "--left", str(files[0]), "--right", str(files[1]), "--out", str(tmp_path / "o.csv")]
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0
    assert "L5_probable" in told.output
    assert CliRunner().invoke(app, [*arguments, "--json"]).output.startswith("{")
