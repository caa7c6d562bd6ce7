-- One row per batch and firm with a need that no bank has been given.
SELECT * FROM agg_recommendation_ready
