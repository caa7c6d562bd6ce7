INSERT INTO agg_renewal_due BY NAME
SELECT
    b.loan_id, b.subject_key, b.uscc, b.bank_code, b.bank_name, b.city_code, b.county_code, b.township_code,
    b.balance,
    b.matures_on,
    b.matures_on - f.as_of AS days_left,
    b.matures_on - 30 AS contact_due_on,
    b.contacted_on,
    coalesce(b.contacted_on <= b.matures_on - 30, false) AS is_contacted_on_time,
    b.contacted_on IS NULL AND b.matures_on - 30 < f.as_of AS is_contact_overdue,
    b.has_wish,
    b.is_eligible,
    b.result
FROM meta_feedback AS f
CROSS JOIN book((SELECT as_of FROM meta_feedback)) AS b
WHERE b.matures_on BETWEEN f.as_of AND f.as_of + 60
ORDER BY b.matures_on, b.loan_id
