-- One row per region.
SELECT
    r.level,
    CASE r.level
        WHEN 'province' THEN '浙江省'
        WHEN 'province_excl_ningbo' THEN '浙江省（不含宁波）'
        ELSE coalesce(d.name, '待认领')
    END AS region_name,
    r.* EXCLUDE (level),
    r.contacted_on_time / nullif(r.due_30, 0) AS on_time_contact,
    r.renewed / nullif(r.renewable, 0) AS renew_rate,
    (r.renewal_balance - r.renewal_balance_1_jan)::DECIMAL(18, 2) AS balance_change,
    (r.renewal_balance / nullif(r.renewal_balance_year_ago, 0))::DOUBLE - 1 AS balance_growth
FROM agg_renewal AS r
LEFT JOIN dim_division AS d
    ON d.division_code = CASE r.level
        WHEN 'city' THEN r.city_code || '000000'
        WHEN 'county' THEN r.county_code || '000000'
    END
