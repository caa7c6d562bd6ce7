-- A batch has each firm in the files of one city.
DELETE FROM fact_exclusion
WHERE batch_id = $batch_id AND subject_key IN (
    SELECT subject_key FROM read_parquet($files, hive_partitioning = false, union_by_name = true)
)
