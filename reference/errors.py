"""The two ways a run may end other than well, told apart by who must act.

Here: errors whose text is shown to a person as it stands.  Not here: exit codes (cli/).
"""

import re
import unicodedata
from collections.abc import Iterable

GUIDE = "docs/operations.md"
"""Where a person on call finds what a message has no room for."""


def listed(names: Iterable[str], most: int = 40, longest: int = 60) -> str:
    """Return names as a message shows them: parted by commas, cut, without control characters."""
    found = [*names]
    shown = [shown_header(name[:longest]) for name in found[:most]]
    return ", ".join([*shown, *([f"and {len(found) - most:,} more"] if len(found) > most else [])])


def shown_header(header: str) -> str:
    """Return a header for a message; where a file has none, a telephone or identity number stands there."""
    return re.sub(r"\d{6,}[\dXx]?", "****", shown_name(header))


def shown_name(name: str) -> str:
    """Return a name with what would move a terminal's cursor or break a line written out."""
    if name.isprintable():
        return name
    tricks = ("Cc", "Cs", "Zl", "Zp")
    bidi = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return "".join(f"\\u{ord(c):04x}" if c in bidi or unicodedata.category(c) in tricks else c for c in name)


def first_line(error: Exception) -> str:
    """Return what a library says of an error, without the notes below it."""
    return shown_name(str(error).partition("\n")[0][:300])


class InputProblem(Exception):
    """The user's files or arguments are wrong; the message names what, where and the remedy."""


class EnvironmentProblem(Exception):
    """The machine or another process stands in the way (lock, disk, permission); not the data."""
