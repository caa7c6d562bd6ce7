-- A window over every visit answers too slowly to be asked for one county at a time.
INSERT INTO agg_recommendation_ready BY NAME
SELECT
    v.batch_id, v.subject_key, v.uscc, v.is_on_list, v.city_code, v.county_code, v.township_code,
    v.is_foreign_trade, v.is_sci_tech, v.is_private, v.is_consumption,
    v.visited_on, v.need_amount, v.need_term_months, v.purpose_code,
    v.v1, v.v2, v.v3, v.v4, v.v5, v.is_ready
FROM fact_visit AS v
ANTI JOIN fact_recommendation AS r ON r.batch_id = v.batch_id AND r.subject_key = v.subject_key
WHERE v.has_need
QUALIFY row_number() OVER (PARTITION BY v.batch_id, v.subject_key ORDER BY v.visited_on DESC, v.event_id DESC) = 1
ORDER BY v.city_code, v.county_code, v.township_code, v.subject_key
