DELETE FROM meta_quality
WHERE run_id IN (SELECT run_id FROM read_parquet($files, hive_partitioning = false))
