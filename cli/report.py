"""The verb `report` (运行报告): the report that the newest run left.

Here: arguments in, messages out.  Not here: any work (flows/).
"""

from typing import Annotated

import typer

from cli.options import AsJson, HomeDir, as_json_text


def report(
    home: HomeDir,
    batch: Annotated[str | None, typer.Option(help="batch id; the newest run of any by default")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest run's report: durations, rejects, gate, what differs from the batch before."""
    from flows.home import Home
    from flows.report_text import find_report, report_text

    found, path = find_report(Home(home.resolve()), batch)
    print(as_json_text(found) if as_json else report_text(found, path))
