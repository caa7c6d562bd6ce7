"""The verb `screen --explain`: every rule on one firm, with its inputs and evidence.

Here: finding the firm's frames in the evidence kept with its batch.
Not here: the rules (transforms/screen.py).
"""

from pathlib import Path
from typing import Any

import polars as pl

from flows.batches import Pointer, find_pointer
from flows.evidence_store import find_evidence, report_years
from flows.home import Home
from flows.steps_city import Evidence, city_facts, find_parents
from flows.steps_shared import find_shared
from reference.errors import InputProblem
from reference.rules import load_rules
from transforms.screen import explain_subject

SHOWN = (
    "name", "uscc", "status", "disposition", "primary_rule", "flags", "size_class", "size_confidence",
    "place_level", "province", "city", "county", "township", "community", "place_method", "place_confidence",
    "place_source", "told_address", "told_on", "told_event", "in_census", "census_link_method",
)  # fmt: skip


def explain_firm(home: Path, uscc: str, batch_id: str | None = None) -> dict[str, Any]:
    """Return the firm's decision and one entry per rule; InputProblem if batch or firm is unknown."""
    where = Home(home.resolve())
    pointer = find_pointer(where, batch_id)
    record = pointer.record
    for city in pointer.units:
        path = where.curated("enterprises", record.as_of, city, record.run_id)
        firm = (
            pl.scan_parquet(path).filter((pl.col("uscc") == uscc) | (pl.col("subject_key") == uscc)).collect()
        )
        if firm.height:
            rules = _rules(where, pointer, city, firm["subject_key"][0])
            # A batch of an older program lacks what was declared since.
            shown = firm.select(name for name in SHOWN if name in firm.columns)
            return {"batch_id": record.batch_id, **shown.to_dicts()[0], "rules": rules}
    raise InputProblem(
        f"{uscc}: no such firm in batch {record.batch_id}; check the code, or name another --batch"
    )


def explanation_text(explanation: dict[str, Any]) -> str:
    """Return the explanation as text for a terminal."""
    lines = [f"{name}: {value}" for name, value in explanation.items() if name != "rules"]
    for rule in explanation["rules"]:
        lines.append("  ".join(str(v) for k, v in rule.items() if k != "subject_key" and v not in (None, "")))
    return "\n".join(lines)


def _rules(home: Home, pointer: Pointer, city: str, subject_key: str) -> list[dict[str, Any]]:
    record = pointer.record
    work = find_evidence(home, record.batch_id, record.run_id)
    curated = home.curated("enterprises", record.as_of, city, record.run_id)
    placed = pl.scan_parquet(curated).select("subject_key", level="place_level")
    rules = load_rules()
    evidence = Evidence(
        work, report_years(work), record.as_of, rules, find_parents(work, rules, record.as_of)
    )
    facts = city_facts(evidence, city, placed, find_shared(evidence))["facts"].filter(
        pl.col("subject_key") == subject_key
    )
    return explain_subject(facts, rules, record.as_of).collect().to_dicts()
