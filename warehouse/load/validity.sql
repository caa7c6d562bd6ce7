-- One row per firm and stretch of batches in which nothing changed.
-- A batch that did not cover the firm's city says nothing about it, so it neither ends nor splits a stretch.
CREATE TEMP TABLE validity AS
WITH turn AS (
    SELECT
        city,
        as_of,
        row_number() OVER (PARTITION BY city ORDER BY as_of) AS turn,
        lead(as_of) OVER (PARTITION BY city ORDER BY as_of) AS next_as_of
    FROM coverage
),
step AS (
    SELECT
        s.subject_key,
        s.as_of,
        t.next_as_of,
        lag(s.fingerprint) OVER firm IS NOT DISTINCT FROM s.fingerprint
            AND lag(t.turn) OVER firm IS NOT DISTINCT FROM t.turn - 1 AS is_unchanged
    FROM sighting AS s
    LEFT JOIN turn AS t ON t.city = s.city AND t.as_of = s.as_of
    WINDOW firm AS (PARTITION BY s.subject_key ORDER BY s.as_of)
),
stretch AS (
    SELECT *, count_if(NOT is_unchanged) OVER (PARTITION BY subject_key ORDER BY as_of) AS stretch
    FROM step
),
span AS (
    SELECT
        subject_key,
        min(as_of) AS valid_from,
        arg_max_null(next_as_of, as_of) AS next_as_of
    FROM stretch
    GROUP BY subject_key, stretch
)
SELECT
    subject_key,
    valid_from,
    least(next_as_of, lead(valid_from) OVER (PARTITION BY subject_key ORDER BY valid_from)) AS valid_to
FROM span
