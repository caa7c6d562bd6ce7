-- firm: every table below is drawn from it
WITH town AS (
    SELECT division_code, row_number() OVER (ORDER BY division_code) - 1 AS t, count(*) OVER () AS towns
    FROM read_csv($divisions, header = true, all_varchar = true)
    WHERE level = 'township'
)
SELECT
    n, 'F' || n AS subject_key, 'F' || n AS uscc, division_code, left(division_code, 4) || '00' AS city_code,
    left(division_code, 6) AS county_code, left(division_code, 9) AS township_code,
    left(division_code, 4) AS register_city_code, n % 20 = 1 AS is_foreign_trade, n % 30 = 2 AS is_sci_tech,
    n % 10 > 0 AS is_private, n % 5 = 3 AS is_consumption, 'ZJ-202503-31' AS batch_id, true AS is_on_list,
    'R' || n AS rec_id, 'B' || n % 40 AS bank_code, date '2025-03-31' AS as_of, 'E' || n AS event_id,
    n % 100 < 97 AND n % 1000 < 205 AS is_pushed
FROM range($firms::BIGINT) AS r(n)
JOIN town ON t = n % towns
;
-- enterprises
SELECT *, 'target' AS disposition, NULL AS primary_rule, 'enterprise' AS entity_class, 'valid' AS uscc_check
FROM firm
UNION ALL BY NAME
SELECT * REPLACE ('X' || n AS subject_key, 'X' || n AS uscc), 'excluded' AS disposition,
    'Z0' || n % 9 AS primary_rule, 'enterprise' AS entity_class, 'valid' AS uscc_check
FROM firm WHERE n % 5 = 0
;
-- rule_hits
SELECT 'X' || n AS subject_key, 'Z0' || (n + k) % 9 AS rule_id, 'zombie' AS category, 'exclude' AS severity
FROM firm CROSS JOIN range(2) AS r(k) WHERE n % 5 = 0
;
-- batch_changes
SELECT *, 1 AS version, 'ZJ-202412-25' AS against_batch_id, 1 AS against_version,
    CASE WHEN n % 3 = 0 THEN 'entered' WHEN n % 3 = 1 THEN 'left' ELSE 'changed' END AS change,
    CASE WHEN n % 3 = 0 THEN 'new' WHEN n % 3 = 1 THEN 'excluded' ELSE 'changed' END AS reason_kind,
    city_code AS city_code_before, city_code AS city_code_after,
    county_code AS county_code_before, county_code AS county_code_after
FROM firm WHERE n % 8 = 0
;
-- visit_targets
SELECT *, 1 + n % 3 AS priority FROM firm
;
-- fact_visit
SELECT *, date '2025-04-01' + (n % 60)::INT AS visited_on, true AS is_effective,
    CASE WHEN n % 1000 < 260 THEN '11' ELSE '13' END AS outcome,
    n % 1000 < 260 AS is_declared, n % 1000 < 260 AS has_need, NULL AS excluded_by
FROM firm WHERE n % 100 < 97
UNION ALL BY NAME
SELECT * REPLACE ('X' || n AS subject_key, 'X' || n AS uscc, 'V' || n AS event_id, false AS is_on_list),
    date '2025-04-01' + (n % 60)::INT AS visited_on, false AS is_effective, '33' AS outcome,
    false AS is_declared, false AS has_need, 'Z0' || n % 9 AS excluded_by
FROM firm WHERE n % 500 = 0
;
-- fact_recommendation
SELECT *, date '2025-04-05' + (n % 60)::INT AS pushed_on FROM firm WHERE is_pushed
;
-- fact_credit
SELECT *, date '2025-04-15' + (n % 60)::INT AS decided_on, 'granted' AS result, 2700000 AS credit_amount
FROM firm WHERE is_pushed AND n % 100 < 90
;
-- fact_loan
SELECT *, 'L' || n AS loan_id, 4.0 AS rate, 2700000 AS amount, date '2025-04-17' + (n % 60)::INT AS paid_on
FROM firm WHERE is_pushed AND n % 100 < 90
;
-- fact_renewal
SELECT *, 'K' || n AS loan_id, date '2025-06-20' AS reported_on, 100000 AS balance,
    date '2025-06-20' + (n % 365)::INT AS matures_on
FROM firm WHERE n % 10 = 0
;
-- fact_export_insurance
SELECT *, 'P' || n AS policy_id, 1000 AS insured_usd, date '2025-05-01' AS month FROM firm WHERE n % 100 = 1
