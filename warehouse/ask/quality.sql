-- One row per expectation of the batch's run, failures first.
SELECT q.*
FROM meta_quality AS q
JOIN dim_batch AS b USING (run_id)
WHERE b.batch_id = coalesce($batch_id, (SELECT arg_max(batch_id, as_of) FROM dim_batch))
ORDER BY q.success, q.severity, q.suite, q.expectation, q.column_name
