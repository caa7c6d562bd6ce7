"""Identifiers of invented subjects: credit codes, organisation codes and old registration numbers.

Here: arithmetic of GB 32100, GB 11714 and GB/T 17710 over whole columns; bodies begin `00T`, so no code
names a living firm.
Not here: damage to codes (damage.py), which subject gets which (subjects.py).
"""

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", dtype=np.uint8)
_VALUE31 = np.zeros(128, dtype=np.int64)
_VALUE31[ALPHABET] = np.arange(31)
_VALUE36 = np.zeros(128, dtype=np.int64)
_VALUE36[np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)] = np.arange(36)
_ORG_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_USCC_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)])
_ORG_CHECKS = np.frombuffer(b"0123456789X", dtype=np.uint8)


def make_usccs(kind: Ints, county: Ints, serial: Ints) -> pl.Series:
    """One valid 18-character code per subject from 91/92/93, six county digits and a serial number."""
    code = np.empty((len(serial), 18), dtype=np.uint8)
    code[:, :2] = _digits(kind, 2)
    code[:, 2:8] = _digits(county, 6)
    code[:, 8:11] = np.frombuffer(b"00T", dtype=np.uint8)
    for place in range(5):
        code[:, 15 - place] = ALPHABET[(serial // 31**place) % 31]
    weighed = _VALUE36[code[:, 8:16]] @ _ORG_WEIGHTS
    code[:, 16] = _ORG_CHECKS[(11 - weighed % 11) % 11]
    weighed = _VALUE31[code[:, :17]] @ _USCC_WEIGHTS
    code[:, 17] = ALPHABET[(31 - weighed % 31) % 31]
    return as_text(code)


def make_reg_nos(county: Ints, serial: Ints) -> pl.Series:
    """One valid 15-digit registration number per subject (check digit MOD 11,10)."""
    code = np.empty((len(serial), 15), dtype=np.uint8)
    code[:, :6] = _digits(county, 6)
    code[:, 6:14] = _digits(serial, 8)
    rest = np.full(len(serial), 10, dtype=np.int64)
    for place in range(14):
        total = (rest + code[:, place] - 48) % 10
        rest = np.where(total == 0, 10, total) * 2 % 11
    code[:, 14] = 48 + (11 - rest) % 10
    return as_text(code)


def wrong_check(code: pl.Expr) -> pl.Expr:
    """The code with a check character that fails and that no look-alike repairs."""
    following = dict(zip("0123456789ABCDEFGHJKLMNPQRTUWXY", "123456799CCDEFGHJKLMNPQRTUWXY0", strict=False))
    following |= {"Y": "0", "7": "9", "A": "C"}
    return code.str.slice(0, 17) + code.str.slice(17, 1).replace_strict(following, return_dtype=pl.String)


def as_text(code: Bytes) -> pl.Series:
    """One string per row of ASCII bytes."""
    flat = np.ascontiguousarray(code).view(f"S{code.shape[1]}").ravel()
    return pl.Series(flat).cast(pl.String)


def _digits(number: Ints, width: int) -> Bytes:
    powers = 10 ** np.arange(width - 1, -1, -1)
    return ((number[:, None] // powers) % 10 + 48).astype(np.uint8)
