"""Write docs/dictionary.md and docs/kpis.md, the data dictionary and the KPIs, from the table declarations.

Here: text made of reference/tables; `python -m warehouse.dictionary` writes it.  Not here: facts of its own.
"""

from pathlib import Path

from reference.tables import Layer, Table, TableColumn, tables_of
from warehouse.schema import DUCKDB_TYPES

DICTIONARY = Path(__file__).parents[1] / "docs" / "dictionary.md"
KPIS = DICTIONARY.with_name("kpis.md")
TITLES: dict[Layer, str] = {
    "warehouse": "Warehouse tables · 数据仓库表",
    "mart": "Marts · 数据集市视图",
    "curated": "Curated Parquet · 湖内成品表",
}
HEAD = """# Data dictionary · 数据字典

Generated from `reference/tables/*.yml` by `make dictionary`; change it there.
The warehouse is `warehouse/zoufang.duckdb` below the home folder; curated Parquet is in `lake/curated/`.
"""


KPI_HEAD = """# KPIs · 指标口径

Generated from `reference/tables/mart_*.yml` by `make dictionary`; change it there.
Unit 1 is a share (0.25 is 25 %). A formula whose denominator is 0 gives null, never an error.
Names in a formula are columns of the same mart.
"""


def write_dictionary(path: Path = DICTIONARY, kpis: Path = KPIS) -> None:
    """Write the dictionary and the list of KPIs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render_dictionary(), encoding="utf-8")
    kpis.write_text(render_kpis(), encoding="utf-8")


def render_kpis() -> str:
    """Return every figure of the marts that is worked out of others: formula and unit, by mart."""
    sections = []
    for mart in tables_of("mart"):
        worked_out = [column for column in mart.columns if column.formula]
        rows = "\n".join(f"| `{c.name}` {c.zh} | {c.formula} | {c.unit} | {c.en} |" for c in worked_out)
        head = (
            f"\n## `{mart.name}` {mart.zh}\n\n{mart.grain}\n\n"
            "| KPI 指标 | formula 公式 | unit 单位 | meaning |"
        )
        if worked_out:
            sections.append(f"{head}\n|---|---|---|---|\n{rows}\n")
    return KPI_HEAD + "".join(sections)


def render_dictionary() -> str:
    """Return the whole dictionary as Markdown."""
    sections = [f"\n## {title}\n" + "".join(map(_table, tables_of(layer))) for layer, title in TITLES.items()]
    return HEAD + "".join(sections)


def _table(table: Table) -> str:
    rows = "\n".join(map(_row, table.columns))
    head = f"\n### `{table.name}` {table.zh}\n\n{table.en}. {table.grain} Key: {', '.join(table.key)}.\n"
    return f"{head}\n| column | type | null | 含义 | meaning |\n|---|---|---|---|---|\n{rows}\n"


def _row(column: TableColumn) -> str:
    values = f" ({', '.join(column.values)})" if column.values else ""
    marks = " **masked personal data**" * column.personal + " **census secrecy**" * column.stat_restricted
    null = "no" if column.required else "yes"
    kind = DUCKDB_TYPES[column.type]
    return f"| `{column.name}` | {kind} | {null} | {column.zh} | {column.en}{values}{marks} |"


if __name__ == "__main__":
    write_dictionary()
