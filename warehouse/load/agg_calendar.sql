-- A firm counts in the month of its first visit, first push, first grant and first loan, whatever batch it was of.
INSERT INTO agg_calendar BY NAME
WITH event AS (
    SELECT f.*, 'visited' AS kind, visited_on AS happened_on, 0 AS amount FROM fact_visit AS f
    UNION ALL BY NAME
    SELECT f.*, 'recommended' AS kind, pushed_on AS happened_on, 0 AS amount FROM fact_recommendation AS f
    UNION ALL BY NAME
    SELECT f.*, 'credited' AS kind, decided_on AS happened_on, credit_amount AS amount
    FROM fact_credit AS f
    WHERE result = 'granted'
    UNION ALL BY NAME
    SELECT f.* EXCLUDE (amount), 'disbursed' AS kind, paid_on AS happened_on, amount FROM fact_loan AS f
    UNION ALL BY NAME
    SELECT f.*, 'insured' AS kind, month AS happened_on, insured_usd AS amount FROM fact_export_insurance AS f
),
marked AS (
    SELECT
        date_trunc('month', happened_on)::DATE AS month,
        kind,
        city_code,
        county_code,
        amount,
        row_number() OVER (PARTITION BY kind, subject_key ORDER BY happened_on, event_id) = 1 AS is_first,
        ['all'] || CASE WHEN is_foreign_trade THEN ['foreign_trade'] ELSE [] END
            || CASE WHEN is_sci_tech THEN ['sci_tech'] ELSE [] END
            || CASE WHEN is_private THEN ['private'] ELSE [] END
            || CASE WHEN is_consumption THEN ['consumption'] ELSE [] END AS sections
    FROM event
),
placed AS (
    SELECT month, kind, city_code, county_code, amount, is_first, unnest(sections) AS section FROM marked
),
summed AS (
    SELECT
        month,
        city_code,
        county_code,
        section,
        count(*) FILTER (WHERE kind = 'visited' AND is_first) AS visited,
        count(*) FILTER (WHERE kind = 'recommended' AND is_first) AS recommended,
        count(*) FILTER (WHERE kind = 'credited' AND is_first) AS credited,
        count(*) FILTER (WHERE kind = 'disbursed' AND is_first) AS disbursed,
        coalesce(sum(amount) FILTER (WHERE kind = 'credited'), 0) AS credit_amount,
        coalesce(sum(amount) FILTER (WHERE kind = 'disbursed'), 0) AS loan_amount,
        coalesce(sum(amount) FILTER (WHERE kind = 'insured'), 0) AS insured_usd
    FROM placed
    GROUP BY ALL
),
levelled AS (
    SELECT *, unnest(['province', 'province_excl_ningbo', 'city', 'county']) AS level FROM summed
),
region AS (
    SELECT
        month,
        level,
        CASE WHEN level IN ('city', 'county') THEN city_code END AS city_code,
        CASE WHEN level = 'county' THEN county_code END AS county_code,
        section,
        sum(COLUMNS(* EXCLUDE (month, level, city_code, county_code, section)))
    FROM levelled
    WHERE level <> 'province_excl_ningbo' OR city_code IS DISTINCT FROM '330200'
    GROUP BY 1, 2, 3, 4, 5
),
months AS (
    SELECT unnest(generate_series(min(month), max(month), INTERVAL 1 MONTH))::DATE AS month FROM summed
),
dense AS (
    SELECT m.month, r.* FROM (SELECT DISTINCT level, city_code, county_code, section FROM region) AS r
    CROSS JOIN months AS m
),
filled AS (
    SELECT * FROM region
    UNION ALL BY NAME
    SELECT *, 0 AS visited, 0 AS recommended, 0 AS credited, 0 AS disbursed, 0 AS credit_amount,
        0 AS loan_amount, 0 AS insured_usd
    FROM dense
),
monthly AS (
    SELECT month, level, city_code, county_code, section,
        sum(COLUMNS(* EXCLUDE (month, level, city_code, county_code, section)))
    FROM filled
    GROUP BY 1, 2, 3, 4, 5
)
SELECT
    *,
    sum(visited) OVER running AS visited_so_far,
    sum(recommended) OVER running AS recommended_so_far,
    sum(credited) OVER running AS credited_so_far,
    sum(disbursed) OVER running AS disbursed_so_far,
    sum(credit_amount) OVER running AS credit_amount_so_far,
    sum(loan_amount) OVER running AS loan_amount_so_far,
    sum(insured_usd) OVER running AS insured_usd_so_far
FROM monthly
WINDOW running AS (PARTITION BY level, city_code, county_code, section ORDER BY month)
ORDER BY month, level, city_code, county_code, section
