-- One row per pair of batches (or versions) and firm whose place on the list differs.
SELECT
    c.batch_id,
    c.version,
    c.against_batch_id,
    c.against_version,
    CASE WHEN c.batch_id = c.against_batch_id THEN 'correction' ELSE 'period' END AS comparison,
    c.uscc,
    c.subject_key,
    c.change,
    c.reason_kind,
    c.reason_rule_id,
    c.reason_zh,
    c.reason_en,
    c.city_code_before,
    c.city_code_after,
    c.county_code_before,
    county_before.name AS county_name_before,
    c.county_code_after,
    county_after.name AS county_name_after,
    c.division_code_before,
    c.division_code_after,
    c.changed_fields
FROM fact_batch_change AS c
LEFT JOIN dim_division AS county_before ON county_before.division_code = c.county_code_before || '000000'
LEFT JOIN dim_division AS county_after ON county_after.division_code = c.county_code_after || '000000'
