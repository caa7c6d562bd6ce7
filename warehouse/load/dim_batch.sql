INSERT INTO dim_batch BY NAME
SELECT
    $batch_id AS batch_id,
    $as_of::DATE AS as_of,
    $run_id AS run_id,
    $code_version AS code_version,
    $rules_version AS rules_version,
    $divisions_version AS divisions_version,
    $inputs_sha256 AS inputs_sha256,
    $published_at::TIMESTAMP AS published_at,
    $scope AS scope,
    $cities::VARCHAR AS cities,
    $version::BIGINT AS version
