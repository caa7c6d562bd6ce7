"""Measurements beside peers and floors; each module says how to run it."""
