INSERT INTO agg_exclusion BY NAME
SELECT
    batch_id,
    city_code,
    county_code,
    category,
    rule_id,
    count(*) AS firms_hit,
    count(*) FILTER (WHERE is_primary) AS firms_excluded
FROM fact_exclusion
GROUP BY ALL
ORDER BY batch_id, city_code, county_code, category, rule_id
