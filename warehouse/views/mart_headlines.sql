-- One row per batch and region (the province; the province without 宁波).
WITH list AS (
    WITH target AS (
        SELECT
            batch_id,
            city_code IS NOT DISTINCT FROM '330200' AS is_ningbo,
            sum(targets) AS targets,
            sum(foreign_trade_targets) AS foreign_trade_targets,
            sum(sci_tech_targets) AS sci_tech_targets,
            sum(private_targets) AS private_targets,
            sum(consumption_targets) AS consumption_targets,
            sum(first_priority_targets) AS first_priority_targets,
            coalesce(sum(targets) FILTER (WHERE township_code IS NOT NULL), 0) AS placed_targets
        FROM agg_visit_target
        GROUP BY ALL
    ),
    exclusion AS (
        SELECT
            batch_id,
            city_code IS NOT DISTINCT FROM '330200' AS is_ningbo,
            sum(firms_excluded) AS excluded,
            sum(firms_excluded) FILTER (WHERE category = 'closed') AS excluded_closed,
            sum(firms_excluded) FILTER (WHERE category = 'dishonest') AS excluded_dishonest,
            sum(firms_excluded) FILTER (WHERE category = 'zombie') AS excluded_zombie,
            sum(firms_excluded) FILTER (WHERE category = 'shell') AS excluded_shell,
            sum(firms_excluded) FILTER (WHERE category = 'out_of_scope') AS excluded_out_of_scope
        FROM agg_exclusion
        GROUP BY ALL
    ),
    part AS (
        SELECT * FROM target FULL JOIN exclusion USING (batch_id, is_ningbo)
    ),
    region (region, region_name, has_ningbo) AS (
        VALUES ('province', '浙江省', true), ('province_excl_ningbo', '浙江省（不含宁波）', false)
    )
    SELECT
        b.batch_id,
        b.as_of,
        r.region,
        r.region_name,
        coalesce(sum(p.targets), 0)::BIGINT AS targets,
        coalesce(sum(p.foreign_trade_targets), 0)::BIGINT AS foreign_trade_targets,
        coalesce(sum(p.sci_tech_targets), 0)::BIGINT AS sci_tech_targets,
        coalesce(sum(p.private_targets), 0)::BIGINT AS private_targets,
        coalesce(sum(p.consumption_targets), 0)::BIGINT AS consumption_targets,
        coalesce(sum(p.first_priority_targets), 0)::BIGINT AS first_priority_targets,
        coalesce(sum(p.placed_targets), 0)::BIGINT AS placed_targets,
        sum(p.placed_targets) / nullif(sum(p.targets), 0) AS placed_share,
        coalesce(sum(p.excluded), 0)::BIGINT AS excluded,
        coalesce(sum(p.excluded), 0)
            / nullif(coalesce(sum(p.targets), 0) + coalesce(sum(p.excluded), 0), 0) AS excluded_share,
        coalesce(sum(p.excluded_closed), 0)::BIGINT AS excluded_closed,
        coalesce(sum(p.excluded_dishonest), 0)::BIGINT AS excluded_dishonest,
        coalesce(sum(p.excluded_zombie), 0)::BIGINT AS excluded_zombie,
        coalesce(sum(p.excluded_shell), 0)::BIGINT AS excluded_shell,
        coalesce(sum(p.excluded_out_of_scope), 0)::BIGINT AS excluded_out_of_scope
    FROM dim_batch AS b
    CROSS JOIN region AS r
    LEFT JOIN part AS p ON p.batch_id = b.batch_id AND (r.has_ningbo OR NOT p.is_ningbo)
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
    AND f.level = l.region
    AND f.city_code IS NULL
