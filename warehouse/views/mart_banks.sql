-- One row per bank, inside and outside 宁波.
SELECT
    *,
    answered_on_time / nullif(due, 0) AS on_time_rate,
    credited / nullif(pushed, 0) AS credit_rate
FROM agg_bank
