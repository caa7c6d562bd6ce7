INSERT INTO agg_renewal BY NAME
WITH part AS (
    SELECT b.city_code, b.county_code,
        b.matures_on BETWEEN f.as_of AND f.as_of + 30 AS is_due,
        b.contacted_on,
        b.matures_on,
        coalesce(b.has_wish AND b.is_eligible, false)
            AND b.matures_on BETWEEN date_trunc('year', f.as_of)::DATE AND f.as_of + 30 AS is_renewable,
        b.result,
        CASE WHEN b.is_no_repay_renewal THEN b.balance ELSE 0 END AS now_balance
    FROM meta_feedback AS f
    CROSS JOIN book((SELECT as_of FROM meta_feedback)) AS b
),
summed AS (
    SELECT
        city_code,
        county_code,
        count(*) FILTER (WHERE is_due) AS due_30,
        count(*) FILTER (WHERE is_due AND contacted_on <= matures_on - 30) AS contacted_on_time,
        count(*) FILTER (WHERE is_due AND contacted_on IS NULL) AS uncontacted,
        count(*) FILTER (WHERE is_renewable) AS renewable,
        count(*) FILTER (WHERE is_renewable AND result = 'renewed') AS renewed,
        sum(now_balance) AS renewal_balance
    FROM part
    GROUP BY ALL
    UNION ALL BY NAME
    SELECT city_code, county_code, sum(CASE WHEN is_no_repay_renewal THEN balance ELSE 0 END) AS renewal_balance_1_jan
    FROM book((SELECT date_trunc('year', as_of)::DATE FROM meta_feedback))
    GROUP BY ALL
    UNION ALL BY NAME
    SELECT city_code, county_code, sum(CASE WHEN is_no_repay_renewal THEN balance ELSE 0 END) AS renewal_balance_year_ago
    FROM book((SELECT (as_of - INTERVAL 1 YEAR)::DATE FROM meta_feedback))
    GROUP BY ALL
),
levelled AS (
    SELECT *, unnest(['province', 'province_excl_ningbo', 'city', 'county']) AS level FROM summed
)
SELECT
    level,
    CASE WHEN level IN ('city', 'county') THEN city_code END AS city_code,
    CASE WHEN level = 'county' THEN county_code END AS county_code,
    coalesce(sum(due_30), 0) AS due_30,
    coalesce(sum(contacted_on_time), 0) AS contacted_on_time,
    coalesce(sum(uncontacted), 0) AS uncontacted,
    coalesce(sum(renewable), 0) AS renewable,
    coalesce(sum(renewed), 0) AS renewed,
    coalesce(sum(renewal_balance), 0) AS renewal_balance,
    sum(renewal_balance_1_jan) AS renewal_balance_1_jan,
    sum(renewal_balance_year_ago) AS renewal_balance_year_ago
FROM levelled
WHERE level <> 'province_excl_ningbo' OR city_code IS DISTINCT FROM '330200'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
