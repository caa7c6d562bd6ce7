-- One row per batch and region (foreign-trade firms only).
SELECT
    f.batch_id,
    f.as_of,
    f.level,
    f.region_name,
    f.city_code,
    f.county_code,
    f.township_code,
    f.targets,
    f.visited,
    f.recommended,
    f.credited,
    f.disbursed,
    f.loan_amount,
    f.insured_usd,
    greatest(f.targets - f.disbursed, 0) AS without_loan,
    f.coverage,
    f.recommendation_rate,
    f.credit_rate,
    (f.loan_amount / nullif(w.loan_amount, 0))::DOUBLE AS loan_share,
    (f.loan_amount / nullif(f.visited, 0))::DOUBLE AS loan_per_visited
FROM mart_funnel AS f
JOIN agg_funnel AS w
    ON w.section = 'all'
    AND w.batch_id = f.batch_id
    AND w.level = f.level
    AND w.city_code IS NOT DISTINCT FROM f.city_code
    AND w.county_code IS NOT DISTINCT FROM f.county_code
    AND w.township_code IS NOT DISTINCT FROM f.township_code
WHERE f.section = 'foreign_trade'
