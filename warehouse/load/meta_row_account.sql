-- The parts of the account (one file per step or city) added up per source.
INSERT INTO meta_row_account BY NAME
SELECT
    batch_id,
    source,
    sum(rows_in) AS rows_in,
    sum(used) AS used,
    sum(superseded) AS superseded,
    sum(out_of_scope) AS out_of_scope,
    sum(excluded) AS excluded,
    sum(quarantined) AS quarantined
FROM read_parquet($files, hive_partitioning = false, union_by_name = true)
GROUP BY ALL
ORDER BY batch_id, source
