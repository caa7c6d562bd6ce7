-- One row per recommendation without an answer after 30 days.
SELECT
    c.batch_id,
    c.rec_id,
    c.uscc,
    c.bank_code,
    c.bank_name,
    c.city_code,
    c.county_code,
    c.township_code,
    c.pushed_on,
    c.clock_on,
    c.due_on,
    coalesce(d.name, '待认领') AS county_name,
    f.as_of - c.due_on AS days_overdue
FROM agg_case AS c
CROSS JOIN meta_feedback AS f
LEFT JOIN dim_division AS d ON d.division_code = c.county_code || '000000'
WHERE c.is_overdue
