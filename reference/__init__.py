"""Reference data with provenance, and the typed loaders that read it."""
