"""Files as bureaus hand them over: headers of their own, four formats, the same bytes for the same rows.

Here: the writing of one frame to CSV (GB18030, UTF-8 with or without BOM) or XLSX, and of truth Parquet.
Not here: what the rows say.
"""

import zipfile
from datetime import date
from pathlib import Path

import polars as pl

from reference.contracts import Contract

FORMATS = ("gb18030", "utf-8-sig", "utf-8", "xlsx")
XLSX_ROWS = 20_000


def headers(contract: Contract, columns: list[str], turn: int) -> list[str]:
    """One accepted Chinese header per column; `turn` picks among the spellings."""
    chosen = []
    for name in columns:
        known = [h for h in contract.column(name).headers if not h.isascii()]
        chosen.append(known[turn % len(known)])
    return chosen


def write_rows(path: Path, rows: pl.DataFrame, names: list[str], form: str) -> None:
    """Write text rows under the given headers; `kind` broken_line loses its last fields."""
    path.parent.mkdir(parents=True, exist_ok=True)
    numbered = rows.with_columns(
        pl.int_range(1, pl.len() + 1).cast(pl.String).alias("序号"), pl.lit("").alias("备注")
    )
    columns = [c for c in numbered.columns if c not in ("serial", "kind")]
    order = ["序号", *[c for c in columns if c not in ("序号", "备注")], "备注"]
    head = ["序号", *names, "备注"]
    table = numbered.select(order)
    if form == "xlsx":
        _write_xlsx(path, table, head)
        return
    lines = table.write_csv(include_header=False).split("\n")
    if "kind" in rows.columns:
        for place in (rows["kind"] == "broken_line").arg_true():
            lines[place] = ",".join(lines[place].split(",")[:7])
    path.write_bytes("\n".join([",".join(head), *lines]).encode(form))


def write_truth(path: Path, frame: pl.DataFrame) -> None:
    """Write one part of a truth table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(path, compression="zstd", compression_level=1)


def as_text_cells(frame: pl.DataFrame, style: str) -> pl.DataFrame:
    """The frame with every column as text, dates in the given style."""
    return frame.with_columns(
        pl.col(name).dt.strftime(style) if dtype == pl.Date else pl.col(name).cast(pl.String)
        for name, dtype in frame.schema.items()
    )


def dated(name: str, as_of: date, form: str) -> str:
    """Return the file name with the extract date and the extension of the format."""
    return f"{name}_{as_of:%Y%m%d}.{'xlsx' if form == 'xlsx' else 'csv'}"


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>'
    '<sheet name="数据" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def _write_xlsx(path: Path, table: pl.DataFrame, head: list[str]) -> None:
    """Write one sheet of text cells; by whole columns, since a cell at a time costs a minute a province."""
    first = pl.DataFrame([[title] for title in head], schema=table.columns, orient="col")
    cells = pl.concat([first, table.cast(pl.String)]).with_row_index("_row", offset=1)
    text = cells.select(
        pl.concat_str(
            pl.lit('<row r="'), "_row", pl.lit('">'),
            *[_xlsx_cell(name, _letter(place)) for place, name in enumerate(table.columns)],
            pl.lit("</row>"),
        )
    ).to_series()  # fmt: skip
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(text)}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w") as package:
        for name, body in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            # The default entry date is fixed; the clock would change the bytes.
            entry = zipfile.ZipInfo(name)
            package.writestr(entry, _XML + body, zipfile.ZIP_DEFLATED, 1)


def _letter(place: int) -> str:
    """Return the letters of a column: A … Z, AA …"""
    return (chr(64 + place // 26) if place >= 26 else "") + chr(65 + place % 26)


def _xlsx_cell(name: str, letter: str) -> pl.Expr:
    escaped = pl.col(name).str.replace_many(["&", "<", ">"], ["&amp;", "&lt;", "&gt;"])
    cell = pl.concat_str(
        pl.lit(f'<c r="{letter}'), "_row", pl.lit('" t="inlineStr"><is><t xml:space="preserve">'),
        escaped, pl.lit("</t></is></c>"),
    )  # fmt: skip
    return cell.fill_null("")
