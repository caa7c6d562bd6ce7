-- One row per batch, region and section.
SELECT
    f.batch_id,
    b.as_of,
    f.level,
    CASE f.level
        WHEN 'province' THEN '浙江省'
        WHEN 'province_excl_ningbo' THEN '浙江省（不含宁波）'
        ELSE coalesce(d.name, '待认领')
    END AS region_name,
    f.city_code,
    f.county_code,
    f.township_code,
    f.section,
    f.targets,
    f.visited,
    f.visited_off_list,
    f.effective,
    f.not_found,
    f.needing,
    f.declared,
    f.ready,
    f.recommended,
    f.recommended_due,
    f.answered_on_time,
    f.overdue,
    f.credited,
    f.credited_due,
    f.disbursed,
    f.credit_amount,
    f.loans,
    f.loan_amount,
    f.credit_loan_amount,
    f.first_loan_amount,
    f.renewal_amount,
    f.insured_usd,
    f.visited / nullif(f.targets, 0) AS coverage,
    f.effective / nullif(f.visited + f.visited_off_list, 0) AS effective_rate,
    f.needing / nullif(f.effective, 0) AS need_rate,
    f.declared / nullif(f.effective, 0) AS declare_rate,
    f.recommended / nullif(f.declared, 0) AS audit_pass_rate,
    f.recommended / nullif(f.visited + f.visited_off_list, 0) AS recommendation_rate,
    f.credited / nullif(f.recommended, 0) AS credit_rate,
    f.credited_due / nullif(f.recommended_due, 0) AS credit_rate_due,
    f.answered_on_time / nullif(f.recommended_due, 0) AS on_time_rate,
    f.disbursed / nullif(f.credited, 0) AS disbursement_rate,
    f.rate_weight / nullif(f.rated_amount::DOUBLE, 0) AS average_rate,
    (f.credit_loan_amount / nullif(f.loan_amount, 0))::DOUBLE AS credit_loan_share,
    (f.first_loan_amount / nullif(f.loan_amount, 0))::DOUBLE AS first_loan_share,
    1 - f.not_found / nullif(f.visited + f.visited_off_list, 0) AS list_accuracy
FROM agg_funnel AS f
JOIN dim_batch AS b USING (batch_id)
LEFT JOIN dim_division AS d
    ON d.division_code = CASE f.level
        WHEN 'city' THEN f.city_code || '000000'
        WHEN 'county' THEN f.county_code || '000000'
        WHEN 'township' THEN f.township_code || '000'
    END
