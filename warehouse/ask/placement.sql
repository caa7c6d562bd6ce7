-- One row per placement method of the batch's targets.
SELECT
    place_method,
    count(*) AS targets,
    count(township_code) AS placed_targets,
    avg(place_confidence) AS mean_confidence
FROM fact_visit_target
WHERE batch_id = coalesce($batch_id, (SELECT arg_max(batch_id, as_of) FROM dim_batch))
GROUP BY ALL
ORDER BY targets DESC, place_method
