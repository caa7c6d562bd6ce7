-- One row per region of the batch.
SELECT * FROM mart_headlines
WHERE batch_id = coalesce($batch_id, (SELECT arg_max(batch_id, as_of) FROM dim_batch))
ORDER BY region
