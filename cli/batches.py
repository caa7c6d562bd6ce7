"""Verbs on published batches: history, rollback, close, what-if.

Here: arguments in, messages out.  Not here: any work (flows/).
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.options import AsJson, HomeDir, as_json_text


def register(app: typer.Typer) -> None:
    """Add the verbs of this module to the command."""
    for verb in (history, rollback, close):
        app.command()(verb)
    app.command("what-if")(what_if)


def history(
    home: HomeDir,
    batch: Annotated[str | None, typer.Option(help="only this batch, with every change of its state")] = None,
    as_json: AsJson = False,
) -> None:
    """List the kept versions of the published warehouse, newest first, and what became of each batch."""
    from flows.batches import kept_versions
    from flows.home import Home
    from flows.journal import read_journal

    where = Home(home.resolve())
    found = [version for version in kept_versions(where) if batch in (None, version.batch_id)]
    journal = [line for line in read_journal(where) if batch in (None, line.batch_id)]
    if as_json:
        steps = {v.run_id: [asdict(line) for line in journal if line.run_id == v.run_id] for v in found}
        print(as_json_text([{**vars(version), "journal": steps[version.run_id]} for version in found]))
        return
    last = {line.run_id: line for line in journal}
    for version in found:
        mark = "*" if version.is_current else " "
        line = last.get(version.run_id)
        state = f"v{line.version} {line.state}" if line else "v1 published"
        print(f"{mark} {version.number:04d}  {version.batch_id}  run {version.run_id}  {state}")
    print("\nstates of the batches 批次台账 (when, who, why):")
    for line in journal:
        print(f"  {line.at}  {line.batch_id} v{line.version}  {line.state:<9}  {line.by}: {line.why}")


def rollback(
    home: HomeDir, to: Annotated[str, typer.Option(help="batch id or run id, see zoufang history")]
) -> None:
    """Publish a kept version again."""
    from flows.batches import go_back
    from flows.home import Home

    version = go_back(Home(home.resolve()), to)
    print(f"published again: {version.batch_id} (run {version.run_id})")


def close(
    home: HomeDir,
    batch: Annotated[str, typer.Option(help="batch id, see zoufang history")],
    why: Annotated[str, typer.Option(help="reason, for the journal")] = "its visits are over",
) -> None:
    """Close a published batch: no other version of it can be made from now on."""
    from flows.batches import close_batch
    from flows.home import Home

    record = close_batch(Home(home.resolve()), batch, why).record
    print(f"closed 已关闭: {record.batch_id} v{record.version} (run {record.run_id})")


def what_if(
    home: HomeDir,
    batch: Annotated[str, typer.Option(help="batch id, see zoufang history")],
    rules: Annotated[Path, typer.Option(help="a rules file like reference/rules/rules.yml, edited")],
    as_json: AsJson = False,
) -> None:
    """Re-evaluate a past batch under other rules: what differs by rule, category, county; publish nothing."""
    from flows.what_if import what_if as ask
    from flows.what_if import what_if_text

    difference = ask(home, batch, rules)
    print(as_json_text(difference) if as_json else what_if_text(difference))
