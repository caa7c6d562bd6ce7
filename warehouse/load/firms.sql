-- The firms of one batch as dim_enterprise shows them, one row per firm.
-- A household's trade name of at most four characters may be its keeper's own name, so it is masked.
CREATE TEMP MACRO firms(files) AS TABLE
SELECT
    uscc,
    CASE
        WHEN entity_class = 'household' AND length(name) <= 4 THEN left(name, 1) || '*'
        ELSE name
    END AS name,
    status,
    established_on,
    industry_code,
    industry_name,
    size_class,
    registered_capital,
    address,
    division_code,
    subject_key,
    entity_class,
    industry_section,
    capital_currency,
    register_city_code
FROM read_parquet(files, hive_partitioning = false, union_by_name = true)
WHERE NOT (entity_class = 'household' AND disposition = 'out_of_scope')
