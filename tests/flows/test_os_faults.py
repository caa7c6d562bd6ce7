"""Faults of the machine are told from those of the program, whoever noticed them."""

import errno
import os

import duckdb
import polars as pl
import pytest

from flows.faults import os_fault

SERVER = "Timed out while attempting to connect to ephemeral Prefect API server."


@pytest.mark.parametrize(
    ("fault", "number", "words"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), errno.ENOSPC, "No space left"),
        (pl.exceptions.ComputeError("No space left on device (os error 28)"), errno.ENOSPC, "No space left"),
        (duckdb.IOException("IO Error: Permission denied"), errno.EACCES, "Permission denied"),
        (pl.exceptions.ComputeError("Invalid thrift: transport error"), errno.EIO, "is the disk full"),
        (RuntimeError(SERVER), errno.EIO, "TMPDIR"),
    ],
)
def test_a_fault_of_the_machine_says_what_to_look_at(fault: Exception, number: int, words: str) -> None:
    found = os_fault(fault)
    assert found is not None
    assert found.errno == number
    assert words in found.strerror


@pytest.mark.parametrize("fault", [RuntimeError("x"), ValueError(SERVER), pl.exceptions.ComputeError("x")])
def test_a_fault_of_the_program_is_none_of_the_machine(fault: Exception) -> None:
    assert os_fault(fault) is None
