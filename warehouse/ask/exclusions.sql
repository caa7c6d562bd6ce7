-- One row per category and rule of the batch.
SELECT
    category,
    rule_id,
    sum(firms_hit)::BIGINT AS firms_hit,
    sum(firms_excluded)::BIGINT AS firms_excluded
FROM mart_exclusions
WHERE batch_id = coalesce($batch_id, (SELECT arg_max(batch_id, as_of) FROM dim_batch))
GROUP BY ALL
ORDER BY firms_excluded DESC, rule_id
