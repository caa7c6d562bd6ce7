-- One row per bank, inside and outside 宁波, the longest list of overdue answers first.
SELECT coalesce(bank_name, bank_code) AS bank_name, is_ningbo, pushed, due, answered_on_time, overdue, credited, credit_amount, on_time_rate
FROM mart_banks
ORDER BY overdue DESC, pushed DESC, bank_code, is_ningbo
