-- One row per source of the batch.
SELECT * FROM meta_row_account
WHERE batch_id = coalesce($batch_id, (SELECT arg_max(batch_id, as_of) FROM dim_batch))
ORDER BY source
