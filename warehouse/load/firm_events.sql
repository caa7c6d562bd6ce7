-- One row per batch and firm that any event names, and one per section it belongs to: what the funnel counts.
CREATE TEMP TABLE firm_section AS
WITH visit AS (
    SELECT
        batch_id,
        subject_key,
        true AS is_visited,
        bool_or(is_effective) AS is_effective,
        arg_max(outcome, (visited_on, event_id)) IN ('21', '31', '32', '33') AS is_not_found,
        bool_or(is_effective AND coalesce(has_need, false)) AS is_needing,
        bool_or(is_declared) AS is_declared,
        bool_or(coalesce(is_ready, false)) AS is_ready
    FROM fact_visit
    GROUP BY ALL
),
pushed AS (
    SELECT
        r.batch_id,
        r.subject_key,
        true AS is_recommended,
        bool_or(c.is_due) AS is_due,
        bool_or(c.is_due AND coalesce(c.answered_on <= c.due_on, false)) AS is_on_time,
        bool_or(c.is_overdue) AS is_overdue,
        bool_or(c.credited_on IS NOT NULL) AS is_credited,
        bool_or(c.is_due AND c.credited_on IS NOT NULL) AS is_credited_due,
        bool_or(c.paid_on IS NOT NULL) AS is_disbursed,
        sum(c.credit_amount) AS credit_amount
    FROM fact_recommendation AS r
    JOIN agg_case AS c USING (rec_id)
    GROUP BY ALL
),
loan AS (
    SELECT
        batch_id,
        subject_key,
        count(*) AS loans,
        sum(amount) AS loan_amount,
        sum(amount) FILTER (WHERE rate IS NOT NULL) AS rated_amount,
        -- Exact: a sum of doubles depends on the order threads add them in.
        sum(amount * rate::DECIMAL(9, 4)) AS rate_weight,
        sum(amount) FILTER (WHERE is_credit_loan) AS credit_loan_amount,
        sum(amount) FILTER (WHERE is_first_loan) AS first_loan_amount,
        sum(amount) FILTER (WHERE is_renewal) AS renewal_amount
    FROM fact_loan
    GROUP BY ALL
),
insured AS (
    SELECT batch_id, subject_key, sum(insured_usd) AS insured_usd FROM fact_export_insurance GROUP BY ALL
),
firm AS (
    SELECT
        batch_id, subject_key,
        bool_or(is_on_list) AS is_on_list,
        max(city_code) AS city_code, max(county_code) AS county_code, max(township_code) AS township_code,
        bool_or(is_foreign_trade) AS is_foreign_trade, bool_or(is_sci_tech) AS is_sci_tech,
        bool_or(is_private) AS is_private, bool_or(is_consumption) AS is_consumption
    FROM (
        SELECT batch_id, subject_key, is_on_list, city_code, county_code, township_code, is_foreign_trade,
            is_sci_tech, is_private, is_consumption
        FROM fact_visit
        UNION ALL BY NAME
        SELECT batch_id, subject_key, is_on_list, city_code, county_code, township_code, is_foreign_trade,
            is_sci_tech, is_private, is_consumption
        FROM fact_recommendation
        UNION ALL BY NAME
        SELECT batch_id, subject_key, is_on_list, city_code, county_code, township_code, is_foreign_trade,
            is_sci_tech, is_private, is_consumption
        FROM fact_export_insurance
    )
    GROUP BY batch_id, subject_key
)
SELECT
    f.*, v.* EXCLUDE (batch_id, subject_key), p.* EXCLUDE (batch_id, subject_key),
    l.* EXCLUDE (batch_id, subject_key), i.insured_usd, s.section
FROM firm AS f
LEFT JOIN visit AS v USING (batch_id, subject_key)
LEFT JOIN pushed AS p USING (batch_id, subject_key)
LEFT JOIN loan AS l USING (batch_id, subject_key)
LEFT JOIN insured AS i USING (batch_id, subject_key)
JOIN (VALUES ('all'), ('foreign_trade'), ('sci_tech'), ('private'), ('consumption')) AS s(section)
    ON s.section = 'all'
    OR (s.section = 'foreign_trade' AND f.is_foreign_trade)
    OR (s.section = 'sci_tech' AND f.is_sci_tech)
    OR (s.section = 'private' AND f.is_private)
    OR (s.section = 'consumption' AND f.is_consumption)
