-- One row per region, city and county: loans that mature within 30 days and what was done about them; per township that
-- has such loans the first three figures, for the book of a bank is summed by county only.
SELECT
    level, city_code, county_code, NULL AS township_code, due_30, contacted_on_time, uncontacted, renewable, renewed,
    on_time_contact, renew_rate, renewal_balance, balance_change
FROM mart_renewals
UNION ALL BY NAME
SELECT
    'township' AS level, city_code, county_code, township_code,
    count(*) AS due_30,
    count(*) FILTER (WHERE is_contacted_on_time) AS contacted_on_time,
    count(*) FILTER (WHERE contacted_on IS NULL) AS uncontacted
FROM mart_renewals_due
WHERE days_left <= 30
GROUP BY ALL
ORDER BY level, city_code, county_code, township_code
