-- The month in which the first of a firm's loans falls due; never the day or the amount.
SELECT uscc, strftime(min(matures_on), '%Y-%m') AS renewal_month
FROM mart_renewals_due
WHERE uscc IS NOT NULL
GROUP BY uscc
