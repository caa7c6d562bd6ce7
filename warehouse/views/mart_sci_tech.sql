-- One row per batch and region (technology firms only).
SELECT
    batch_id,
    as_of,
    level,
    region_name,
    city_code,
    county_code,
    township_code,
    targets,
    visited,
    recommended,
    credited,
    disbursed,
    credit_amount,
    loan_amount,
    coverage,
    recommendation_rate,
    credit_rate,
    average_rate
FROM mart_funnel
WHERE section = 'sci_tech'
