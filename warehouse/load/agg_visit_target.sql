INSERT INTO agg_visit_target BY NAME
SELECT
    batch_id,
    city_code,
    county_code,
    township_code,
    count(*) AS targets,
    count(*) FILTER (WHERE is_foreign_trade) AS foreign_trade_targets,
    count(*) FILTER (WHERE is_sci_tech) AS sci_tech_targets,
    count(*) FILTER (WHERE is_private) AS private_targets,
    count(*) FILTER (WHERE is_consumption) AS consumption_targets,
    count(*) FILTER (WHERE priority = 1) AS first_priority_targets,
    count(*) FILTER (WHERE substr(division_code, 10) <> '000') AS community_targets
FROM fact_visit_target
GROUP BY ALL
ORDER BY batch_id, city_code, county_code, township_code
