-- One row per pair of batches (or versions) and county, or pool of a city, in which something differs.
WITH placed AS (
    SELECT
        *,
        city_code_before IS DISTINCT FROM city_code_after
            OR county_code_before IS DISTINCT FROM county_code_after AS is_elsewhere
    FROM fact_batch_change
),
part AS (
    SELECT
        batch_id,
        version,
        against_batch_id,
        against_version,
        city_code_after AS city_code,
        county_code_after AS county_code,
        change = 'entered' AS firms_entered,
        false AS firms_left,
        change = 'moved' AND is_elsewhere AS firms_moved_in,
        false AS firms_moved_out,
        change = 'moved' AND NOT is_elsewhere AS firms_moved_within,
        change = 'changed' AS firms_changed
    FROM placed
    WHERE change <> 'left'
    UNION ALL
    SELECT
        batch_id,
        version,
        against_batch_id,
        against_version,
        city_code_before,
        county_code_before,
        false,
        change = 'left',
        false,
        change = 'moved',
        false,
        false
    FROM placed
    WHERE change = 'left' OR (change = 'moved' AND is_elsewhere)
),
counted AS (
    SELECT
        batch_id,
        version,
        against_batch_id,
        against_version,
        city_code,
        county_code,
        count(*) FILTER (WHERE firms_entered) AS firms_entered,
        count(*) FILTER (WHERE firms_left) AS firms_left,
        count(*) FILTER (WHERE firms_moved_in) AS firms_moved_in,
        count(*) FILTER (WHERE firms_moved_out) AS firms_moved_out,
        count(*) FILTER (WHERE firms_moved_within) AS firms_moved_within,
        count(*) FILTER (WHERE firms_changed) AS firms_changed
    FROM part
    GROUP BY ALL
),
target AS (
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
FROM counted AS c
LEFT JOIN target AS t
    ON t.batch_id = c.batch_id
    AND t.city_code IS NOT DISTINCT FROM c.city_code
    AND t.county_code IS NOT DISTINCT FROM c.county_code
LEFT JOIN dim_division AS city ON city.division_code = c.city_code || '000000'
LEFT JOIN dim_division AS county ON county.division_code = c.county_code || '000000'
