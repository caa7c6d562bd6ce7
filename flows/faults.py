"""Faults of the machine as libraries tell them: a full disk is an OSError, whoever noticed it.

Here: telling them apart from faults of data and program.  Not here: what is done about them (tasks.py, cli/).
"""

import errno
import os

import duckdb
import polars as pl

_NUMBERS = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.ENOMEM, errno.ESTALE,
)  # fmt: skip
_SERVER = "ephemeral Prefect API server"
_FOOTER = "Invalid thrift: transport error"
"""All that Polars says where the last bytes of a Parquet file could not be written."""


def os_fault(fault: BaseException) -> OSError | None:
    """Return the fault as an OSError if the machine is at fault, else None.

    Polars and DuckDB raise errors of their own and leave the system's words in the text; Prefect says only
    that nobody answered.
    """
    if isinstance(fault, OSError):
        return fault
    if isinstance(fault, RuntimeError) and _SERVER in str(fault):
        return server_fault()
    if isinstance(fault, (pl.exceptions.PolarsError, duckdb.Error)):
        for number in _NUMBERS:
            if os.strerror(number) in str(fault):
                return OSError(number, os.strerror(number))
        if _FOOTER in str(fault):
            return OSError(errno.EIO, "a Parquet file is not whole; is the disk full, or a file damaged?")
    return None


def server_fault() -> OSError:
    """Return the fault of a Prefect server that does not come up."""
    return OSError(
        errno.EIO,
        "Prefect's own server did not start; is the disk full, also that of temporary files (TMPDIR), or "
        "the machine overloaded?",
    )
