// title: Long lines in which everybody has one downline
// title_zh: 每层只有一个下线的长链
// parameter: levels Int 6 at least so many levels
MATCH path = (top:Promoter)-[:REFERRED*6..30]->(last:Promoter)
WHERE length(path) >= $levels
  AND all(p IN nodes(path)[1..-1] WHERE COUNT { (p)-[:REFERRED]->() } = 1)
  AND NOT EXISTS { (last)-[:REFERRED]->() }
RETURN top.code AS top, last.code AS last, length(path) AS levels
ORDER BY levels DESC, top
