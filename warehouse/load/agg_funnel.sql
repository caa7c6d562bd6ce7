-- Firms of the list by place and section, beside what happened to them; then summed to every level.
INSERT INTO agg_funnel BY NAME
WITH listed AS (
    UNPIVOT (
        SELECT
            batch_id, city_code, county_code, township_code,
            targets AS "all",
            foreign_trade_targets AS foreign_trade,
            sci_tech_targets AS sci_tech,
            private_targets AS private,
            consumption_targets AS consumption
        FROM agg_visit_target
    )
    ON "all", foreign_trade, sci_tech, private, consumption INTO NAME section VALUE targets
),
part AS (
    SELECT batch_id, city_code, county_code, township_code, section, targets FROM listed
    UNION ALL BY NAME
    SELECT
        batch_id, city_code, county_code, township_code, section,
        count(*) FILTER (WHERE is_visited AND is_on_list) AS visited,
        count(*) FILTER (WHERE is_visited AND NOT is_on_list) AS visited_off_list,
        count(*) FILTER (WHERE is_effective) AS effective,
        count(*) FILTER (WHERE is_not_found) AS not_found,
        count(*) FILTER (WHERE is_needing) AS needing,
        count(*) FILTER (WHERE is_declared OR is_recommended) AS declared,
        count(*) FILTER (WHERE is_ready) AS ready,
        count(*) FILTER (WHERE is_recommended) AS recommended,
        count(*) FILTER (WHERE is_due) AS recommended_due,
        count(*) FILTER (WHERE is_on_time) AS answered_on_time,
        count(*) FILTER (WHERE is_overdue) AS overdue,
        count(*) FILTER (WHERE is_credited) AS credited,
        count(*) FILTER (WHERE is_credited_due) AS credited_due,
        count(*) FILTER (WHERE is_disbursed) AS disbursed,
        sum(credit_amount) AS credit_amount,
        sum(loans) AS loans,
        sum(loan_amount) AS loan_amount,
        sum(rated_amount) AS rated_amount,
        sum(rate_weight) AS rate_weight,
        sum(credit_loan_amount) AS credit_loan_amount,
        sum(first_loan_amount) AS first_loan_amount,
        sum(renewal_amount) AS renewal_amount,
        sum(insured_usd) AS insured_usd
    FROM firm_section
    GROUP BY ALL
),
placed AS (
    SELECT *, unnest(['province', 'province_excl_ningbo', 'city', 'county', 'township']) AS level FROM part
),
-- A batch without any target or event still has its province rows.
whole AS (
    SELECT * FROM placed WHERE level <> 'province_excl_ningbo' OR city_code IS DISTINCT FROM '330200'
    UNION ALL BY NAME
    SELECT batch_id, level, section
    FROM dim_batch
    CROSS JOIN (VALUES ('province'), ('province_excl_ningbo')) AS l(level)
    CROSS JOIN (VALUES ('all'), ('foreign_trade'), ('sci_tech'), ('private'), ('consumption')) AS s(section)
)
SELECT
    batch_id,
    level,
    CASE WHEN level IN ('city', 'county', 'township') THEN city_code END AS city_code,
    CASE WHEN level IN ('county', 'township') THEN county_code END AS county_code,
    CASE WHEN level = 'township' THEN township_code END AS township_code,
    section,
    coalesce(sum(COLUMNS(* EXCLUDE (batch_id, level, city_code, county_code, township_code, section))), 0)
FROM whole
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
