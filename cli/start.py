"""How a run starts: what is refused at once, and what comes up beside what.

Here: the order that wastes no time before the first step.  Not here: arguments (app.py), the run (flows/).
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from flows.crew import THREADS, Crew, require_lake
from flows.home import Home
from flows.settings import Settings
from reference.errors import InputProblem

Answers = Callable[[], None]
"""Waits until Prefect's server answers."""
RECORDS = ".prefect"
"""Folder of a home: Prefect's own records."""


def prepare(
    inbox: Path,
    home: Path,
    as_of: date,
    cities: list[str] | None = None,
    scope: str = "enterprise+coop",
    rules: Path | None = None,
    crew: Crew = THREADS,
) -> Answers | None:
    """Refuse what cannot go well before anything but Prefect's own records and the home's lock is written.

    Where Prefect has run before, its server is started meanwhile: a province's inbox takes seconds to look
    through. What is returned waits for it. It ends with this process if something is refused.
    """
    from flows.settings import make_settings

    settings = make_settings(inbox, home, as_of, cities, scope, rules=rules)
    answers = _start_again(settings.home)
    from flows.ingest import check_inbox
    from flows.known_shapes import read_shapes

    check_inbox(settings.inbox, read_shapes(settings.home))
    require_lake(crew)
    settings.home.require_free()
    _give_prefect_a_home(settings.home)
    return answers


def has_work(settings: Settings) -> bool:
    """Return whether names and sizes alone tell that the inbox is not as a run last read it.

    Reads no file of it, so a run that has work loses no time before its server is started. False says
    nothing: another file may be of the same size.
    """
    from flows.fingerprints import differ
    from flows.inbox_files import inbox_files

    try:
        return differ(settings.home, inbox_files(settings.inbox))
    except InputProblem:
        # What is wrong with it is told with all else that is.
        return True


def come_up(settings: Settings | None = None, answers: Answers | None = None) -> None:
    """Return when Prefect's server answers; meanwhile the flows are loaded, and an inbox is read if given.

    `answers`: of a server that is coming up already.
    """
    from flows.own_server import start_server

    answers = answers or start_server()
    with ThreadPoolExecutor(max_workers=1) as beside:
        loading = beside.submit(_load)
        if settings:
            # In the main thread, as it may take minutes: here an interrupt ends it.
            _read(settings)
        loading.result()
        answers()


def _load() -> None:
    import flows.run  # noqa: F401
    from flows.own_server import load_engine

    load_engine()


def _read(settings: Settings) -> None:
    from flows.identity import read_inbox

    read_inbox(settings)


def _start_again(home: Home) -> Answers | None:
    """Start the server in a home that has its records already, and that nobody else writes to."""
    if not (home.root / RECORDS).is_dir():
        return None
    home.require_free()
    # Before anything of Prefect is loaded: it reads its settings then.
    _give_prefect_a_home(home)
    from flows.own_server import start_server

    return start_server()


def _give_prefect_a_home(home: Home) -> None:
    """Keep Prefect's own records under the home folder, unless the user chose a place or a server."""
    folder = home.root / RECORDS
    if "PREFECT_HOME" not in os.environ:
        # Its server cannot make the folder itself: it then waits for a database it may not open.
        folder.mkdir(parents=True, exist_ok=True)
        os.environ["PREFECT_HOME"] = str(folder)


def quiet_libraries() -> None:
    """No call leaves the machine, and a person sees our messages only."""
    quiet = {
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    }
    for name, value in quiet.items():
        os.environ.setdefault(name, value)
