-- One row per region, city, county and township of the newest batch, pools included: its list and what came of it.
WITH newest AS (
    SELECT arg_max(batch_id, as_of) AS batch_id FROM dim_batch
)
SELECT
    region AS level, region_name AS name, NULL AS city_code, NULL AS county_code, NULL AS township_code,
    targets, targets - placed_targets AS unresolved, excluded, visited, effective, declared, recommended, overdue,
    credited, disbursed, credit_amount, loan_amount, coverage
FROM mart_headlines
JOIN newest USING (batch_id)
UNION ALL
SELECT
    'city', city_name, city_code, NULL, NULL,
    targets, targets - placed_targets, excluded, visited, effective, declared, recommended, overdue,
    credited, disbursed, credit_amount, loan_amount, coverage
FROM mart_progress_city
JOIN newest USING (batch_id)
UNION ALL
SELECT
    'county', county_name, city_code, county_code, NULL,
    targets, targets - placed_targets, excluded, visited, effective, declared, recommended, overdue,
    credited, disbursed, credit_amount, loan_amount, coverage
FROM mart_progress_county
JOIN newest USING (batch_id)
UNION ALL
SELECT
    'township', township_name, city_code, county_code, township_code,
    targets, targets - community_targets, NULL, visited, effective, declared, recommended, overdue,
    credited, disbursed, credit_amount, loan_amount, coverage
FROM mart_progress_township
JOIN newest USING (batch_id)
ORDER BY level, city_code, county_code, township_code
