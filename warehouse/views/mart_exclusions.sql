-- One row per batch, county (or pool of a city), category and rule.
SELECT
    h.batch_id,
    b.as_of,
    h.city_code,
    coalesce(city.name, '待认领') AS city_name,
    h.county_code,
    coalesce(county.name, '待认领') AS county_name,
    h.category,
    h.rule_id,
    h.firms_hit,
    h.firms_excluded,
    h.firms_excluded
        / nullif(sum(h.firms_excluded) OVER (PARTITION BY h.batch_id, h.city_code, h.county_code), 0)
        AS share_of_county
FROM agg_exclusion AS h
JOIN dim_batch AS b USING (batch_id)
LEFT JOIN dim_division AS city ON city.division_code = h.city_code || '000000'
LEFT JOIN dim_division AS county ON county.division_code = h.county_code || '000000'
