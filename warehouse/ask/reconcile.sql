-- One row per headline figure of the batch: as published, as its cities add up, counted anew firm by firm.
-- Targets and exclusions are counted in the lake's curated files, events in the facts of the file.
WITH listed AS (
    SELECT
        count(*) AS targets,
        count(*) FILTER (WHERE priority = 1) AS first_priority_targets,
        count(*) FILTER (WHERE is_foreign_trade) AS foreign_trade_targets,
        count(*) FILTER (WHERE is_sci_tech) AS sci_tech_targets,
        count(township_code) AS placed_targets
    FROM read_parquet($targets, hive_partitioning = false, union_by_name = true)
),
excluded AS (
    SELECT count(DISTINCT subject_key) AS excluded
    FROM read_parquet($enterprises, hive_partitioning = false, union_by_name = true)
    WHERE disposition IN ('excluded', 'out_of_scope')
        AND primary_rule IS NOT NULL
        AND NOT (entity_class = 'household' AND disposition = 'out_of_scope')
),
visited AS (
    SELECT count(DISTINCT subject_key) AS visited FROM fact_visit WHERE batch_id = $batch_id AND is_on_list
),
pushed AS (
    SELECT
        count(DISTINCT r.subject_key) AS recommended,
        count(DISTINCT r.subject_key) FILTER (
            WHERE r.rec_id IN (SELECT rec_id FROM fact_credit WHERE result = 'granted')
        ) AS credited,
        count(DISTINCT r.subject_key) FILTER (
            WHERE r.rec_id IN (SELECT rec_id FROM fact_loan)
        ) AS disbursed
    FROM fact_recommendation AS r
    WHERE batch_id = $batch_id
),
paid AS (
    SELECT coalesce(sum(amount), 0) AS loan_amount FROM fact_loan WHERE batch_id = $batch_id
),
recounted AS (
    SELECT UNNEST(map_entries(map(
        ['targets', 'first_priority_targets', 'foreign_trade_targets', 'sci_tech_targets', 'placed_targets',
            'excluded', 'visited', 'recommended', 'credited', 'disbursed', 'loan_amount'],
        [targets, first_priority_targets, foreign_trade_targets, sci_tech_targets, placed_targets,
            excluded, visited, recommended, credited, disbursed, loan_amount]::DECIMAL(38, 2)[]
    )), recursive := true)
    FROM listed, excluded, visited, pushed, paid
),
headline AS (
    UNPIVOT (SELECT COLUMNS(* EXCLUDE (batch_id, as_of, region, region_name))::DECIMAL(38, 2)
        FROM mart_headlines WHERE batch_id = $batch_id AND region = 'province')
    ON * INTO NAME key VALUE published
),
city AS (
    UNPIVOT (SELECT coalesce(sum(COLUMNS(* EXCLUDE (batch_id, as_of, city_code, city_name))), 0)::DECIMAL(38, 2)
        FROM mart_progress_city WHERE batch_id = $batch_id)
    ON * INTO NAME key VALUE by_city
)
SELECT r.key AS figure, h.published, c.by_city, r.value AS recounted
FROM recounted AS r
LEFT JOIN headline AS h USING (key)
LEFT JOIN city AS c USING (key)
ORDER BY r.key
