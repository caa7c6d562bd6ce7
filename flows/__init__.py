"""Prefect flows and tasks: order, retries, resume, artifacts. No business rule."""

import os

# Polars' allocator gives a block back to the system half a second after it was freed, and has four arenas a
# core: a run over a province then spends a fifth of its processor time on the same pages, given back and
# asked for again. Kept ten seconds, in one arena a core, they are there when the next step wants them, and
# the peak is no higher. It is read once, when Polars is loaded, so it stands before any import of it; what
# the environment says already stays.
os.environ.setdefault("_RJEM_MALLOC_CONF", f"dirty_decay_ms:10000,narenas:{os.cpu_count() or 1}")

# Two threads more than processors: some always wait for the disk. Ingest of a province then takes an eighth
# less, the link a tenth, at the same peak. Read when Polars is loaded, as above.
POLARS_THREADS = "POLARS_MAX_THREADS"
ARE_THREADS_GIVEN = POLARS_THREADS in os.environ
os.environ.setdefault(POLARS_THREADS, str((os.cpu_count() or 1) + 2))
