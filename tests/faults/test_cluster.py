"""Steps taken by Dask workers, files in an object store: the same batch, whoever dies in the middle."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from glob import glob
from pathlib import Path
from uuid import uuid4

import obstore
import psutil
import pytest
from services import BIN, free_port, service, until
from verbs import run, zoufang

from bench.faults.attempts import Attempt
from bench.faults.compare import contents, curated
from bench.object_store import BUCKET, object_store
from flows import cluster, crew
from flows.home import Home
from flows.lake import Lake, open_lake
from flows.lake_steps import LakeSteps
from flows.manifest import Artifact, Body, artifact_of
from flows.orders import IngestOrder, StepOrder, Terms
from flows.scratch import Scratch
from flows.settings import make_settings
from flows.site import Site
from reference.errors import EnvironmentProblem
from warehouse.publish import published_file

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cluster")]
DAY = "2025-01-31"
LAKE = f"s3://{BUCKET}/province"
HASH_KEY = "the same key for every home and every worker"


@pytest.fixture(scope="module")
def store(prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of an object store that runs as long as these tests do; this process uses it."""
    log = tmp_path_factory.mktemp("store") / "store.log"
    with object_store(log) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in {**server.environment, "ZOUFANG_HASH_KEY": HASH_KEY}.items():
            patch.setenv(name, value)
        yield server.environment


