-- The newest batch before this one that holds the same scope of the same cities: what it may be compared with.
SELECT p.batch_id, p.run_id, p.version, p.as_of
FROM dim_batch AS b
JOIN dim_batch AS p
    ON p.as_of < b.as_of AND p.scope = b.scope AND p.cities IS NOT DISTINCT FROM b.cities
WHERE b.batch_id = $batch_id
ORDER BY p.as_of DESC
LIMIT 1
