"""What a candidate gets and has to show after the gate: its gate results and a balanced account.

Here: `add_quality` (writes) and `verify_account` (reads).  Not here: building it, judging it, publishing it.
"""

from pathlib import Path

import duckdb

from warehouse.schema import read_sql


class AccountProblem(Exception):
    """A source's rows do not add up: rows were lost or counted twice, so nothing may be published."""


def add_quality(candidate: Path, quality: Path) -> int:
    """Store one run's gate results in the candidate's meta_quality and return their number.

    Run it after the gate has closed the file; a second call for the same run replaces the first.
    """
    files = {"files": [str(quality)]}
    with duckdb.connect(str(candidate)) as con:
        con.begin()
        con.execute(read_sql("load", "meta_quality_clear"), files)
        con.execute(read_sql("load", "meta_quality"), files)
        con.commit()
        con.execute("CHECKPOINT")
        return con.execute(read_sql("load", "meta_quality_count"), files).fetchall()[0][0]  # type: ignore[no-any-return]


def verify_account(candidate: Path) -> int:
    """Return the number of account rows; AccountProblem names each source that does not add up.

    used + superseded + out_of_scope + excluded + quarantined has to equal rows_in, and at least one source
    has to be accounted for.
    """
    with duckdb.connect(str(candidate), read_only=True) as con:
        wrong = con.execute(read_sql("load", "unbalanced")).fetchall()
        count = con.table("meta_row_account").shape[0]
    if wrong:
        lines = [
            f"{batch} {source}: {rows} rows in, {found} accounted for" for batch, source, rows, found in wrong
        ]
        raise AccountProblem("\n".join(["the row account does not balance:", *lines]))
    if count == 0:
        raise AccountProblem(f"{candidate.name} holds no row account")
    return count
