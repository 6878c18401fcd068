// title: Payout accounts of more than one promoter
// title_zh: 多人共用的收款账户
// parameter: people Int 2 at least so many promoters
MATCH (i:Identifier {kind: 'PAYOUT_ACCOUNT'})<-[:IDENTIFIED_BY]-(p:Promoter)
WITH i, count(DISTINCT p) AS people, collect(DISTINCT p.code) AS codes
WHERE people >= $people
RETURN substring(i.hash, 0, 8) AS account, people, codes
ORDER BY people DESC, account
