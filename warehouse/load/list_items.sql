-- The firms of one batch that the rows which came back may mean, by list item or by credit code.
-- A list item is named by the first 16 hex digits of sha256(batch_id|subject_key), as on the workbooks.
SELECT
    $batch_id AS batch_id,
    $as_of::DATE AS list_as_of,
    CASE WHEN disposition = 'target' THEN left(sha256($batch_id || '|' || subject_key), 16) END AS list_item_id,
    subject_key,
    uscc,
    disposition = 'target' AS is_on_list,
    nullif(coalesce(left(division_code, 4), register_city_code) || '00', '330000') AS city_code,
    CASE
        WHEN division_code IS NULL THEN register_county_code
        WHEN substr(division_code, 5, 2) <> '00' THEN left(division_code, 6)
    END AS county_code,
    CASE WHEN substr(division_code, 7, 3) <> '000' THEN left(division_code, 9) END AS township_code,
    is_foreign_trade,
    is_sci_tech,
    is_private,
    is_consumption,
    status,
    established_on,
    disposition,
    primary_rule,
    flags
FROM read_parquet($enterprises, hive_partitioning = false, union_by_name = true)
WHERE disposition <> 'superseded'
    AND (
        uscc IN (SELECT uscc FROM read_parquet($wanted))
        OR (
            disposition = 'target'
            AND left(sha256($batch_id || '|' || subject_key), 16)
                IN (SELECT list_item_id FROM read_parquet($wanted))
        )
    )
ORDER BY batch_id, subject_key
