-- The newest batch, the date its facts are reckoned at and what the gate said of its run: one row.
SELECT
    b.batch_id,
    b.version,
    b.run_id,
    b.as_of,
    greatest(b.as_of, f.as_of) AS facts_as_of,
    b.published_at,
    b.scope,
    b.cities,
    q.expectations,
    q.errors,
    q.warnings
FROM dim_batch AS b
LEFT JOIN (SELECT max(as_of) AS as_of FROM meta_feedback) AS f ON true
LEFT JOIN (
    SELECT
        run_id,
        count(*) AS expectations,
        count(*) FILTER (WHERE NOT success AND severity = 'error') AS errors,
        count(*) FILTER (WHERE NOT success AND severity = 'warn') AS warnings
    FROM meta_quality
    GROUP BY run_id
) AS q USING (run_id)
ORDER BY b.as_of DESC
LIMIT 1
