"""The run report of real runs: what docs/report.md promises is there, and nobody is named in it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from verbs import MONTHS, zoufang

from flows.batches import read_pointers
from flows.home import Home
from flows.known_bytes import hash_file
from flows.report_text import PAGE, REPORT
from warehouse.publish import published_file
from warehouse.read import opened

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("runs")]
DOCUMENT = Path(__file__).parents[2] / "docs" / "report.md"
OPEN = {"counts.dispositions", "counts.place_levels", "counts.links"}
"""Objects whose keys are data, not declared."""


def reports(home: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Return the run folder and report of each batch, oldest first."""
    folders = [Home(home).run(pointer.record.run_id) for pointer in read_pointers(Home(home))]
    return [(folder, json.loads((folder / REPORT).read_text(encoding="utf-8"))) for folder in folders]


def keys_of(value: object, path: str = "") -> set[str]:
    """Return every key of a report as docs/report.md writes it."""
    if path in OPEN or not isinstance(value, dict | list) or not value or _is_plain(value):
        return {path}
    if isinstance(value, list):
        return set().union(*(keys_of(one, f"{path}[]") for one in value))
    return set().union(*(keys_of(one, f"{path}.{key}" if path else key) for key, one in value.items()))


def _is_plain(value: object) -> bool:
    return isinstance(value, list) and not isinstance(value[0], dict)


def test_the_document_names_every_key_and_no_other(months: Path) -> None:
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    documented = {key for row in rows for key in re.findall(r"`([^`]+)`", row.split(" | ")[0])}
    written = set().union(*(keys_of(report) for _, report in reports(months)[1:]))
    whole = {key for key in written if not key.startswith(("drift.before", "drift.alerts"))}
    assert whole | {"drift.before", "drift.alerts[]"} == documented
    before = reports(months)[1][1]["drift"]["before"]
    assert before.keys() == {"batch_id", "run_id", "version", "as_of"}


def test_a_report_says_what_was_read_made_and_found(months: Path) -> None:
    for folder, report in reports(months):
        kept = Home(months).batches / folder.name / REPORT
        assert json.loads(kept.read_text(encoding="utf-8")) == report
        assert report["status"] == "published"
        assert report["gate"]["verdict"] in ("passed", "warned")
        assert report["gate"]["passed"] + len(report["gate"]["not_passed"]) == report["gate"]["expectations"]
        rows = {row["source"]: row for row in report["account"]}
        for source, row in rows.items():
            own = [file for file in report["inputs"] if file["source"] == source]
            assert row["rows_in"] == sum(file["rows_in"] for file in own)
            rejects = [one["rows"] for one in report["rejects"] if one["source"] == source]
            assert row["quarantined"] == sum(rejects) == sum(file["quarantined"] for file in own)
        assert rows["registry"]["used"] == report["counts"]["dispositions"]["target"] > 0
        assert len(report["outputs"]) == 5
        assert all(hash_file(months / one["path"]) == one["sha256"] for one in report["outputs"])


def test_every_step_was_measured_and_the_sums_are_sums(months: Path) -> None:
    for folder, report in reports(months):
        spent = report["durations"]
        named = {step["step"] for step in spent["steps"]}
        recorded = {path.stem for path in (folder / "steps").glob("*.json")}
        assert named == recorded | {"ingest", "build", "gate", "publish"}
        assert {"city-3310", "subjects-3310", "units-3310"} <= named
        assert 0 < sum(step["cpu_seconds"] for step in spent["steps"]) <= spent["cpu_seconds"] + 0.1
        assert all(step["wall_seconds"] <= spent["wall_seconds"] for step in spent["steps"])
        for sums in ("by_stage", "by_city"):
            own = [s for s in spent["steps"] if sums == "by_stage" or "-" in s["step"]]
            for figure in ("wall_seconds", "cpu_seconds"):
                total = sum(step[figure] for step in own)
                assert sum(one[figure] for one in spent[sums]) == pytest.approx(total, abs=0.1)
            assert sum(one["steps"] for one in spent[sums]) == len(own)


def test_each_batch_is_compared_with_the_one_before(months: Path) -> None:
    first, second, third = (report for _, report in reports(months))
    assert (first["drift"]["before"], first["drift"]["alerts"], first["drift"]["changes"]) == (None, [], [])
    for before, after in ((first, second), (second, third)):
        assert after["drift"]["before"]["run_id"] == before["run_id"]
        province = {
            (row["measure"], row["category"]): row
            for row in after["drift"]["changes"]
            if row["level"] == "province"
        }
        targets = province["targets", None]
        told = [one["counts"]["dispositions"]["target"] for one in (before, after)]
        assert [targets["part_before"], targets["part_after"]] == told
        levels = after["counts"]["place_levels"]
        placed = province["placed_share", None]
        assert placed["part_after"] == levels.get("township", 0) + levels.get("community", 0)
    dishonest = [
        row
        for row in second["drift"]["changes"]
        if (row["level"], row["category"]) == ("province", "dishonest")
    ]
    assert dishonest[0]["part_after"] >= dishonest[0]["part_before"] + 10, "firms listed in mid-February"
    [listed] = [
        row
        for row in second["drift"]["changes"]
        if (row["measure"], row["source"]) == ("rows_in", "serious_violations")
    ]
    assert listed["change"] == 0, "both months read the same files"


def test_page_and_report_name_nobody_and_need_nothing_from_elsewhere(months: Path) -> None:
    with opened(published_file(months)) as con:
        firms = con.execute("SELECT uscc, name FROM dim_enterprise WHERE length(name) > 4").fetchall()
    words = {word for firm in firms for word in firm if word}
    assert len(words) > 500
    for folder, _ in reports(months):
        page = (folder / PAGE).read_text(encoding="utf-8")
        text = page + (folder / REPORT).read_text(encoding="utf-8")
        assert [word for word in words if word in text] == []
        assert not re.search(r"https?:|<script|<link|<img|@import|url\(", page)
        assert page.count("<table>") == page.count("</table>") > 8
        assert all(label in page for label in ("用时 Durations", "质量门 Quality gate", "预警 Alerts"))


def test_the_verb_shows_the_newest_report_or_that_of_a_batch(months: Path) -> None:
    [folder, report] = reports(months)[-1]
    shown = zoufang("report", "--home", months)
    assert shown.status == 0, shown.err
    for told in (report["batch_id"], report["run_id"], "与上批相比 (ZJ-202502-28)", str(folder / PAGE)):
        assert told in shown.out
    for (_, expected), month in zip(reports(months), MONTHS, strict=True):
        batch = f"ZJ-{month[:4]}{month[5:]}"
        told = zoufang("report", "--home", months, "--batch", batch, "--json")
        assert json.loads(told.out) == expected
    unknown = zoufang("report", "--home", months, "--batch", "ZJ-209901-31")
    assert (unknown.status, unknown.out) == (2, "")
    assert "ZJ-209901-31" in unknown.err
    assert "ZJ-202501-31, ZJ-202502-28, ZJ-202503-31" in unknown.err
