INSERT INTO fact_batch_change BY NAME
SELECT *
FROM read_parquet($files, hive_partitioning = false, union_by_name = true)
ORDER BY against_batch_id, against_version, change, city_code_before, county_code_before, subject_key
