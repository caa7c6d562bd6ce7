"""Prefect flows and tasks: order, retries, resume, artifacts. No business rule."""

import os

# Polars' allocator gives a block back to the system half a second after it was freed, one of 8 MB or more
# at once, and has four arenas a core: a run over a province then spends a fifth of its processor time on the
# same pages, given back and asked for again. Kept three seconds whatever their size, in one arena a core,
# they are there when the next step wants them, and the peak is no higher. It is read once, when Polars is
# loaded, so it stands before any import of it; what the user's environment says has the last word.
_ALLOCATOR = "_RJEM_MALLOC_CONF"
_OF_POLARS = "dirty_decay_ms:500,muzzy_decay_ms:1000"
"""What Polars puts in front of the environment's words: a command started by a program that has loaded it
finds this there, and nobody asked for it."""
_KEPT = f"dirty_decay_ms:3000,muzzy_decay_ms:0,oversize_threshold:0,narenas:{os.cpu_count() or 1}"
_asked = f"{os.environ.get(_ALLOCATOR, '')},".removeprefix(f"{_OF_POLARS},").removesuffix(",")
os.environ[_ALLOCATOR] = f"{_KEPT},{_asked}" if _asked else _KEPT

# Two threads more than processors: some always wait for the disk. Ingest of a province then takes an eighth
# less, the link a tenth, at the same peak. Read when Polars is loaded, as above.
POLARS_THREADS = "POLARS_MAX_THREADS"
ARE_THREADS_GIVEN = POLARS_THREADS in os.environ
os.environ.setdefault(POLARS_THREADS, str((os.cpu_count() or 1) + 2))
