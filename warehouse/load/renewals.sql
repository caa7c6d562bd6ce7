-- Each bank reports its whole book, so its newest report not after a date is its book of that date.
CREATE TEMP MACRO book(day) AS TABLE
SELECT r.*
FROM fact_renewal AS r
JOIN (
    SELECT bank_code, max(reported_on) AS reported_on FROM fact_renewal WHERE reported_on <= day GROUP BY bank_code
) AS newest USING (bank_code, reported_on)
