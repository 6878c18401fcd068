// title: Who earns from others and sells nothing
// title_zh: 只拿团队管理奖而没有自己销售的人
// parameter: month Int 202601 the month, as yyyymm
MATCH (p:Promoter)-[:EARNED]->(c:Commission {month: $month, kind: 'OVERRIDE'})
WITH p, sum(c.amount_fen) AS override_fen
WHERE NOT EXISTS { MATCH (p)-[:SOLD_IN]->(s:SalesMonth {month: $month}) WHERE s.volume_fen > 0 }
RETURN p.code AS code, override_fen
ORDER BY override_fen DESC, code
