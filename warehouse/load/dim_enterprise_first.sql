-- Only one batch: every firm of it holds from its date on.
INSERT INTO dim_enterprise BY NAME
SELECT *, $as_of::DATE AS valid_from, NULL::DATE AS valid_to
FROM firms($files)
ORDER BY register_city_code, subject_key
