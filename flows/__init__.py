"""Prefect flows and tasks: order, retries, resume, artifacts. No business rule."""
