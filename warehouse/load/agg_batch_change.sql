INSERT INTO agg_batch_change BY NAME
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
)
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
ORDER BY batch_id, version, against_batch_id, against_version, city_code, county_code
