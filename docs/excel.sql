-- For CSV that Excel or WPS opens (docs/bi.md): what a cell may hold, and the list of one county as an example.

-- Text that a spreadsheet would run as a formula (= + - @, full width too, also behind blanks or unseen signs) or
-- read as a number and so spoil (leading noughts, twelve digits and more, digits around an E) gets an apostrophe
-- in front. Numbers, dates and truth values stay as they are.
CREATE OR REPLACE TEMP MACRO excel_cell(v) AS
    CASE
        WHEN typeof(v) = 'VARCHAR' AND regexp_matches(
            v::VARCHAR, '^[\s\p{Z}\p{C}]*[=+\-@＝＋－＠]|^0[0-9]|^[0-9]{12,}$|^[0-9]+[eE][0-9]+$'
        ) THEN '''' || v::VARCHAR
        ELSE v::VARCHAR
    END;

-- The visit targets of one county in the newest batch, 6 digits of its code.
CREATE OR REPLACE TEMP MACRO firms_of(county) AS TABLE
    SELECT
        t.uscc, e.name, e.address, town.name AS township, t.priority, t.size_class, t.is_foreign_trade,
        t.is_sci_tech, t.place_confidence
    FROM fact_visit_target AS t
    JOIN dim_enterprise AS e ON e.subject_key = t.subject_key AND e.valid_to IS NULL
    LEFT JOIN dim_division AS town ON town.division_code = t.township_code || '000'
    WHERE t.batch_id = (SELECT arg_max(batch_id, as_of) FROM dim_batch) AND t.county_code = county
    ORDER BY t.priority, t.subject_key;
