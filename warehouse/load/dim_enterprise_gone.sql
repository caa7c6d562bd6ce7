-- Only where one batch is published (Exchange.firms_anew is false): a firm then has one row.
DELETE FROM dim_enterprise
WHERE subject_key IN (
    SELECT subject_key FROM read_parquet($files, hive_partitioning = false, union_by_name = true)
)
