-- One row per region and stage.
SELECT
    r.level,
    CASE r.level
        WHEN 'province' THEN '浙江省'
        WHEN 'province_excl_ningbo' THEN '浙江省（不含宁波）'
        ELSE coalesce(d.name, '待认领')
    END AS region_name,
    r.city_code,
    r.county_code,
    r.stage,
    r.closed,
    r.open,
    r.mean_days,
    r.median_days,
    r.p90_days,
    r.open / nullif(r.open + r.closed, 0) AS open_share
FROM agg_response AS r
LEFT JOIN dim_division AS d
    ON d.division_code = CASE r.level
        WHEN 'city' THEN r.city_code || '000000'
        WHEN 'county' THEN r.county_code || '000000'
    END
