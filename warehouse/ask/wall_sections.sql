-- One row per region, city, county and township of the newest batch and section: foreign trade and technology.
SELECT
    level, city_code, county_code, township_code, section,
    targets, visited, recommended, credited, disbursed, loan_amount, insured_usd
FROM mart_funnel
WHERE section IN ('foreign_trade', 'sci_tech')
    AND batch_id = (SELECT arg_max(batch_id, as_of) FROM dim_batch)
ORDER BY level, city_code, county_code, township_code, section
