-- Batches are loaded oldest first, so first_listed knows every earlier list.
INSERT INTO fact_visit_target BY NAME
SELECT
    batch_id,
    as_of,
    uscc,
    city_code,
    county_code,
    township_code,
    division_code,
    place_method,
    place_confidence,
    size_class,
    is_foreign_trade,
    is_sci_tech,
    is_private,
    is_consumption,
    priority,
    in_census,
    in_registry,
    subject_key,
    flags,
    coalesce(first_batch_id, batch_id) AS first_target_batch
FROM read_parquet($files, hive_partitioning = false, union_by_name = true)
LEFT JOIN first_listed USING (subject_key)
ORDER BY city_code, county_code, township_code, subject_key
