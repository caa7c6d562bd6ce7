-- One row per batch and county, and one per city whose firms await a county (待认领).
WITH target AS (
    SELECT
        batch_id,
        city_code,
        county_code,
        sum(targets) AS targets,
        sum(foreign_trade_targets) AS foreign_trade_targets,
        sum(sci_tech_targets) AS sci_tech_targets,
        sum(private_targets) AS private_targets,
        sum(consumption_targets) AS consumption_targets,
        sum(first_priority_targets) AS first_priority_targets,
        sum(targets) FILTER (WHERE township_code IS NOT NULL) AS placed_targets
    FROM agg_visit_target
    GROUP BY ALL
),
exclusion AS (
    SELECT batch_id, city_code, county_code, sum(firms_excluded) AS excluded
    FROM agg_exclusion
    GROUP BY ALL
    HAVING excluded > 0
),
place AS (
    SELECT b.batch_id, d.city_code, d.county_code
    FROM dim_batch AS b
    JOIN dim_division AS d
        ON d.level = 'county' AND (b.cities IS NULL OR contains(b.cities, left(d.city_code, 4)))
    UNION
    SELECT batch_id, city_code, county_code FROM target
    UNION
    SELECT batch_id, city_code, county_code FROM exclusion
)
SELECT
    p.batch_id,
    b.as_of,
    p.city_code,
    coalesce(city.name, '待认领') AS city_name,
    p.county_code,
    coalesce(county.name, '待认领') AS county_name,
    coalesce(t.targets, 0)::BIGINT AS targets,
    coalesce(t.foreign_trade_targets, 0)::BIGINT AS foreign_trade_targets,
    coalesce(t.sci_tech_targets, 0)::BIGINT AS sci_tech_targets,
    coalesce(t.private_targets, 0)::BIGINT AS private_targets,
    coalesce(t.consumption_targets, 0)::BIGINT AS consumption_targets,
    coalesce(t.first_priority_targets, 0)::BIGINT AS first_priority_targets,
    coalesce(t.placed_targets, 0)::BIGINT AS placed_targets,
    coalesce(t.placed_targets, 0) / nullif(t.targets, 0) AS placed_share,
    coalesce(x.excluded, 0)::BIGINT AS excluded,
    coalesce(x.excluded, 0) / nullif(coalesce(t.targets, 0) + coalesce(x.excluded, 0), 0) AS excluded_share
FROM place AS p
JOIN dim_batch AS b USING (batch_id)
LEFT JOIN target AS t
    ON t.batch_id = p.batch_id
    AND t.city_code IS NOT DISTINCT FROM p.city_code
    AND t.county_code IS NOT DISTINCT FROM p.county_code
LEFT JOIN exclusion AS x
    ON x.batch_id = p.batch_id
    AND x.city_code IS NOT DISTINCT FROM p.city_code
    AND x.county_code IS NOT DISTINCT FROM p.county_code
LEFT JOIN dim_division AS city ON city.division_code = p.city_code || '000000'
LEFT JOIN dim_division AS county ON county.division_code = p.county_code || '000000'
