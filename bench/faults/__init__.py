"""Faults of machine, disk, files, clock and people against the whole pipeline: docs/faults.md."""
