-- One row per month, region and section.
SELECT
    c.month,
    c.level,
    CASE c.level
        WHEN 'province' THEN '浙江省'
        WHEN 'province_excl_ningbo' THEN '浙江省（不含宁波）'
        ELSE coalesce(d.name, '待认领')
    END AS region_name,
    c.city_code,
    c.county_code,
    c.section,
    c.visited,
    c.visited_so_far,
    c.recommended,
    c.recommended_so_far,
    c.credited,
    c.credited_so_far,
    c.disbursed,
    c.disbursed_so_far,
    c.credit_amount,
    c.credit_amount_so_far,
    c.loan_amount,
    c.loan_amount_so_far,
    c.insured_usd,
    c.insured_usd_so_far,
    c.recommended_so_far / nullif(c.visited_so_far, 0) AS recommendation_rate,
    c.credited_so_far / nullif(c.recommended_so_far, 0) AS credit_rate
FROM agg_calendar AS c
LEFT JOIN dim_division AS d
    ON d.division_code = CASE c.level
        WHEN 'city' THEN c.city_code || '000000'
        WHEN 'county' THEN c.county_code || '000000'
    END
