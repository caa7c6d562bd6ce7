-- One row per batch since the firm is known, newest first.
SELECT
    b.batch_id,
    b.as_of,
    e.uscc,
    e.name,
    e.status,
    e.size_class,
    t.batch_id IS NOT NULL AS is_target,
    t.priority,
    t.flags,
    list(x.rule_id || ' ' || x.reason ORDER BY x.is_primary DESC, x.rule_id)
        FILTER (WHERE x.rule_id IS NOT NULL) AS exclusions
FROM dim_enterprise AS e
JOIN dim_batch AS b ON b.as_of >= e.valid_from AND (e.valid_to IS NULL OR b.as_of < e.valid_to)
LEFT JOIN fact_visit_target AS t ON t.batch_id = b.batch_id AND t.subject_key = e.subject_key
LEFT JOIN fact_exclusion AS x ON x.batch_id = b.batch_id AND x.subject_key = e.subject_key
WHERE e.uscc = $uscc
GROUP BY ALL
ORDER BY b.as_of DESC, e.name
