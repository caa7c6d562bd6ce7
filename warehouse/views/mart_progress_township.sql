-- One row per batch and township, and one per county whose targets await a township (待认领).
WITH list AS (
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
    AND f.level = 'township'
    AND f.city_code IS NOT DISTINCT FROM l.city_code
    AND f.county_code IS NOT DISTINCT FROM l.county_code
    AND f.township_code IS NOT DISTINCT FROM l.township_code
