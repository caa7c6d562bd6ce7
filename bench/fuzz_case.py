"""One malformed file: what it is called, how it is made, what must become of it.

Here: the case and a small good table to spoil.  Not here: the corpus (fuzz_text.py, fuzz_books.py,
fuzz_files.py), the judgement (fuzz_judge.py).
"""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HEADERS = {
    "registry": (
        "统一社会信用代码",
        "企业名称",
        "登记状态",
        "成立日期",
        "住所",
        "注册资本(万元)",
        "联系电话",
    ),
    "annual_reports": ("统一社会信用代码", "年度", "提交日期", "从业人数", "营业总收入(万元)"),
    "visits": ("统一社会信用代码", "企业名称", "走访日期", "走访结果", "备注"),
}


@dataclass(frozen=True)
class Case:
    """A file to be made by `make` under the name `file` in the folder of `source`, and read by `reader`.

    `name` is unique. `reader`: ingest, feedback, place, link. `outcome`: refused, read, or either.
    """

    name: str
    file: str | bytes
    make: Callable[[Path], None]
    source: str = "registry"
    reader: str = "ingest"
    outcome: str = "either"
    heavy: bool = False


def contents(data: bytes) -> Callable[[Path], None]:
    """Return what writes these bytes."""

    def make(path: Path) -> None:
        path.write_bytes(data)

    return make


def good_rows(count: int, source: str = "registry") -> list[list[str]]:
    """Return rows that any reader takes as they stand."""
    made: dict[str, Callable[[int], list[str]]] = {
        "registry": lambda n: [
            f"91330100{n:09}X", f"杭州某某{n}贸易有限公司", "存续", f"20{n % 20 + 1:02}-0{n % 9 + 1}-15",
            f"浙江省杭州市西湖区文三路{n + 1}号", f"{n % 500}.5", f"1380000{n % 10_000:04}",
        ],
        "annual_reports": lambda n: [f"91330100{n:09}X", "2024", "2025-03-01", str(n % 90), f"{n}.25"],
        "visits": lambda n: [f"91330100{n:09}X", f"杭州某某{n}贸易有限公司", "2025-02-03", "", "无"],
    }  # fmt: skip
    return [made[source](number) for number in range(count)]


def good_text(count: int = 20, source: str = "registry", separator: str = ",", end: str = "\n") -> str:
    """Return the good table as delimited text."""
    out = io.StringIO()
    table = csv.writer(out, delimiter=separator, lineterminator=end)
    table.writerows([HEADERS[source], *good_rows(count, source)])
    return out.getvalue()
