-- One row per loan on its bank's newest report that matures within 60 days.
SELECT r.*, coalesce(d.name, '待认领') AS county_name
FROM agg_renewal_due AS r
LEFT JOIN dim_division AS d ON d.division_code = r.county_code || '000000'
