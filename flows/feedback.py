"""The feedback flow: what came back into the ledger, its facts into a new version of the warehouse.

Here: the order of steps.  Not here: checks (transforms/), the lists, which stay as published.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from expectations.gate import run_gate, warm_up
from expectations.report import meta_quality_path
from expectations.request import GateRequest
from flows.batches import Pointer, batch_files, follow_warehouse, gated_files, read_pointers
from flows.built import find_exchange, note_built, tell_loaded
from flows.deadline import require_time
from flows.home import Home
from flows.kept_files import require_undamaged
from flows.ledger import Delivery, check_feedback, record
from flows.progress import say
from flows.returned import write_returned
from flows.steps_feedback import Reckoning, mark_reckoned, reckon
from flows.steps_publish import require_publishable
from reference.divisions import DIVISIONS_FILE
from reference.errors import InputProblem
from warehouse.build import build_warehouse
from warehouse.candidate import add_quality
from warehouse.publish import history, publish, published_file
from warehouse.read import read_headlines


def run_feedback(inbox: Path, home: Home, as_of: date, patience: float = 0) -> dict[str, Any]:
    """Take in what the inbox has, publish the facts, write what goes back; return a summary.

    `patience`: seconds to wait for another run to end.

    InputProblem if a file cannot be read at all, or nothing was published that could be answered.
    """
    deliveries = check_feedback(inbox)
    with home.locked(patience):
        follow_warehouse(home)
        pointers = _answered(home, as_of)
        warm_up()
        new = record(home, deliveries, as_of)
        say(f"ledger: {len(deliveries)} files, {len(new)} of them new")
        reckoning = reckon(home, pointers, as_of)
        say(f"facts: {reckoning.feedback.feedback_id}")
        newest = pointers[-1]
        is_new = _publish(home, pointers, reckoning)
        returned = write_returned(home, reckoning.folder, newest.record.batch_id)
    return _summary(home, newest, reckoning, deliveries, new, returned, is_new)


def _answered(home: Home, as_of: date) -> list[Pointer]:
    pointers = read_pointers(home)
    if not pointers:
        raise InputProblem(
            f"{home.root}: no list was published that could be answered; run zoufang run first"
        )
    if as_of < pointers[-1].record.as_of:
        raise InputProblem(
            f"--as-of {as_of} is before the newest published batch {pointers[-1].record.batch_id}; "
            f"feedback is reckoned at its date or later"
        )
    return pointers


def _publish(home: Home, pointers: list[Pointer], reckoning: Reckoning) -> bool:
    """Build, gate and publish, unless these very facts are what is published; return whether it was done."""
    newest = pointers[-1]
    run_id = f"{newest.record.run_id}-fb{reckoning.feedback.feedback_id}"
    record_ = replace(newest.record, run_id=run_id)
    current = [v for v in history(home.root) if v.is_current]
    if current and current[0].run_id == run_id:
        say("these facts are published already; nothing to do")
        return False
    for pointer in pointers:
        require_undamaged(home, pointer.record.batch_id, pointer.record.run_id)
    folder = home.run(run_id)
    candidate = folder / "candidate.duckdb"
    batches = [batch_files(home, p) for p in pointers]
    tell_loaded(home, folder, batches)
    exchange = find_exchange(home, batches)
    built = build_warehouse(candidate, batches, DIVISIONS_FILE, reckoning.feedback, exchange)
    say(f"warehouse: {sum(built.rows.values()):,} rows in {built.seconds:.1f} s")
    report = run_gate(
        GateRequest(
            run_id,
            newest.record.batch_id,
            newest.record.as_of,
            folder,
            gated_files(home, newest),
            candidate,
            list_run_id=newest.record.run_id,
        )
    )
    require_publishable(report)
    add_quality(candidate, meta_quality_path(folder))
    require_time()
    publish(candidate, home.root, record_)
    mark_reckoned(home, reckoning)
    note_built(home, folder)
    say(f"published {newest.record.batch_id} with feedback as of {reckoning.feedback.as_of}")
    return True


def _summary(
    home: Home,
    newest: Pointer,
    reckoning: Reckoning,
    deliveries: list[Delivery],
    new: list[str],
    returned: list[Path],
    is_new: bool,
) -> dict[str, Any]:
    account = pl.read_parquet(reckoning.folder / "meta_feedback_account.parquet")
    own = {delivery.sha256 for delivery in deliveries}
    shown = account.filter(pl.col("file_sha256").is_in(own)).drop("file_sha256")
    regions = read_headlines(published_file(home.root), newest.record.batch_id)
    return {
        "batch_id": newest.record.batch_id,
        "as_of": str(reckoning.feedback.as_of),
        "feedback_id": reckoning.feedback.feedback_id,
        "is_new_version": is_new,
        "new_files": len(new),
        "account": shown.to_dicts(),
        "returned": [str(path) for path in returned],
        "headlines": regions,
    }


def feedback_text(summary: Mapping[str, Any]) -> str:
    """Return the summary for a terminal."""
    columns = ("used", "superseded", "waiting", "unfilled", "rejected")
    lines = [
        f"  {row['source_file']}: {row['rows_in']:,} rows, "
        + ", ".join(f"{name} {row[name]:,}" for name in columns)
        for row in summary["account"]
    ]
    whole = next(row for row in summary["headlines"] if row["region"] == "province")
    funnel = ", ".join(
        f"{n} {whole[n]:,}" for n in ("targets", "visited", "recommended", "credited", "disbursed")
    )
    state = "published" if summary["is_new_version"] else "published before; nothing changed"
    return "\n".join(
        [
            f"批次 {summary['batch_id']}: feedback as of {summary['as_of']} ({state})",
            "files 反馈文件:",
            *(lines or ["  none"]),
            f"funnel 漏斗: {funnel}",
            f"returned 退回: {len(summary['returned'])} workbooks"
            + "".join(f"\n  {path}" for path in summary["returned"][:10]),
        ]
    )
