-- The earliest batch that lists each firm, as far as loaded.
CREATE TEMP TABLE first_listed (subject_key VARCHAR NOT NULL, first_batch_id VARCHAR NOT NULL)
