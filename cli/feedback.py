"""The verb `feedback`: visits and bank feeds into the funnel.

Here: arguments in, messages out.  Not here: any work (flows/feedback.py).
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer


def feedback(
    inbox: Annotated[
        Path, typer.Option(help="folder that holds visits/, recommendations/, credits/, loans/ …")
    ],
    home: Annotated[Path, typer.Option(help="folder that holds lake/, runs/, warehouse/ and dispatch/")],
    as_of: Annotated[
        datetime,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="date of the reckoning 汇总基准日, YYYY-MM-DD"),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object for programs")] = False,
) -> None:
    """Take in visits and bank feeds, publish the funnel, return what is wrong to its sender."""
    from flows.feedback import feedback_text, run_feedback
    from flows.home import Home

    summary = run_feedback(inbox.resolve(), Home(home.resolve()), as_of.date())
    print(
        json.dumps(summary, ensure_ascii=False, indent=1, default=str) if as_json else feedback_text(summary)
    )
