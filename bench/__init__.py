"""Benchmarks: how true and how fast a batch is."""
