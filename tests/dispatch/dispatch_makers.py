"""Small published lists, and what a workbook says when it is read without the code that wrote it."""

import zipfile
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import fastexcel
import polars as pl

from bench.listed import publish_list
from reference.tables import load_tables

M = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
NORTH_HILL = "330106002000"
LONGGANG = "330383198"


HOSTILE_NAMES = [
    "=cmd|'/C calc'!A0", "+86", "-2+3", "@SUM(A1)", "\t=1\n+2", "甲\x00乙", "</t></is></c>&<", "_x0041_",
]  # fmt: skip
GEM = "330106002052"


def firm(number: int, division: str | None = NORTH_HILL, **columns: object) -> dict[str, Any]:
    """One enterprise of Hangzhou at a division of 12 digits, by default a town of 西湖区."""
    key = f"913301060000{number:06d}"
    level = "city" if division is None else _level(division)
    return {
        "subject_key": key,
        "uscc": key,
        "name": f"杭州第{number}有限公司",
        "address": f"浙江省杭州市西湖区北山街道曙光路{number}号",
        "township": "北山街道",
        "division_code": division or "330100000000",
        "place_level": level,
        "legal_rep_masked": "张*",
        "phone_masked": "138****1234",
        "register_city_code": "3301",
        **columns,
    }


def _level(division: str) -> str:
    if division.endswith("000000"):
        return "county"
    return "township" if division.endswith("000") else "community"


def every_kind() -> list[dict[str, Any]]:
    """Return firms of two towns, a community, two pools and 龙港市."""
    hostile = [firm(i, name=name, flags="=1+1") for i, name in enumerate(HOSTILE_NAMES)]
    crowd = [firm(100 + i) for i in range(400)]
    village = [
        firm(
            1000 + i,
            GEM,
            community="宝石社区",
            address=f"杭州市西湖区北山街道宝石社区保俶路{(i * 7) % 40}号",
        )
        for i in range(40)
    ]
    town = [
        firm(
            2000,
            "330106004000",
            township="西溪街道",
            uscc="913301060000000018",
            is_foreign_trade=True,
            is_sci_tech=True,
            size_class="micro",
            priority=1,
            industry_code="1711",
        )
    ]
    longgang = [
        firm(
            3000 + i,
            f"{LONGGANG}00{1 + i % 2}",
            township="龙港县直辖村级区划",
            county="龙港市",
            address="浙江省温州市龙港市龙金大道1号",
        )
        for i in range(4)
    ]
    pools = [
        firm(4000, "330106000000", township=None),
        firm(4001, None, township=None),
        firm(4002, f"{LONGGANG}000", township="龙港县直辖村级区划"),
    ]
    return [*hostile, *crowd, *village, *town, *longgang, *pools]


def home_of(
    folder: Path, firms: Iterable[dict[str, Any]], as_of: date = date(2025, 3, 31), run: str = "aaaaaaaaaaaa"
) -> Path:
    """Publish a list of these firms; return the home."""
    schema = load_tables()["enterprises"].polars_schema
    given = list(firms)
    names = dict.fromkeys(name for one in given for name in one)
    frame = pl.DataFrame(given, schema={name: schema[name] for name in names})
    publish_list(folder / "home", [frame], as_of, run)
    return folder / "home"


def workbooks(home: Path) -> dict[str, Path]:
    """Return the workbooks of a dispatch by unit code, the newest version, summaries left out."""
    found = sorted((home / "dispatch").glob("*/**/*.xlsx"))
    return {path.name.split("_")[2]: path for path in found if "汇总" not in path.name}


def list_sheets(path: Path) -> dict[str, pl.DataFrame]:
    """Return the list's sheets by name, every cell as text."""
    book = fastexcel.read_excel(path)
    names = [name for name in book.sheet_names if name not in {"填报说明", "代码表", "更正对照"}]
    return {name: book.load_sheet(name, dtypes="string").to_polars() for name in names}


def sheet_xml(path: Path, name: str) -> ET.Element:
    """Return the raw XML of one sheet."""
    with zipfile.ZipFile(path) as archive:
        book = ET.fromstring(archive.read("xl/workbook.xml"))
        links = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        target = {link.get("Id"): link.get("Target") for link in links}
        number = next(s.get(R) for s in book.iter(f"{M}sheet") if s.get("name") == name)
        return ET.fromstring(archive.read(f"xl/{target[number]}"))


def cell_styles(path: Path) -> list[tuple[str | None, bool]]:
    """Return (number format, locked) of every cell format of a workbook, by its number."""
    with zipfile.ZipFile(path) as archive:
        styles = ET.fromstring(archive.read("xl/styles.xml"))
    formats = {f.get("numFmtId"): f.get("formatCode") for f in styles.iter(f"{M}numFmt")}
    formats |= {"49": "@", "1": "0", "2": "0.00", "0": None}
    found = []
    for xf in styles.find(f"{M}cellXfs") or []:
        protection = xf.find(f"{M}protection")
        locked = protection is None or protection.get("locked") != "0"
        found.append((formats[xf.get("numFmtId", "0")], locked))
    return found
