-- A bank's clock runs 30 days (一个月) from complete papers, else from the push; a request for more papers is no answer.
INSERT INTO agg_case BY NAME
WITH answer AS (
    SELECT
        rec_id,
        min(accepted_on) AS accepted_on,
        min(decided_on) FILTER (WHERE result IN ('granted', 'refused', 'withdrawn')) AS answered_on,
        min(decided_on) FILTER (WHERE result = 'granted') AS credited_on,
        arg_max(credit_amount, decided_on) FILTER (WHERE result = 'granted') AS credit_amount
    FROM fact_credit
    GROUP BY rec_id
),
payment AS (
    SELECT rec_id, min(paid_on) AS paid_on FROM fact_loan GROUP BY rec_id
),
clocked AS (
    SELECT
        r.* EXCLUDE (event_id),
        coalesce(a.accepted_on, r.pushed_on) AS clock_on,
        coalesce(a.accepted_on, r.pushed_on) + 30 AS due_on,
        a.answered_on,
        a.credited_on,
        a.credit_amount,
        p.paid_on
    FROM fact_recommendation AS r
    LEFT JOIN answer AS a USING (rec_id)
    LEFT JOIN payment AS p USING (rec_id)
)
SELECT
    c.batch_id, c.rec_id, c.uscc, c.bank_code, c.bank_name, c.city_code, c.county_code, c.township_code,
    c.pushed_on, c.clock_on, c.due_on, c.answered_on, c.credited_on, c.paid_on, c.credit_amount,
    c.due_on < f.as_of AS is_due,
    c.due_on < f.as_of AND c.answered_on IS NULL AS is_overdue
FROM clocked AS c
CROSS JOIN meta_feedback AS f
ORDER BY is_overdue DESC, c.bank_code, c.due_on, c.rec_id
