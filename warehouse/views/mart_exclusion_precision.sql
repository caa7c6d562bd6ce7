-- One row per batch, region and rule.
WITH newest AS (
    SELECT batch_id, subject_key, city_code, excluded_by, arg_max(outcome, (visited_on, event_id)) AS outcome
    FROM fact_visit
    WHERE excluded_by IS NOT NULL
    GROUP BY ALL
),
level (level, has_ningbo) AS (
    VALUES ('province', true), ('province_excl_ningbo', false)
)
SELECT
    n.batch_id,
    b.as_of,
    l.level,
    n.excluded_by,
    count(*) AS visited,
    count(*) FILTER (WHERE n.outcome IN ('21', '31', '32', '33'))::BIGINT AS gone,
    count(*) FILTER (WHERE n.outcome IN ('11', '12', '13', '14', '15'))::BIGINT AS alive,
    count(*) FILTER (WHERE n.outcome IN ('21', '31', '32', '33')) / nullif(count(*), 0) AS precision
FROM newest AS n
JOIN dim_batch AS b USING (batch_id)
JOIN level AS l ON l.has_ningbo OR n.city_code IS DISTINCT FROM '330200'
GROUP BY ALL
