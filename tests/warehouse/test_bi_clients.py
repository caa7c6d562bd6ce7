"""BI clients of five kinds read the published file while batches are rebuilt and published over it."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from analyst_case import blocks, sections
from bi_reader import CLIENTS
from golden_case import MAR, build_golden
from warehouse_makers import make_batch, record_of, write_table

from warehouse.candidate import add_quality
from warehouse.publish import publish, published_file

MONTHS = [date(2025, month, 28) for month in range(1, 4)]
SIZE = 60
READER = Path(__file__).with_name("bi_reader.py")
Publish = Callable[[int], None]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def publish_months(home: Path, build: Callable[..., Path]) -> Publish:
    """Rebuild the warehouse of the first `count` months and publish it; month n has n times SIZE targets."""

    def _publish(count: int) -> None:
        batches = [
            make_batch(home / "lake", day, [{"subject_key": f"F{k}"} for k in range(SIZE * (n + 1))])
            for n, day in enumerate(MONTHS[:count])
        ]
        candidate = build(*batches, name="candidate")
        record = record_of(MONTHS[count - 1])
        gate = {
            "run_id": record.run_id,
            "suite": "s",
            "expectation": "e",
            "severity": "error",
            "success": True,
        }
        add_quality(candidate, write_table(home / "quality.parquet", "quality", [gate]))
        publish(candidate, home, record, keep=1)

    return _publish


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def start(client: str, home: Path, stop: Path, log: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, str(READER), client, str(published_file(home)), str(stop)]
    with log.open("wb") as out, log.with_suffix(".err").open("wb") as err:
        return subprocess.Popen(command, stdout=out, stderr=err)


def wait_until(ready: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "the clients did not get so far"
        time.sleep(0.05)


def test_no_reading_fails_while_batches_are_rebuilt_and_published(
    home: Path, tmp_path: Path, publish_months: Publish
) -> None:
    publish_months(1)
    stop, logs = tmp_path / "stop", {client: tmp_path / f"{client}.log" for client in CLIENTS}
    processes = [start(client, home, stop, log) for client, log in logs.items()]
    try:
        wait_until(lambda: all(lines(log) for log in logs.values()))
        for count in range(2, len(MONTHS) + 1):
            publish_months(count)
        read_before = {client: len(lines(log)) for client, log in logs.items()}
        # Two more each: the first may have been under way when the last batch was published.
        wait_until(lambda: all(len(lines(log)) > read_before[client] + 1 for client, log in logs.items()))
        stop.touch()
        assert [process.wait(60) for process in processes] == [0] * len(CLIENTS)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    whole = {f"ZJ-{day:%Y%m-%d}": SIZE * (n + 1) for n, day in enumerate(MONTHS)}
    for client, log in logs.items():
        assert [line["failed"] for line in lines(log) if "failed" in line] == [], client
        seen = [line["seen"] for line in lines(log)]
        assert [row for row in seen if row[1:] != [whole[row[0]]] * 2] == [], client
        assert [row[0] for row in seen] == sorted(row[0] for row in seen), client
        assert seen[-1][0] == max(whole), client


@pytest.fixture(scope="module")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the golden list published below home/."""
    folder = tmp_path_factory.mktemp("analyst")
    publish(build_golden(folder), folder / "home", record_of(MAR))
    return folder


def snippets() -> list[tuple[str, str, str]]:
    """Title, language and code of every example of the page that prints the headlines."""
    clients = ("SQLAlchemy", "ADBC", "ibis", "Command", "Python")
    texts = {title: text for title, text in sections("bi.md").items() if title.split(" ")[0] in clients}
    found = [
        (title, language, code)
        for title, text in texts.items()
        for language in ("python", "sh")
        for code in blocks(text, language)
    ]
    assert sorted(title.split(" ")[0] for title, _, _ in found) == sorted(clients)
    return found


@pytest.mark.parametrize(("title", "language", "code"), snippets(), ids=lambda text: text[:8].strip())
def test_the_examples_of_the_page_print_the_headlines(
    title: str, language: str, code: str, analyst: Path
) -> None:
    command = [sys.executable, "-c", code] if language == "python" else ["bash", "-euc", code]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=analyst, env=os.environ | {"PATH": path}
    )
    assert (told.returncode, told.stderr) == (0, ""), title
    figures = [re.findall(r"[\w.]+", line) for line in told.stdout.splitlines() if "province" in line]
    shown = [[region, targets, str(int(float(amount)))] for region, targets, amount in figures]
    assert shown == [["province", "7", "800000"], ["province_excl_ningbo", "6", "800000"]], told.stdout
