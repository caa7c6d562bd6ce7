"""The DuckDB warehouse: schema, marts, build, publish, rollback; the only importer of DuckDB."""
