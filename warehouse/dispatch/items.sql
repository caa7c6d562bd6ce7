-- The list of one published batch as its workbooks need it, one Parquet folder per county (or pool).
-- Names as the published dimension shows them; telephones and representatives came masked into the lake.
COPY (
    WITH this_batch AS (
        SELECT as_of FROM dim_batch WHERE batch_id = $batch_id
    ),
    batch_before AS (
        SELECT b.batch_id FROM dim_batch AS b JOIN this_batch AS t ON b.as_of < t.as_of
        ORDER BY b.as_of DESC LIMIT 1
    ),
    listed_before AS (
        SELECT DISTINCT f.subject_key FROM fact_visit_target AS f JOIN batch_before USING (batch_id)
    ),
    flagged AS (
        SELECT subject_key, string_agg(reason_zh, '；' ORDER BY rule_id) AS flags
        FROM read_parquet($rule_hits, hive_partitioning = false)
        WHERE severity = 'flag'
        GROUP BY subject_key
    )
    SELECT
        t.batch_id,
        left(sha256(t.batch_id || '|' || t.subject_key), 16) AS list_item_id,
        t.subject_key,
        t.uscc,
        d.name,
        e.entity_class,
        t.size_class,
        e.industry_code,
        e.established_on,
        e.address,
        coalesce(m.told_address, e.operating_address) AS operating_address,
        e.county,
        e.township,
        e.community,
        e.legal_rep_masked,
        e.phone_masked,
        t.is_foreign_trade,
        t.is_sci_tech,
        t.is_private,
        t.is_consumption,
        r.renewal_month,
        g.flags,
        t.priority,
        b.subject_key IS NULL AS is_new,
        o.last_outcome,
        t.city_code,
        t.county_code,
        t.township_code,
        t.division_code,
        coalesce(t.county_code, t.city_code) AS part
    FROM fact_visit_target AS t
    JOIN this_batch AS a ON a.as_of = t.as_of
    JOIN read_parquet($enterprises, hive_partitioning = false) AS e USING (subject_key)
    LEFT JOIN dim_enterprise AS d
        ON d.subject_key = t.subject_key
        AND d.valid_from <= t.as_of
        AND (d.valid_to IS NULL OR t.as_of < d.valid_to)
    LEFT JOIN told_addresses AS m ON m.subject_key = t.subject_key
    LEFT JOIN flagged AS g ON g.subject_key = t.subject_key
    LEFT JOIN listed_before AS b ON b.subject_key = t.subject_key
    LEFT JOIN last_outcomes AS o ON o.uscc = t.uscc
    LEFT JOIN renewals AS r ON r.uscc = t.uscc
    WHERE t.batch_id = $batch_id
      AND (len($parts) = 0 OR list_contains($parts, coalesce(t.county_code, t.city_code)))
) TO $folder (FORMAT parquet, PARTITION_BY (part), WRITE_PARTITION_COLUMNS true, COMPRESSION zstd)
