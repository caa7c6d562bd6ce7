-- One row per batch and township, and one per county whose targets await a township (待认领).
WITH place AS (
    SELECT b.batch_id, d.city_code, d.county_code, d.township_code
    FROM dim_batch AS b
    JOIN dim_division AS d
        ON d.level = 'township' AND (b.cities IS NULL OR contains(b.cities, left(d.city_code, 4)))
    UNION
    SELECT batch_id, city_code, county_code, township_code FROM agg_visit_target
)
SELECT
    p.batch_id,
    b.as_of,
    p.city_code,
    coalesce(city.name, '待认领') AS city_name,
    p.county_code,
    coalesce(county.name, '待认领') AS county_name,
    p.township_code,
    coalesce(township.name, '待认领') AS township_name,
    coalesce(t.targets, 0) AS targets,
    coalesce(t.foreign_trade_targets, 0) AS foreign_trade_targets,
    coalesce(t.sci_tech_targets, 0) AS sci_tech_targets,
    coalesce(t.private_targets, 0) AS private_targets,
    coalesce(t.consumption_targets, 0) AS consumption_targets,
    coalesce(t.first_priority_targets, 0) AS first_priority_targets,
    coalesce(t.community_targets, 0) AS community_targets,
    t.community_targets / nullif(t.targets, 0) AS community_share
FROM place AS p
JOIN dim_batch AS b USING (batch_id)
LEFT JOIN agg_visit_target AS t
    ON t.batch_id = p.batch_id
    AND t.city_code IS NOT DISTINCT FROM p.city_code
    AND t.county_code IS NOT DISTINCT FROM p.county_code
    AND t.township_code IS NOT DISTINCT FROM p.township_code
LEFT JOIN dim_division AS city ON city.division_code = p.city_code || '000000'
LEFT JOIN dim_division AS county ON county.division_code = p.county_code || '000000'
LEFT JOIN dim_division AS township ON township.division_code = p.township_code || '000'
