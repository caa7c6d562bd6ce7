"""The command `zoufang`: one verb a function, exit status 0 done, 1 gate, 2 input or usage, 3 fault.

Here: arguments in, messages out.  Not here: any work (flows/, simulator/, warehouse/).
"""

import atexit
import os
import sys
import traceback
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import batches
from cli.dashboard import dashboard, wall
from cli.dispatch import dispatch
from cli.feedback import feedback
from cli.options import AsJson, DaskAddress, HomeDir, Lake, Runner, Workers, as_json_text
from cli.report import report
from cli.start import come_up, has_work, prepare, quiet_libraries
from flows.crew import THREADS, Crew, make_crew
from flows.settings import Settings
from reference.errors import EnvironmentProblem, InputProblem

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="走访: from a province's registers to the visit target list.",
)
app.command()(dispatch)

Inbox = Annotated[Path, typer.Option(help="folder with one folder per source (registry, annual_reports, …)")]
AsOf = Annotated[
    datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="batch date 基准日, YYYY-MM-DD")
]

Rules = Annotated[
    Path | None, typer.Option(help="an edited copy of reference/rules/rules.yml to screen by, instead of it")
]


def command() -> None:
    """Be the `zoufang` of a shell: `main`, and the process is gone once everybody has had the last word.

    Left to itself, an interpreter then takes apart all that was ever loaded, for a second and more, and
    DuckDB tells of each part it cannot: nobody needs any of it.
    """
    ended: list[int] = []
    # Registered first, it comes last.
    atexit.register(_vanish, ended)
    try:
        main()
    except SystemExit as end:
        ended += [end.code or 0] if isinstance(end.code, int | None) else []
        raise
    ended.append(0)


