-- One row per batch and city, and one for firms of no known city.
WITH list AS (
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
)
SELECT
    l.*,
    coalesce(f.visited, 0)::BIGINT AS visited,
    coalesce(f.effective, 0)::BIGINT AS effective,
    coalesce(f.declared, 0)::BIGINT AS declared,
    coalesce(f.recommended, 0)::BIGINT AS recommended,
    coalesce(f.overdue, 0)::BIGINT AS overdue,
    coalesce(f.credited, 0)::BIGINT AS credited,
    coalesce(f.disbursed, 0)::BIGINT AS disbursed,
    coalesce(f.credit_amount, 0) AS credit_amount,
    coalesce(f.loan_amount, 0) AS loan_amount,
    f.visited / nullif(f.targets, 0) AS coverage,
    f.effective / nullif(f.visited + f.visited_off_list, 0) AS effective_rate,
    f.recommended / nullif(f.visited + f.visited_off_list, 0) AS recommendation_rate,
    f.credited / nullif(f.recommended, 0) AS credit_rate,
    f.answered_on_time / nullif(f.recommended_due, 0) AS on_time_rate,
    f.rate_weight / nullif(f.rated_amount::DOUBLE, 0) AS average_rate
FROM list AS l
LEFT JOIN agg_funnel AS f
    ON f.section = 'all'
    AND f.batch_id = l.batch_id
    AND f.level = 'city'
    AND f.city_code IS NOT DISTINCT FROM l.city_code
