-- Chinese division codes carry their ancestry: 2 digits province, 2 city, 2 county, 3 township, 3 community.
INSERT INTO dim_division BY NAME
SELECT
    division_code,
    name,
    level,
    parent_code,
    CASE WHEN level <> 'province' THEN left(division_code, 4) || '00' END AS city_code,
    CASE WHEN level NOT IN ('province', 'city') THEN left(division_code, 6) END AS county_code,
    CASE WHEN level IN ('township', 'community') THEN left(division_code, 9) END AS township_code
FROM read_csv($file, header = true, all_varchar = true)
ORDER BY division_code
