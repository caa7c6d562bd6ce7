-- One row per community of the newest batch that has targets: how many, and how many of them are visited.
WITH newest AS (
    SELECT arg_max(batch_id, as_of) AS batch_id FROM dim_batch
),
visited AS (
    SELECT DISTINCT v.subject_key FROM fact_visit AS v JOIN newest USING (batch_id) WHERE v.is_on_list
)
SELECT
    t.county_code,
    t.township_code,
    t.division_code,
    coalesce(any_value(d.name), t.division_code) AS name,
    count(*) AS targets,
    count(v.subject_key) AS visited
FROM fact_visit_target AS t
JOIN newest USING (batch_id)
LEFT JOIN visited AS v USING (subject_key)
LEFT JOIN dim_division AS d USING (division_code)
WHERE t.division_code NOT LIKE '%000'
GROUP BY t.county_code, t.township_code, t.division_code
ORDER BY t.division_code
