-- One row per pair of batches (or versions) and county, or pool of a city, in which something differs.
WITH target AS (
    SELECT batch_id, city_code, county_code, sum(targets) AS targets
    FROM agg_visit_target
    GROUP BY ALL
)
SELECT
    c.batch_id,
    c.version,
    c.against_batch_id,
    c.against_version,
    c.city_code,
    coalesce(city.name, '待认领') AS city_name,
    c.county_code,
    coalesce(county.name, '待认领') AS county_name,
    (coalesce(t.targets, 0) - c.firms_entered - c.firms_moved_in + c.firms_left + c.firms_moved_out)::BIGINT AS targets_before,
    c.firms_entered,
    c.firms_left,
    c.firms_moved_in,
    c.firms_moved_out,
    c.firms_moved_within,
    c.firms_changed,
    coalesce(t.targets, 0)::BIGINT AS targets_after
FROM agg_batch_change AS c
LEFT JOIN target AS t
    ON t.batch_id = c.batch_id
    AND t.city_code IS NOT DISTINCT FROM c.city_code
    AND t.county_code IS NOT DISTINCT FROM c.county_code
LEFT JOIN dim_division AS city ON city.division_code = c.city_code || '000000'
LEFT JOIN dim_division AS county ON county.division_code = c.county_code || '000000'
