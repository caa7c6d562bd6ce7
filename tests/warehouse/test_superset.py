"""The files that Superset imports (docs/superset), against the warehouse and a Superset if one is named.

`ZOUFANG_SUPERSET=…/bin/superset` names it; docs/bi.md says what has to be installed.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from analyst_case import DOCS, SETTING, blocks, publish_golden, sections
from mart_oracle import funnel

from warehouse.publish import published_file

ASSETS = DOCS / "superset"
READER = Path(__file__).with_name("superset_reader.py")
SUPERSET = os.environ.get("ZOUFANG_SUPERSET")
STEPS = ("targets", "visited", "effective", "declared", "recommended", "credited", "disbursed")


def assets(kind: str) -> list[dict[str, Any]]:
    return [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ASSETS / kind).rglob("*.yaml"))
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the golden list published below home/ and the project's docs beside it."""
    place = tmp_path_factory.mktemp("superset")
    publish_golden(place)
    (place / "docs").symlink_to(DOCS)
    return place


def test_the_connection_can_do_nothing_but_read(folder: Path) -> None:
    (database,) = assets("databases")
    assert [database[name] for name in ("allow_dml", "allow_ctas", "allow_cvas", "allow_csv_upload")] == [
        False
    ] * 4
    options = database["extra"]["engine_params"]["connect_args"]
    assert options["read_only"] is True
    assert options["config"].items() >= SETTING.items()
    with duckdb.connect(str(published_file(folder / "home")), **options) as con:
        with pytest.raises(duckdb.Error, match="read-only"):
            con.execute("CREATE TABLE more (n INTEGER)")
        with pytest.raises(duckdb.PermissionException):
            con.execute("FROM read_text('/etc/hostname')")


@pytest.mark.parametrize(
    "dataset", assets("datasets"), ids=lambda dataset: dataset["metrics"][0]["metric_name"]
)
def test_every_dataset_has_its_columns_and_metrics(folder: Path, dataset: dict[str, Any]) -> None:
    (database,) = assets("databases")
    assert dataset["database_uuid"] == database["uuid"]
    with duckdb.connect(str(published_file(folder / "home")), read_only=True, config=SETTING) as con:
        con.execute(f"CREATE TEMP VIEW asked AS {dataset['sql']}")
        types = {name: kind for name, kind, *_ in con.execute("DESCRIBE asked").fetchall()}
        named = {column["column_name"]: column["type"].replace(", ", ",") for column in dataset["columns"]}
        assert (
            named.items() <= {name: kind.replace("INTEGER", "BIGINT") for name, kind in types.items()}.items()
        )
        for metric in dataset["metrics"]:
            assert con.execute(f"SELECT {metric['expression']} FROM asked").fetchall() != [(None,)]


def test_every_chart_asks_for_what_its_dataset_has() -> None:
    datasets = {dataset["uuid"]: dataset for dataset in assets("datasets")}
    charts = assets("charts")
    assert len(charts) == 2
    for chart in charts:
        dataset, params = datasets[chart["dataset_uuid"]], chart["params"]
        metrics = params.get("metrics") or [params["metric"]]
        assert set(metrics) <= {metric["metric_name"] for metric in dataset["metrics"]}
        asked = {*params["groupby"], *(f["subject"] for f in params["adhoc_filters"])}
        asked |= {params["x_axis"]} if "x_axis" in params else set()
        assert asked <= {column["column_name"] for column in dataset["columns"]}


@pytest.mark.skipif(
    not SUPERSET, reason="no Superset: ZOUFANG_SUPERSET=…/bin/superset names one (docs/bi.md)"
)
def test_a_real_superset_imports_them_and_its_charts_show_the_figures(folder: Path) -> None:
    assert SUPERSET
    config = folder / "superset_config.py"
    config.write_text(
        f"SECRET_KEY = {'throw-away ' * 4!r}\nSQLALCHEMY_DATABASE_URI = 'sqlite:///{folder}/superset.db'\n",
        encoding="utf-8",
    )
    home = Path(SUPERSET).parent
    env = os.environ | {
        "SUPERSET_CONFIG_PATH": str(config), "SUPERSET_HOME": str(folder), "FLASK_APP": "superset",
        "PATH": f"{home}:{os.environ['PATH']}",
    }  # fmt: skip
    (documented,) = blocks(
        next(text for title, text in sections("bi.md").items() if title == "Superset"), "sh"
    )
    account = "--username admin --firstname a --lastname b --email a@example.org --password throw-away"
    for code in ("superset db upgrade", f"superset fab create-admin {account}", documented, documented):
        done = subprocess.run(
            ["bash", "-euc", code], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
    told = subprocess.run(
        [str(home / "python"), str(READER)], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr[-2000:]
    answer = json.loads(told.stdout.splitlines()[-1])
    cities, steps = (answer["charts"][chart["slice_name"]] for chart in assets("charts"))
    wanted = {"杭州市": "330100", "宁波市": "330200", "待认领": None}
    figures = {name: funnel()[("city", code, None, None), "all"]["coverage"] for name, code in wanted.items()}
    assert {row["city_name"]: row["coverage"] for row in cities} == figures
    province = funnel()[("province", None, None, None), "all"]
    assert {row["step"].split()[1]: row["firms"] for row in steps} == {step: province[step] for step in STEPS}
    assert answer["settings"] == ["read_only", *SETTING.values()]
    assert all(answer["refused"].values()), answer["refused"]
