// title: Who shares an identifier with a promoter
// title_zh: 与某推广员共用标识的人
// parameter: code String "" the promoter's code
MATCH (p:Promoter {code: $code})-[:IDENTIFIED_BY]->(i:Identifier)<-[:IDENTIFIED_BY]-(other:Person)
WHERE other <> p
RETURN i.kind AS kind, substring(i.hash, 0, 8) AS identifier, other.code AS code, other:Promoter AS promoter
ORDER BY kind, identifier, code
