"""A BI client in a process of its own: opens, reads and closes the published file until it is told to stop.

`python bi_reader.py CLIENT FILE STOP` prints one line of JSON per reading: `{"seen": [batch, targets,
facts]}` or `{"failed": "…"}`.  When the file STOP exists it reads once more and ends.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

SETTING = {"disabled_optimizers": "compressed_materialization"}
NEWEST = "(SELECT max(batch_id) FROM dim_batch)"
QUERY = (
    "SELECT batch_id, targets, (SELECT count(*) FROM fact_visit_target AS f WHERE f.batch_id = h.batch_id) "
    f"FROM mart_headlines AS h WHERE region = 'province' AND batch_id = {NEWEST}"
)
PAUSE = 0.05
"""Seconds between readings: the publisher has to get on beside five clients on two processors."""
Seen = tuple[str, int, int]


def read_with_duckdb(file: str) -> Seen:
    import duckdb

    with duckdb.connect(file, read_only=True, config=SETTING) as con:
        return con.execute(QUERY).fetchall()[0]


def read_with_sqlalchemy(file: str) -> Seen:
    import sqlalchemy as sa

    engine = sa.create_engine(f"duckdb:///{file}", connect_args={"read_only": True, "config": SETTING})
    try:
        with engine.connect() as con:
            return tuple(con.execute(sa.text(QUERY)).one())
    finally:
        engine.dispose()


def read_with_adbc(file: str) -> Seen:
    import adbc_driver_duckdb
    from adbc_driver_manager import dbapi

    options = {"path": file, "access_mode": "READ_ONLY", **SETTING}
    driver = adbc_driver_duckdb.driver_path()
    with (
        dbapi.connect(
            driver=driver, entrypoint="duckdb_adbc_init", db_kwargs=options, autocommit=True
        ) as con,
        con.cursor() as cursor,
    ):
        cursor.execute(QUERY)
        return cursor.fetchall()[0]


def read_with_ibis(file: str) -> Seen:
    import ibis

    con = ibis.duckdb.connect(file, read_only=True, **SETTING)
    try:
        headlines, facts = con.table("mart_headlines"), con.table("fact_visit_target")
        batch = con.table("dim_batch").batch_id.max().execute()
        ours = headlines.filter(headlines.batch_id == batch, headlines.region == "province")
        targets = ours.targets.sum().execute()
        return batch, int(targets), int(facts.filter(facts.batch_id == batch).count().execute())
    finally:
        con.disconnect()


def read_with_cli(file: str) -> Seen:
    command = [str(Path(sys.executable).with_name("duckdb")), "-readonly", file, "-json"]
    setting = "SET disabled_optimizers = 'compressed_materialization'"
    told = subprocess.run([*command, "-c", setting, "-c", QUERY], capture_output=True, text=True, check=False)
    if told.returncode or told.stderr:
        raise RuntimeError(told.stderr)
    return tuple(json.loads(told.stdout)[0].values())


CLIENTS: dict[str, Callable[[str], Seen]] = {
    "duckdb": read_with_duckdb,
    "sqlalchemy": read_with_sqlalchemy,
    "adbc": read_with_adbc,
    "ibis": read_with_ibis,
    "cli": read_with_cli,
}


def main() -> None:
    read, file, stop = CLIENTS[sys.argv[1]], sys.argv[2], Path(sys.argv[3])
    ended = False
    while not ended:
        ended = stop.exists()
        try:
            line = {"seen": read(file)}
        except Exception as error:  # a reading that fails in any way is what the test looks for
            line = {"failed": repr(error)}
        print(json.dumps(line), flush=True)
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
