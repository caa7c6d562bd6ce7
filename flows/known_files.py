"""What is known of a home's own files, from one run to the next: `lake/known.json`.

Here: keeping it, and forgetting all of it when the machine starts anew.
Not here: when a file is believed (known_bytes.py), files of the inbox (fingerprints.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from flows.home import Home
from flows.known_bytes import Known, KnownBytes
from flows.manifest import read_sealed, write_sealed

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Where Linux names the time since it started; elsewhere nothing is known from one run to the next."""
MOST = 100_000
"""Files that are remembered: those asked for last."""


@contextmanager
def remembering(home: Home) -> Iterator[Home]:
    """Give the home with what is known of its files; what was learned is kept, also where the work fails.

    Not where it is killed: the next run then reads again what that one wrote.

    Work files are not forced to the disk: after a power cut one may hold zeros where its size and times say
    that nothing changed. So what was known before this machine last started is not believed.
    """
    kept, boot = home.root / "lake" / "known.json", _boot_id()
    files = _recorded(kept, boot)
    remembers = replace(home, known=KnownBytes(files))
    try:
        yield remembers
    finally:
        latest = remembers.known.latest(MOST)
        # In order: those asked for last are the last to be forgotten.
        if boot is not None and [*latest.items()] != [*files.items()]:
            # Without it the next run reads more, no more than that.
            with suppress(OSError):
                write_sealed(kept, {"boot": boot, "files": latest}, durable=False)


def _recorded(kept: Path, boot: str | None) -> dict[int, Known]:
    """Return what an earlier run left; nothing if it cannot be read, or the machine has started since."""
    recorded = None
    with suppress(OSError):
        recorded = read_sealed(kept)
    if recorded is None or recorded["boot"] != boot:
        return {}
    return {int(inode): (sha256, size, time) for inode, (sha256, size, time) in recorded["files"].items()}


def _boot_id() -> str | None:
    return BOOT_ID.read_text(encoding="ascii").strip() if BOOT_ID.exists() else None
