INSERT INTO agg_response BY NAME
WITH stage AS (
    SELECT city_code, county_code, 'push_to_answer' AS stage, pushed_on AS from_on, answered_on AS to_on FROM agg_case
    UNION ALL
    SELECT city_code, county_code, 'answer_to_pay', credited_on, paid_on FROM agg_case WHERE credited_on IS NOT NULL
    UNION ALL
    -- A refusal ends a case: it is not on its way to a loan.
    SELECT city_code, county_code, 'push_to_pay', pushed_on, paid_on
    FROM agg_case
    WHERE answered_on IS NULL OR credited_on IS NOT NULL
),
levelled AS (
    SELECT *, unnest(['province', 'province_excl_ningbo', 'city', 'county']) AS level FROM stage
)
SELECT
    level,
    CASE WHEN level IN ('city', 'county') THEN city_code END AS city_code,
    CASE WHEN level = 'county' THEN county_code END AS county_code,
    stage,
    count(to_on) AS closed,
    count(*) - count(to_on) AS open,
    avg(to_on - from_on) AS mean_days,
    quantile_cont(to_on - from_on, 0.5) AS median_days,
    quantile_cont(to_on - from_on, 0.9) AS p90_days
FROM levelled
WHERE level <> 'province_excl_ningbo' OR city_code IS DISTINCT FROM '330200'
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
