-- One row per county (or pool) of the batch: its targets, those placed in a township, its excluded firms.
SELECT
    city_code,
    county_code,
    targets,
    placed_targets,
    excluded
FROM mart_progress_county
WHERE batch_id = $batch_id
ORDER BY city_code, county_code
