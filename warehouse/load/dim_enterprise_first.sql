-- Only one batch: every firm of it holds from its date on. The files, all or those of a few cities, come city by
-- city, each in the order of its subjects, and DuckDB keeps the order of what it reads: sorting them again takes as
-- long as reading.
INSERT INTO dim_enterprise BY NAME
SELECT *, $as_of::DATE AS valid_from, NULL::DATE AS valid_to
FROM firms($files)
