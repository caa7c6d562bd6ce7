-- The sources of the account whose five columns do not add up to the rows that came in.
SELECT batch_id, source, rows_in, used + superseded + out_of_scope + excluded + quarantined AS accounted
FROM meta_row_account
WHERE rows_in IS DISTINCT FROM used + superseded + out_of_scope + excluded + quarantined
ORDER BY batch_id, source
