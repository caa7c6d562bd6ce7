"""Faults of machine, disk, files, clock and people against the whole pipeline: docs/faults.md."""

KINDS = (
    "kill", "disk", "permission", "input", "lake", "stopped", "published", "together", "moving", "clock",
)  # fmt: skip
"""What `python -m bench.faults --only` takes, in the order they are run."""
