-- Adds the firms that a batch lists for the first time; run after its list is loaded.
INSERT INTO first_listed
SELECT subject_key, $batch_id
FROM read_parquet($files, hive_partitioning = false, union_by_name = true)
WHERE subject_key NOT IN (SELECT subject_key FROM first_listed)
