"""The verb `dispatch`.  Here: arguments in, messages out.  Not here: any work (flows/dispatch.py)."""

import json
from pathlib import Path
from typing import Annotated

import typer


def dispatch(
    home: Annotated[Path, typer.Option(help="folder that holds the published warehouse and its lake")],
    batch: Annotated[str | None, typer.Option(help="batch id; the newest by default")] = None,
    county: Annotated[
        list[str] | None, typer.Option(help="only these counties, e.g. 330106; repeatable")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object for programs")] = False,
) -> None:
    """Write one workbook per township, summaries and a manifest under HOME/dispatch; resumes by itself."""
    from flows.dispatch import dispatch as dispatch_batch

    figures = dispatch_batch(home, batch, county or ()).figures
    if as_json:
        print(json.dumps(figures, ensure_ascii=False, indent=1))
        return
    print("{batch_id} v{version}: {rows:,} rows in {workbooks:,} workbooks ({written:,} written now)\n"
          "{folder}/manifest.json".format(**figures))  # fmt: skip
