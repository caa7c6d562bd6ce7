-- What the newest visit of a firm in an earlier batch found.
SELECT uscc, arg_max(outcome, visited_on) AS last_outcome
FROM fact_visit
WHERE batch_id < $batch_id AND uscc IS NOT NULL
GROUP BY uscc
