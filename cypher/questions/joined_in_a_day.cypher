// title: Who brought in the most people within a day
// title_zh: 一天内新增直属下线最多的人
// parameter: people Int 30 at least so many
MATCH (p:Promoter)-[:REFERRED]->(d:Promoter)
WITH p, d.joined_at / 86400000000 AS day, count(d) AS people
WHERE people >= $people
RETURN p.code AS code, day AS days_since_1970, people
ORDER BY people DESC, code
