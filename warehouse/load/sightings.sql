-- Which batch covered which city, and what it saw of each firm.
CREATE TEMP TABLE coverage (city VARCHAR, as_of DATE);
CREATE TEMP TABLE sighting (subject_key VARCHAR, as_of DATE, city VARCHAR, fingerprint UBIGINT);
