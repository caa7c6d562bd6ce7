-- The rows that open at one batch, with the date they end: the firm's next row or the next batch without it.
INSERT INTO dim_enterprise BY NAME
SELECT f.*, v.valid_from, v.valid_to
FROM firms($files) AS f
JOIN validity AS v ON v.subject_key = f.subject_key AND v.valid_from = $as_of::DATE
ORDER BY f.register_city_code, f.subject_key
