"""The page and the text of a run report: hostile words stay words, many alerts stay few lines."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from flows.report_page import report_page
from flows.report_text import report_text

EVIL = '<script>alert("1")</script>&<b>'


class Tags(HTMLParser):
    """Collects the tags and the text of a page; complains of tags that do not close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def change(**told: object) -> dict[str, Any]:
    plain = {
        "measure": "targets", "level": "county", "city_code": "330100", "city": "杭州市",
        "county_code": "330106", "county": "西湖区", "source": None, "category": None,
        "before": 1000.0, "after": 500.0, "change": -500.0, "relative": -0.5, "is_alert": True,
    }  # fmt: skip
    return plain | told


def report(alerts: int = 1) -> dict[str, Any]:
    """A report with hostile words wherever words come from outside."""
    stage = dict.fromkeys(("steps", "made", "resumed", "linked", "failed"), 1) | {
        "wall_seconds": 1.5, "cpu_seconds": 0.5,
    }  # fmt: skip
    limit = {"id": "targets", "kind": "count", "zh": "走访目标户数", "en": "target firms", "basis": EVIL}
    rows = [change(), change(county=None, county_code=None), change(level="province"), change(change=None)]
    check = {"suite": EVIL, "expectation": "e", "column": EVIL, "outcome": "failed", "severity": "warn"}
    return {
        "run_id": "20250331-abc", "batch_id": "ZJ-202503-31", "version": 1, "as_of": "2025-03-31",
        "scope": "all", "cities": ["3301"], "status": "published", "began_at": "a", "ended_at": "b",
        "versions": {"code": EVIL},
        "inputs": [{"source": "registry", "file": EVIL, "sha256": "0", "rows_in": 1, "quarantined": 0}],
        "outputs": [{"path": EVIL, "sha256": "0"}],
        "durations": {
            "wall_seconds": 2.0, "cpu_seconds": 1.0, "peak_rss_mb": 500,
            "steps": [{"step": EVIL, "began_seconds": 0, "wall_seconds": 1, "cpu_seconds": 1, "how": "made"}],
            "by_stage": [{"stage": "city", **stage}], "by_city": [{"city": "3301", **stage}],
        },
        "account": [{"source": "registry", "rows_in": 1, "used": 1, "superseded": 0, "out_of_scope": 0,
                     "excluded": 0, "quarantined": 0}],
        "rejects": [{"source": "registry", "column_name": None, "rows": 7, "reason": EVIL}],
        "counts": {"dispositions": {"target": 1}, "place_levels": {"township": 1}, "links": {}},
        "gate": {"verdict": "warned", "expectations": 2, "passed": 1, "not_passed": [
            {**check, "measured": EVIL, "zh": None, "means": None, "remedy": None}]},
        "drift": {
            "before": {"batch_id": "ZJ-202502-28", "version": 1}, "limits": [limit], "changes": rows,
            "alerts": [{"text": f"{EVIL} {n}", "remedy": EVIL} for n in range(alerts)],
        },
    }  # fmt: skip


@pytest.mark.parametrize("status", ["published", "gated", "blocked"])
def test_words_from_outside_stay_words(status: str) -> None:
    page = Tags()
    page.feed(report_page(report() | {"status": status}))
    assert page.open == []
    assert not {"script", "b"} & page.seen
    # Alert and remedy, version, file read and written, step, reason, basis, suite, column, measured.
    assert page.text.count(EVIL) == 11
    told = {"published": "published 已发布", "gated": "尚未发布", "blocked": "未通过质量门"}
    assert [one for one, words in told.items() if words in page.text] == [status]
    for figure in ("西湖区", "杭州市 待认领", "全省 province", "-500 (-50.0%)", "1,000"):
        assert figure in page.text


def test_a_first_batch_has_nothing_to_compare_with() -> None:
    first = report() | {"drift": {"before": None, "alerts": [], "limits": [], "changes": []}}
    assert "无可比的上一批" in report_page(first)
    assert "no earlier batch" in report_text(first, Path("report.json"))


def test_many_alerts_are_few_lines_and_none_is_said() -> None:
    text = report_text(report(alerts=40), Path("report.json"))
    assert (text.count("  ! "), "40 alerts 预警" in text, "and 28 more" in text) == (12, True, True)
    assert "nothing passes its limit" in report_text(report(alerts=0), Path("report.json"))
