-- One row per region, city and county: loans that mature within 30 days and what was done about them.
SELECT
    level, city_code, county_code, due_30, contacted_on_time, uncontacted, renewable, renewed,
    on_time_contact, renew_rate, renewal_balance, balance_change
FROM mart_renewals
ORDER BY level, city_code, county_code