def _vanish(ended: list[int]) -> None:
    """End the process with the status it ended with; if that is not known, leave it to the interpreter."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return
    if ended:
        os._exit(ended[0])


def main() -> None:
    """Run the command line; every way it can end has its exit status."""
    quiet_libraries()
    try:
        app()
    except InputProblem as problem:
        _stop(2, str(problem))
    except EnvironmentProblem as problem:
        _stop(3, str(problem))
    except Exception as fault:
        if type(fault).__name__ == "GateFailedError":
            _stop(1, str(fault))
        from flows.faults import os_fault

        if machine := os_fault(fault):
            place = f": {machine.filename}" if machine.filename else ""
            _stop(3, f"{machine.strerror or machine}{place}; mend it and run again")
        _stop(3, f"internal fault: {fault}\n{traceback.format_exc()}")


@app.command()
def demo(
    directory: Annotated[Path, typer.Option("--dir", help="where inbox and home are made")] = Path("demo"),
    enterprises: Annotated[int, typer.Option(min=1000, help="firms to simulate")] = 20_000,
    as_json: AsJson = False,
) -> None:
    """Simulate a small province, run everything, print what was published."""
    from simulator.simulate import simulate as write_inbox

    as_of = date(2025, 3, 31)
    write_inbox(
        directory / "inbox", enterprises=enterprises, households=enterprises // 10, seed=1, as_of=as_of
    )
    _run(directory / "inbox", directory / "home", as_of, None, "enterprise+coop", False, as_json)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="folder for the inbox; truth goes to OUT/truth")],
    enterprises: Annotated[int, typer.Option(min=1000)],
    seed: Annotated[int, typer.Option()],
    households: Annotated[int, typer.Option(min=0)] = 0,
    as_of: AsOf = datetime(2025, 3, 31),
) -> None:
    """Write the inbox of a synthetic province and its ground truth."""
    from simulator.simulate import simulate as write_inbox

    print(write_inbox(out, enterprises=enterprises, households=households, seed=seed, as_of=as_of.date()))


@app.command()
def run(
    inbox: Inbox,
    home: HomeDir,
    as_of: AsOf,
    city: Annotated[list[str] | None, typer.Option(help="only these cities, e.g. 3301; repeatable")] = None,
    scope: Annotated[str, typer.Option(help="enterprise, enterprise+coop or all")] = "enterprise+coop",
    resume: Annotated[bool, typer.Option(help="go on where a killed run of the same inputs stopped")] = False,
    rules: Rules = None,
    runner: Runner = "threads",
    lake: Lake = None,
    workers: Workers = None,
    dask_address: DaskAddress = None,
    as_json: AsJson = False,
) -> None:
    """Make and publish one batch."""
    crew = make_crew(runner, lake, workers, dask_address)
    _run(inbox, home, as_of.date(), city, scope, resume, as_json, rules, crew)


@app.command()
def backfill(
    inbox: Inbox,
    home: HomeDir,
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"])],
    until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"])],
    every: Annotated[str, typer.Option(help="month or week: one batch at the end of each")] = "month",
    rules: Rules = None,
    runner: Runner = "threads",
    lake: Lake = None,
    workers: Workers = None,
    dask_address: DaskAddress = None,
) -> None:
    """Make one batch per period, oldest first; run again, it goes on where it stopped."""
    from flows.periods import periods

    days = periods(since.date(), until.date(), every)
    crew = make_crew(runner, lake, workers, dask_address)
    come_up(answers=prepare(inbox, home, days[0], rules=rules, crew=crew))
    from flows.backfill import backfill as fill
    from flows.summary import text_summary

    for summary in fill(str(inbox), str(home), days, rules=str(rules) if rules else None, crew=crew):
        print(text_summary(summary), end="\n\n")


@app.command()
def place(
    in_file: Annotated[Path, typer.Option("--in", help="CSV, Parquet or XLSX")],
    column: Annotated[str, typer.Option(help="the column that holds the addresses")],
    out: Annotated[Path, typer.Option(help="CSV, Parquet or XLSX")],
    city_column: Annotated[
        str | None, typer.Option(help="the column that names the city, by name or code")
    ] = None,
    county_column: Annotated[str | None, typer.Option(help="the column that names the county")] = None,
    index: Annotated[
        Path | None, typer.Option(help="an index of places that a run left; else the file itself teaches")
    ] = None,
    explain: Annotated[
        bool, typer.Option(help="add place_note, runner_up and support: why, what else, how many taught it")
    ] = False,
) -> None:
    """Place the addresses of any file: its columns plus division, names, level, method and confidence."""
    from flows.place_file import PlaceRequest, place_file

    rows = place_file(PlaceRequest(in_file, out, column, city_column, county_column, index, explain))
    print(f"{rows:,} rows written to {out}")


@app.command()
def link(
    left: Annotated[Path, typer.Option(help="register: CSV, XLSX or Parquet with names or codes")],
    right: Annotated[Path, typer.Option(help="census or another list of the same firms")],
    out: Annotated[
        Path, typer.Option(help="pairs, as CSV, XLSX or Parquet; doubt goes to …_review beside it")
    ],
    left_id: Annotated[str | None, typer.Option(help="column that names a left row")] = None,
    right_id: Annotated[str | None, typer.Option(help="column that names a right row")] = None,
    as_json: AsJson = False,
) -> None:
    """Pair the rows of two lists that mean one firm: left_id, right_id, method, probability."""
    from flows.link_file import link_files, link_text

    figures = link_files(left, right, out, left_id, right_id)
    print(as_json_text(figures) if as_json else link_text(figures))


@app.command()
def screen(
    explain: Annotated[str, typer.Option(help="USCC 统一社会信用代码 of the firm")],
    home: HomeDir,
    batch: Annotated[str | None, typer.Option(help="batch id; the newest by default")] = None,
    as_json: AsJson = False,
) -> None:
    """Say why a firm is on or off the list: every rule, its inputs, its evidence."""
    from flows.explain import explain_firm, explanation_text

    explanation = explain_firm(home, explain, batch)
    print(as_json_text(explanation) if as_json else explanation_text(explanation))


@app.command()
def gate(home: HomeDir, as_json: AsJson = False) -> None:
    """Show the quality results of the newest run."""
    from expectations.report import quality_summary, read_report
    from flows.home import Home

    folders = sorted(
        Home(home.resolve()).runs.glob("*/gate/meta_quality.parquet"), key=lambda p: p.stat().st_mtime
    )
    if not folders:
        raise InputProblem(f"{home}: no run has reached its gate; start one with zoufang run")
    report = read_report(folders[-1].parents[1])
    print(as_json_text(report.frame().to_dicts()) if as_json else quality_summary(report))
    if report.verdict == "blocked":
        raise typer.Exit(1)


app.command()(feedback)
app.command()(report)
app.command()(dashboard)
app.add_typer(wall, name="wall")
batches.register(app)


def _run(
    inbox: Path,
    home: Path,
    as_of: date,
    cities: list[str] | None,
    scope: str,
    resume: bool,
    as_json: bool,
    rules: Path | None = None,
    crew: Crew = THREADS,
) -> None:
    from flows.settings import make_settings

    settings = make_settings(inbox, home, as_of, cities, scope, resume, rules)
    summary = None if has_work(settings) else _published_before(settings)
    if summary is None:
        come_up(settings, prepare(inbox, home, as_of, cities, scope, rules, crew))
        from flows.run import run_batch

        file = str(rules) if rules else None
        summary = run_batch(
            str(inbox), str(home), as_of, cities, scope, resume, rules=file,
            runner=crew.runner, lake=crew.lake, workers=crew.workers, dask_address=crew.address,
        )  # fmt: skip
    else:
        print("this run is published already; nothing to do", file=sys.stderr)
    from flows.summary import text_summary

    print(as_json_text(summary) if as_json else text_summary(summary))


def _published_before(settings: Settings) -> dict[str, Any] | None:
    # Loaded where it is asked for: a run that has work starts its server first.
    from flows.identity import nothing_to_do

    return nothing_to_do(settings)


def _stop(status: int, message: str) -> None:
    print(message, file=sys.stderr)
    sys.exit(status)
