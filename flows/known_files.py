"""What is known of a home's own files, from one run to the next: `lake/known.json`.

Here: keeping it, and forgetting all of it when the machine starts anew.
Not here: when a file is believed (known_bytes.py), files of the inbox (fingerprints.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from flows.home import Home
from flows.known_bytes import KnownBytes
from flows.manifest import read_sealed, write_sealed

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Where Linux names the time since it started; elsewhere nothing is known from one run to the next."""
MOST = 100_000
"""Files that are remembered: those asked for last."""


@contextmanager
def remembering(home: Home) -> Iterator[Home]:
    """Give the home with what is known of its files; what was learned is kept, however the work ends.

    Work files are not forced to the disk: after a power cut one may hold zeros where its size and times say
    that nothing changed. So what was known before this machine last started is not believed.
    """
    kept, boot = home.root / "lake" / "known.json", _boot_id()
    recorded = read_sealed(kept) or {}
    is_believed = boot is not None and recorded.get("boot") == boot
    files = {int(inode): tuple(known) for inode, known in recorded["files"].items()} if is_believed else {}
    remembers = replace(home, known=KnownBytes(files))
    try:
        yield remembers
    finally:
        if boot is not None and (latest := remembers.known.latest(MOST)):
            # Without it the next run reads more, no more than that.
            with suppress(OSError):
                write_sealed(kept, {"boot": boot, "files": latest}, durable=False)


def _boot_id() -> str | None:
    return BOOT_ID.read_text(encoding="ascii").strip() if BOOT_ID.exists() else None
