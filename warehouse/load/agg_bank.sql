INSERT INTO agg_bank BY NAME
SELECT
    bank_code,
    max(bank_name) AS bank_name,
    city_code IS NOT DISTINCT FROM '330200' AS is_ningbo,
    count(*) AS pushed,
    count(*) FILTER (WHERE is_due) AS due,
    count(*) FILTER (WHERE is_due AND answered_on <= due_on) AS answered_on_time,
    count(*) FILTER (WHERE is_overdue) AS overdue,
    count(credited_on) AS credited,
    coalesce(sum(credit_amount), 0) AS credit_amount
FROM agg_case
GROUP BY ALL
ORDER BY bank_code, is_ningbo
