-- Households outside the batch's scope were never candidates: what hit them excludes nobody from the list.
INSERT INTO fact_exclusion BY NAME
SELECT
    $batch_id AS batch_id,
    e.uscc,
    h.category,
    h.rule_id,
    h.reason_zh AS reason,
    h.evidence,
    h.subject_key,
    h.severity,
    h.rule_id IS NOT DISTINCT FROM e.primary_rule
        AND e.disposition IN ('excluded', 'out_of_scope') AS is_primary,
    h.reason_en,
    nullif(coalesce(left(e.division_code, 4), e.register_city_code) || '00', '330000') AS city_code,
    CASE
        WHEN e.division_code IS NULL THEN e.register_county_code
        WHEN substr(e.division_code, 5, 2) <> '00' THEN left(e.division_code, 6)
    END AS county_code
FROM read_parquet($hits, hive_partitioning = false, union_by_name = true) AS h
JOIN read_parquet($enterprises, hive_partitioning = false, union_by_name = true) AS e USING (subject_key)
WHERE h.severity IN ('exclude', 'hold')
    AND NOT (e.entity_class = 'household' AND e.disposition = 'out_of_scope')
ORDER BY city_code, county_code, h.subject_key, h.rule_id
