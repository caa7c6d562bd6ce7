"""Who does the steps of a run, and where workers on other machines find its files: parameters, checked.

Here: the runner, the lake's URL, how many workers; light to import.  Not here: starting workers (cluster.py),
speaking to a store (lake.py).
"""

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from reference.errors import InputProblem

Runner = Literal["threads", "dask"]
VARIABLE = "ZOUFANG_LAKE"
_EXTRA = ("prefect_dask", "obstore")
_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/?#@\s]+)*/?")


@dataclass(frozen=True)
class Crew:
    """The runner; of dask: a lake all workers see, processes of this machine, or a scheduler's address."""

    runner: Runner = "threads"
    lake: str | None = None
    workers: int | None = None
    address: str | None = None


THREADS = Crew()
"""What a run is done by unless another is named."""


def make_crew(
    runner: str = "threads", lake: str | None = None, workers: int | None = None, address: str | None = None
) -> Crew:
    """Check how a run is to be done; InputProblem says what to change. No lake: that of ZOUFANG_LAKE."""
    if runner == "threads":
        for option, value in (("--lake", lake), ("--workers", workers), ("--dask-address", address)):
            if value is not None:
                raise InputProblem(f"{option} is for workers; add --runner dask, or leave it out")
        return THREADS
    if runner != "dask":
        raise InputProblem(f"runner '{runner}' is not known; choose threads or dask")
    if not all(find_spec(module) for module in _EXTRA):
        raise InputProblem("--runner dask needs the extra: pip install 'zoufang[dask]'")
    lake = lake or os.environ.get(VARIABLE) or None
    if lake and not _URL.fullmatch(lake):
        raise InputProblem(f"lake '{lake}' is not an address; write s3://BUCKET or s3://BUCKET/FOLDER")
    if workers is not None and (address or workers < 1):
        raise InputProblem("--workers counts processes of this machine, at least 1, without --dask-address")
    if address and not lake:
        raise InputProblem("--dask-address needs --lake: workers elsewhere do not see this home")
    return Crew("dask", lake.rstrip("/") if lake else None, workers, address)


def require_lake(crew: Crew) -> None:
    """Raise InputProblem or EnvironmentProblem if the crew's lake cannot be used."""
    if crew.lake:
        from flows.lake import open_lake

        open_lake(crew.lake).require_usable()
