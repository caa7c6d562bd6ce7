"""The run's summary: what was published, what was excluded and why, whether every row is accounted for.

Here: figures gathered for people and programs.  Not here: computing them.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from expectations.report import GateReport
from flows.report_text import drift_lines
from flows.settings import Settings
from warehouse.build import BatchRecord
from warehouse.publish import published_file
from warehouse.read import read_exclusions


def run_summary(
    settings: Settings,
    record: BatchRecord,
    figures: dict[str, dict[str, Any]],
    cities: Sequence[dict[str, Any]],
    account: pl.DataFrame,
    gate: GateReport,
) -> dict[str, Any]:
    """Return the summary of a published batch as plain values, fit for JSON."""
    levels = add_up(cities, "levels")
    targets = sum(levels.values())
    placed = levels.get("township", 0) + levels.get("community", 0)
    warehouse = published_file(settings.home.root)
    failed = [r for r in gate.results if r.outcome == "failed"]
    return {
        "batch_id": record.batch_id,
        "as_of": str(record.as_of),
        "run_id": record.run_id,
        "targets": targets,
        "dispositions": add_up(cities, "dispositions"),
        "exclusions": read_exclusions(warehouse, record.batch_id),
        "place_levels": levels,
        "placed_share": placed / targets if targets else None,
        "links": figures["census"],
        "account": account.drop("batch_id").to_dicts(),
        "gate": {
            "verdict": gate.verdict,
            "expectations": len(gate.results),
            "warnings": [r.expectation for r in failed],
        },
        "warehouse": str(warehouse),
        "data_docs": str(settings.home.run(record.run_id) / "data_docs"),
    }


def add_up(cities: Sequence[dict[str, Any]], name: str) -> dict[str, int]:
    """Return the sums of one kind of count over the cities."""
    total: dict[str, int] = {}
    for city in cities:
        for key, count in city[name].items():
            total[key] = total.get(key, 0) + count
    return dict(sorted(total.items()))


def markdown_summary(summary: dict[str, Any]) -> str:
    """Return the summary as Markdown for the run page."""
    lines = [
        f"# 批次 {summary['batch_id']}",
        f"- targets 走访目标: **{summary['targets']:,}**",
        f"- placed in a township 落到乡镇: {_percent(summary['placed_share'])}",
        f"- gate 质量门: {summary['gate']['verdict']} ({summary['gate']['expectations']} expectations)",
        *(f"- {line.strip()}" for line in drift_lines(summary["drift"])),
        "",
        "| source | rows in | used | superseded | out of scope | excluded | quarantined |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in summary["account"]:
        lines.append("| " + " | ".join(str(value) for value in row.values()) + " |")
    return "\n".join(lines)


def text_summary(summary: dict[str, Any]) -> str:
    """Return the summary as text for a terminal."""
    header = ("source", "rows_in", "used", "superseded", "out_of_scope", "excluded", "quarantined")
    table = [
        header,
        *([str(row[c]) if c == "source" else f"{row[c]:,}" for c in header] for row in summary["account"]),
    ]
    account = ["  " + "".join(f"{v:>14}" if i else f"{v:<20}" for i, v in enumerate(row)) for row in table]
    kinds = [
        "  " + ", ".join(f"{k} {v}" for k, v in row.items() if k != "batch_id")
        for row in summary["exclusions"][:12]
    ]
    ended = ", ".join(f"{k} {v:,}" for k, v in summary["dispositions"].items())
    return "\n".join(
        [
            f"批次 {summary['batch_id']} (run {summary['run_id']}) is published",
            f"targets 走访目标: {summary['targets']:,}   ({ended})",
            "exclusions by category and rule 剔除:",
            *kinds,
            f"placed in a township 落到乡镇: {_percent(summary['placed_share'])}",
            "row account 行数平衡 (the five columns sum to rows_in):",
            *account,
            f"gate 质量门: {summary['gate']['verdict']}, {summary['gate']['expectations']} expectations, "
            f"warnings: {', '.join(summary['gate']['warnings']) or 'none'}",
            *drift_lines(summary["drift"]),
            f"report 运行报告: {summary['report']}",
            f"warehouse: {summary['warehouse']}",
            f"Data Docs: {summary['data_docs']}",
            "try:  select * from mart_progress_county order by targets desc limit 10;",
        ]
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
