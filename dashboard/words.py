"""Words and numbers of printed pages: the page's own texts, and its ways of writing figures.

Here: reading static/texts.js, counts, shares and amounts as a browser writes them in either language.
Not here: which figure stands where (briefing.py).
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from dashboard.page import STATIC

NONE = "—"
LANGUAGES = ("zh", "en")
_TEXT = re.compile(r'(\w+): \["([^"]*)", "([^"]*)"\]')
_UNITS = {
    "zh": ((1e8, "亿元"), (1e4, "万元")),
    "en": ((1e9, "bn CNY"), (1e6, "m CNY")),
}
_MORE = {
    "briefing": ("走访工作通报", "Visit campaign briefing"),
    "excl": ("不含宁波", "without Ningbo"),
    "sections": ("重点领域", "Foreign trade and technology"),
    "item": ("项目", "Figure"),
    "shown": ("表中列前 {0} 个，其余 {1} 个见挂图作战", "The first {0} are shown, the other {1} on the wall"),
    "banks_shown": ("列超期最多的 {0} 家，共 {1} 家", "The {0} with most overdue answers of {1}"),
    "failed_shown": ("列 {0} 项，共 {1} 项", "{0} of {1}"),
    "run": ("运行", "run"),
    "edition": ("数据指纹", "edition"),
    "origin": (
        "数字取自已发布的数据仓库 warehouse/zoufang.duckdb，与挂图作战同源同数。",
        "Figures: the published warehouse/zoufang.duckdb, read as the wall reads it.",
    ),
    "week_rule": (
        "▲▼ 与七日前相比的名次变化；“基数小”不参与排名。",
        "▲▼ places moved within seven days; “few targets” are not ranked.",
    ),
}
"""What only paper says; everything else is in the page's texts."""


@cache
def page_texts() -> dict[str, tuple[str, str]]:
    """Return the texts of static/texts.js by key: Chinese, English."""
    text = (STATIC / "texts.js").read_text(encoding="utf-8")
    return {key: (zh, en) for key, zh, en in _TEXT.findall(text)}


@dataclass(frozen=True)
class Words:
    """One language, `zh` or `en`; numbers round half up, as browsers do."""

    lang: str

    def say(self, key: str) -> str:
        """Return the text of that key; KeyError if no page has it."""
        return (_MORE.get(key) or page_texts()[key])[LANGUAGES.index(self.lang)]

    def count(self, value: float | None, most: int = 3) -> str:
        """Return the number with its thousands parted and at most so many decimals; a dash for None."""
        if value is None:
            return NONE
        text = f"{_rounded(Decimal(repr(value)), most):,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def share(self, value: float | None) -> str:
        """Return the share as per cent with one decimal."""
        return NONE if value is None else f"{_rounded(Decimal(repr(value)) * 100, 1):,f}%"

    def points(self, value: float | None) -> str:
        """Return a gain in percentage points with one decimal."""
        return NONE if value is None else f"+{_rounded(Decimal(100 * value), 1):f}"

    def money(self, value: float | None) -> str:
        """Return an amount in 元 in the language's larger units, at most two decimals."""
        if value is None:
            return NONE
        large, small = _UNITS[self.lang]
        unit, name = large if abs(value) >= large[0] else small
        return f"{self.count(value / unit, 2)} {name}"


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
