import os
import pickle
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows import steps_link
from flows.home import Home
from flows.ingest import check_inbox, ingest_file
from flows.split import SPLIT, Split, split_file
from flows.steps_link import HASHED_AS, OUTRANKED, SIDE, UNIT_CODES, census_step, link_step, parties_step
from flows.steps_register import older_step, subjects_step
from simulator.simulate import simulate
from transforms.link_probable import still_free

KEY, DAY = b"tests", date(2025, 1, 31)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Split], list[Path], Path]:
    """The pieces of a small census, the subjects of a register, and a folder in which the census is ready."""
    folder = tmp_path_factory.mktemp("link_step")
    simulate(folder / "inbox", enterprises=1_000, households=50, seed=3, as_of=DAY)
    home = Home(folder / "home")
    files = [file for file in check_inbox(folder / "inbox") if file.source in ("registry", "census")]
    reports = [ingest_file(file, home.staged, home.quarantine, hash_key=KEY) for file in files]
    splits = [split_file(report, home) for report in reports if report.source in SPLIT]
    registry = [split for split in splits if split.source == "registry"]
    census = [split for split in splits if split.source == "census"]
    older_step([home.root / a.path for s in registry for of in s.pieces.values() for a in of], folder, DAY)
    subjects: list[Path] = []
    for city in sorted({bucket for split in registry for bucket in split.pieces}):
        own = [home.root / a.path for split in registry for a in split.pieces.get(city, ())]
        subjects += subjects_step(own, city, folder, DAY)[0]
    census_step(census, folder)
    return census, subjects, folder


def test_the_side_made_anew_has_the_same_bytes(
    work: tuple[list[Split], list[Path], Path], tmp_path: Path
) -> None:
    """Else a step that reads it would be made anew although nothing changed: here by one thread."""
    script = (
        "import pickle, sys, pathlib; from flows.steps_link import census_step; "
        "census_step(pickle.load(sys.stdin.buffer), pathlib.Path(sys.argv[1]))"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], input=pickle.dumps(work[0]), check=True,
        env=os.environ | {"POLARS_MAX_THREADS": "1"},
    )  # fmt: skip
    codes = [str(path.relative_to(work[2])) for path in (work[2] / UNIT_CODES).glob("*.parquet")]
    assert len(codes) > 5
    for name in (SIDE, OUTRANKED, *codes):
        assert (tmp_path / name).read_bytes() == (work[2] / name).read_bytes(), name


def frames(paths: list[Path], work: Path) -> dict[str, pl.DataFrame]:
    return {str(path.relative_to(work)): pl.read_parquet(path) for path in paths}


def test_a_side_hashed_by_another_machine_is_made_anew_and_changes_nothing(
    work: tuple[list[Split], list[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    census, subjects, folder = work
    paths, figures = link_step(census, subjects, [], folder)
    assert figures["outcomes"]["linked"] > 400
    usual = frames(paths, folder)
    side = pl.read_parquet(folder / SIDE)
    elsewhere = side.with_columns(pl.col("uscc", "org_code", "reg_no", "name", "bare") + 1)
    elsewhere.write_parquet(folder / SIDE, metadata={HASHED_AS: "as another machine does"})
    there, told = link_step(census, subjects, [], folder)
    assert told == figures
    for name, frame in frames(there, folder).items():
        assert_frame_equal(frame, usual[name])
    # Believed, the same side would have found next to nobody by code.
    monkeypatch.setattr(steps_link, "hashed_as", lambda: "as another machine does")
    believed = link_step(census, subjects, [], folder)[1]["outcomes"]
    assert believed["linked"] < figures["outcomes"]["linked"] / 4


def test_names_told_before_change_no_link(work: tuple[list[Split], list[Path], Path], tmp_path: Path) -> None:
    """Also where some cities' are told and others' are not, and where units bear the codes of all."""
    census, subjects, folder = work
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    usual = frames(link_step(census, subjects, [], folder)[0], folder)
    told = [path for at in subjects for path in parties_step(tmp_path, at.stem)[0]]
    assert 0 < pl.scan_parquet(told).collect().height < pl.scan_parquet(subjects).collect().height / 2
    for some in (told, told[::2]):
        for name, frame in frames(link_step(census, subjects, some, tmp_path)[0], tmp_path).items():
            assert_frame_equal(frame, usual[name])


def test_the_names_of_a_subject_keep_their_order_whatever_is_taken(tmp_path: Path) -> None:
    """Of names that agree equally well the first is compared, and a join of many rows keeps no order."""
    owners = pl.DataFrame({"owner": [f"S{n:06}" for n in range(120_000)]})
    named = owners.join(pl.DataFrame({"at": [0, 1, 2]}), how="cross", maintain_order="left_right")
    for part in range(4):
        named.slice(part * 90_000, 90_000).write_parquet(tmp_path / f"{part}.parquet", row_group_size=20_000)
    taken = owners.gather_every(3).select(subject_key="owner")
    told = pl.scan_parquet(tmp_path / "*.parquet")
    kept = still_free(told, taken.lazy()).collect(engine="streaming")
    assert kept.height == 240_000
    orders = kept.group_by("owner", maintain_order=True).agg(pl.col("at").cast(pl.String).str.join())
    assert orders["at"].unique().to_list() == ["012"]