@pytest.fixture(scope="module")
def threads(store: dict[str, str], two_cities: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose batch was made by threads of one process."""
    home = tmp_path_factory.mktemp("threads") / "home"
    ended = run(two_cities, home, DAY)
    assert ended.status == 0, ended.err
    return home


@pytest.fixture(autouse=True)
def _as_a_new_process() -> None:
    """A process speaks to a lake as its environment was at first; here it changes."""
    open_lake.cache_clear()


def require_alike(home: Path, other: Path) -> None:
    """Curated files byte by byte, what each step made, what is published."""
    assert curated(home) == curated(other)
    assert steps(home) == steps(other)
    assert contents(published_file(home)) == contents(published_file(other))


def steps(home: Path) -> dict[str, str]:
    manifests = {path.stem: path.read_text(encoding="utf-8") for path in home.glob("runs/*/steps/*.json")}
    return {name: text for name, text in manifests.items() if name != "ready"}


def test_a_worker_in_the_same_home_makes_the_same(threads: Path, two_cities: Path, tmp_path: Path) -> None:
    ended = run(two_cities, tmp_path / "home", DAY, "--runner", "dask", "--workers", "1")
    assert ended.status == 0, ended.err
    require_alike(tmp_path / "home", threads)


def test_killed_workers_and_a_killed_run_lose_nothing(
    threads: Path, two_cities: Path, tmp_path: Path, store: dict[str, str]
) -> None:
    home = tmp_path / "home"
    command = ["run", "--inbox", str(two_cities), "--home", str(home), "--as-of", DAY, "--resume"]
    command += ["--runner", "dask", "--lake", LAKE]
    first = Attempt.real([*command, "--workers", "2"], tmp_path / "first.log", dict(os.environ))
    kill_one_at_work(first, "older", home / ".workers")
    wait_for(first, "shared")
    workers = psutil.Process(first.process.pid).children(recursive=True)
    heard = {place for one in [psutil.Process(first.process.pid), *workers] for place in listens(one)}
    assert heard == {"127.0.0.1"}, "whoever reaches Dask's ports may run anything"
    first.process.kill()
    assert first.wait() == -9
    assert psutil.wait_procs(workers, timeout=20)[1] == [], "workers of a run that is gone"
    assert "is gone; what it was doing is done again" in first.log.read_text(encoding="utf-8")
    assert not published_file(home).exists()

    with dask(tmp_path / "machines") as address:
        second = Attempt.real(
            [*command, "--dask-address", address], tmp_path / "second.log", dict(os.environ)
        )
        kill_one_at_work(second, "shared", tmp_path / "machines")
        assert second.wait() == 0, second.log.read_text(encoding="utf-8")
    require_alike(home, threads)
    told = zoufang("report", "--home", home, "--json").out
    assert '"how": "resumed"' in told
    assert store["AWS_SECRET_ACCESS_KEY"] not in told
    logs = first.log.read_text(encoding="utf-8") + second.log.read_text(encoding="utf-8")
    assert not any(secret in logs for secret in (store["AWS_SECRET_ACCESS_KEY"], HASH_KEY))


@contextmanager
def dask(folder: Path) -> Iterator[str]:
    """A scheduler and a machine of one worker, as docs/operations.md starts them; give its address."""
    folder.mkdir()
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    own = dict(os.environ) | {"POLARS_MAX_THREADS": "1"}
    scheduler = [BIN / "dask", "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"]
    workers = [BIN / "dask", "worker", address, "--host", "127.0.0.1", "--nworkers", "1", "--nthreads", "1"]
    workers += ["--memory-limit", "0", "--local-directory", folder, "--no-dashboard"]
    with (
        service(folder / "scheduler.log", own, *scheduler),
        service(folder / "workers.log", own, *workers),
    ):
        yield address


def listens(process: psutil.Process) -> list[str]:
    """Return the addresses a process listens on."""
    return [one.laddr.ip for one in process.net_connections() if one.status == psutil.CONN_LISTEN]


def wait_for(attempt: Attempt, step: str) -> None:
    """Wait until a step is told."""
    until(lambda: step in attempt.steps() or None, 120, f"{step} in {attempt.log}")


def kill_one_at_work(attempt: Attempt, after: str, scratch: Path) -> None:
    """Kill the first worker that is seen in the middle of a step after the one named."""
    wait_for(attempt, after)
    # Not Path.glob: it fails where a folder goes while it looks.
    places = f"{scratch}/**/zoufang/*/home-*-*"
    at_work = until(
        lambda: glob(places, recursive=True) or None,  # noqa: PTH207
        60,
        f"worker in {scratch}",
    )
    os.kill(int(Path(at_work[0]).name.split("-")[1]), signal.SIGKILL)


@pytest.mark.parametrize(
    ("options", "variables", "status", "told"),
    [
        (["--lake", "s3://nowhere/zj"], {}, 2, "s3://nowhere/zj: there is no such bucket"),
        (["--lake", LAKE], {"AWS_SECRET_ACCESS_KEY": "another"}, 2, "refuses these credentials"),
        (["--lake", LAKE], {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, 3, "no store answers at http://127"),
        (["--lake", "lake/zj"], {}, 2, "write s3://BUCKET"),
        (["--lake", LAKE, "--dask-address", "tcp://127.0.0.1:9"], {}, 3, "no Dask scheduler answers at tcp"),
        (["--dask-address", "tcp://127.0.0.1:9"], {}, 2, "--dask-address needs --lake"),
        (["--workers", "0"], {}, 2, "at least 1"),
    ],
)
def test_what_cannot_go_well_is_told_and_nothing_is_published(
    store: dict[str, str],
    one_city: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    variables: dict[str, str],
    status: int,
    told: str,
) -> None:
    monkeypatch.setattr(cluster, "GREETING", 1)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ended = run(one_city, tmp_path / "home", DAY, "--runner", "dask", *options)
    assert ended.status == status, ended.err
    assert told in ended.err
    assert "Traceback" not in ended.err
    assert not published_file(tmp_path / "home").exists()


@pytest.fixture
def lake(store: dict[str, str]) -> Lake:
    return open_lake(f"s3://{BUCKET}/{uuid4().hex}")


@pytest.fixture
def steps_of(lake: Lake, tmp_path: Path) -> Callable[[str], LakeSteps]:
    """What a new worker has of a run."""

    def worker(run_id: str) -> LakeSteps:
        settings = make_settings(tmp_path, tmp_path / "home", date(2025, 1, 31))
        return LakeSteps(lake, Site(settings, run_id), Scratch(tmp_path / uuid4().hex, run_id, lake))

    return worker


def sent(lake: Lake, path: str, text: str, folder: Path) -> Artifact:
    """Put a file into the lake."""
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    artifact = artifact_of(place, Home(folder))
    lake.send([(place, artifact.sha256)])
    return artifact


def counted(site: Site) -> Body:
    """A body that writes which files its home has."""
    found = sorted(str(p.relative_to(site.settings.home.root)) for p in site.folder.rglob("*.txt"))
    site.work.mkdir(parents=True, exist_ok=True)
    (site.work / "out.txt").write_text("\n".join(found))
    return [site.work / "out.txt"], {"files": found}


def test_a_step_has_the_files_it_declared_and_no_others(
    lake: Lake, steps_of: Callable[[str], LakeSteps], tmp_path: Path
) -> None:
    folder, path = tmp_path / "from", "runs/{{run}}/work/{}.txt"
    one, two = (sent(lake, path.format(name), name, folder) for name in ("one", "two"))
    worker = steps_of("r")
    assert worker.take("both", "a", [one, two], counted).figures["files"] == [
        "runs/r/work/one.txt",
        "runs/r/work/two.txt",
    ]
    assert worker.take("second", "b", [two], counted).figures["files"] == ["runs/r/work/two.txt"]


def test_a_step_is_done_when_it_is_told_and_its_files_are_whole(
    lake: Lake, steps_of: Callable[[str], LakeSteps], monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(name: str, content: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(lake, "write", dies)
        with pytest.raises(KeyboardInterrupt):
            steps_of("r").take("step", "a", [], counted)
    hows = [steps_of(run_id).take("step", "a", [], counted).how for run_id in ("r", "r", "other")]
    # Without resume a run trusts what others made, not what an earlier try of itself did.
    assert hows == ["made", "made", "linked"]
    made = steps_of("other").take("step", "a", [], counted)
    obstore.delete(lake.store, f"objects/{made.artifacts[0].sha256}")
    assert steps_of("third").take("step", "a", [], counted).how == "made"


def test_other_bytes_than_were_stored_are_refused_by_name(
    lake: Lake, steps_of: Callable[[str], LakeSteps], tmp_path: Path
) -> None:
    file = sent(lake, "runs/{run}/work/one.txt", "one", tmp_path / "from")
    obstore.put(lake.store, f"objects/{file.sha256}", b"spoilt")
    with pytest.raises(OSError, match="other bytes") as caught:
        steps_of("r").take("step", "a", [file], counted)
    assert str(caught.value.filename).endswith(f"objects/{file.sha256}")


def test_a_worker_of_other_code_or_with_another_key_refuses(
    steps_of: Callable[[str], LakeSteps], monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = Terms(steps_of("r").site, LAKE, "0.1.0+other", "another", None)
    with pytest.raises(EnvironmentProblem, match="install the same on every machine"):
        StepOrder(terms, "step", "a", (), counted).done()
    with pytest.raises(EnvironmentProblem, match="give every worker the ZOUFANG_HASH_KEY"):
        IngestOrder(terms, []).done()


def test_without_the_extra_it_says_what_to_install(
    one_city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "find_spec", lambda module: None)
    ended = run(one_city, tmp_path / "home", DAY, "--runner", "dask")
    assert (ended.status, "pip install 'zoufang[dask]'" in ended.err) == (2, True)


@pytest.mark.parametrize("option", ["--lake=s3://lake/zj", "--workers=2", "--dask-address=tcp://127.0.0.1:9"])
def test_options_of_workers_are_not_taken_for_threads(one_city: Path, tmp_path: Path, option: str) -> None:
    ended = run(one_city, tmp_path / "home", DAY, option)
    assert (ended.status, "--runner dask" in ended.err) == (2, True)
