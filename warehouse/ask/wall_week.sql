-- Firms of the newest list visited up to seven days before the facts' date, by region, city, county and township.
WITH newest AS (
    SELECT batch_id, as_of FROM dim_batch ORDER BY as_of DESC LIMIT 1
),
facts AS (
    SELECT greatest(n.as_of, (SELECT max(as_of) FROM meta_feedback)) AS as_of FROM newest AS n
),
firm AS (
    SELECT
        v.subject_key,
        max(v.city_code) AS city_code,
        max(v.county_code) AS county_code,
        max(v.township_code) AS township_code
    FROM fact_visit AS v
    JOIN newest USING (batch_id)
    WHERE v.is_on_list AND v.visited_on <= (SELECT as_of FROM facts) - 7
    GROUP BY v.subject_key
),
part AS (
    SELECT city_code, county_code, township_code, count(*) AS visited FROM firm GROUP BY ALL
)
SELECT
    CASE grouping(city_code, county_code, township_code)
        WHEN 0 THEN 'township' WHEN 1 THEN 'county' WHEN 3 THEN 'city' ELSE 'province'
    END AS level,
    city_code, county_code, township_code, coalesce(sum(visited), 0)::BIGINT AS visited
FROM part
GROUP BY ROLLUP (city_code, county_code, township_code)
UNION ALL
SELECT 'province_excl_ningbo', NULL, NULL, NULL, coalesce(sum(visited), 0)::BIGINT
FROM part
WHERE city_code IS DISTINCT FROM '330200'
ORDER BY level, city_code, county_code, township_code
