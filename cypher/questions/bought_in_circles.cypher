// title: Two promoters who buy through each other
// title_zh: 互相通过对方购买的推广员
// parameter: orders Int 2 at least so many orders each way
MATCH (a:Promoter)-[:PLACED]->(there:Order)<-[:SOLD]-(b:Promoter)
WHERE a.code < b.code
WITH a, b, count(DISTINCT there) AS from_b
WHERE from_b >= $orders
MATCH (b)-[:PLACED]->(back:Order)<-[:SOLD]-(a)
WITH a, b, from_b, count(DISTINCT back) AS from_a
WHERE from_a >= $orders
RETURN a.code AS one, b.code AS other, from_b AS bought_through_other, from_a AS sold_to_other
ORDER BY bought_through_other DESC, one
