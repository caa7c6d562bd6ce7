-- One row per county (or pool) of the batch and category that excluded firms there.
SELECT city_code, county_code, category, sum(firms_excluded)::BIGINT AS excluded
FROM agg_exclusion
WHERE batch_id = $batch_id
GROUP BY ALL
HAVING excluded > 0
ORDER BY city_code, county_code, category
