-- One row per city of the batch.
SELECT * FROM mart_progress_city
WHERE batch_id = coalesce($batch_id, (SELECT arg_max(batch_id, as_of) FROM dim_batch))
ORDER BY city_code NULLS LAST
