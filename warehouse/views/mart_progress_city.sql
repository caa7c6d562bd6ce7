-- One row per batch and city, and one for firms of no known city.
SELECT
    batch_id,
    as_of,
    city_code,
    city_name,
    city_code IS NOT DISTINCT FROM '330200' AS is_ningbo,
    sum(targets)::BIGINT AS targets,
    sum(foreign_trade_targets)::BIGINT AS foreign_trade_targets,
    sum(sci_tech_targets)::BIGINT AS sci_tech_targets,
    sum(private_targets)::BIGINT AS private_targets,
    sum(consumption_targets)::BIGINT AS consumption_targets,
    sum(first_priority_targets)::BIGINT AS first_priority_targets,
    sum(placed_targets)::BIGINT AS placed_targets,
    sum(placed_targets) / nullif(sum(targets), 0) AS placed_share,
    sum(excluded)::BIGINT AS excluded,
    sum(excluded) / nullif(sum(targets) + sum(excluded), 0) AS excluded_share
FROM mart_progress_county
GROUP BY ALL
