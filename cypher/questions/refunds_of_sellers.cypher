// title: Sellers most of whose sales come back
// title_zh: 退款占比最高的卖家
// parameter: orders Int 5 at least so many orders
MATCH (p:Promoter)-[:SOLD]->(o:Order)
WITH p, count(o) AS orders, count(CASE WHEN o.refunded_fen > 0 THEN 1 END) AS refunded, sum(o.refunded_fen) AS refunded_fen
WHERE orders >= $orders AND refunded > 0
RETURN p.code AS code, orders, refunded, refunded * 100 / orders AS percent, refunded_fen
ORDER BY percent DESC, refunded_fen DESC, code
