-- What one batch saw of each firm: enough to tell a change from none.
INSERT INTO sighting
SELECT f.subject_key, $as_of::DATE, f.register_city_code, hash(f)
FROM firms($files) AS f
