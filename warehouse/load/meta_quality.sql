INSERT INTO meta_quality BY NAME
SELECT run_id, suite, expectation, column_name, success, observed, unexpected_count, severity
FROM read_parquet($files, hive_partitioning = false, union_by_name = true)
ORDER BY ALL
