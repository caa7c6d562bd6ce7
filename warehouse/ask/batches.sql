-- One row per batch, newest first.
SELECT * FROM dim_batch ORDER BY as_of DESC
