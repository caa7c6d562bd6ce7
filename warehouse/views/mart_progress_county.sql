-- One row per batch and county, and one per city whose firms await a county (待认领).
WITH list AS (
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
    AND f.level = 'county'
    AND f.city_code IS NOT DISTINCT FROM l.city_code
    AND f.county_code IS NOT DISTINCT FROM l.county_code
