// name: ends_joined
// returns: one Ends
// Of the promoters who joined last within a window, those at whom a thin run ends: no intermediate, below one.
CALL () {
  MATCH (p:Promoter)
  USING INDEX SEEK p:Promoter(joined_at, code)
  WHERE p.joined_at >= $from_at AND p.joined_at < $to_at AND p.code IS NOT NULL
  WITH p ORDER BY p.joined_at DESC, p.code DESC LIMIT $people_max
  RETURN collect(p) AS looked_at
}
CALL (looked_at) {
  UNWIND looked_at AS p
  MATCH (p)<-[:REFERRED]-(q:Promoter)<-[:REFERRED]-(:Promoter)
  WHERE COUNT { (p)-[:REFERRED]->() } <> 1 AND COUNT { (q)-[:REFERRED]->() } = 1
  RETURN collect(p.code) AS codes
}
RETURN codes AS codes, size(looked_at) AS looked_at

// name: ends_below
// returns: one Ends
// Of the promoters below a root who joined within a window, those at whom a thin run ends.
CALL () {
  MATCH (start:Promoter {code: $root_code})-[:REFERRED*1..1000]->(p:Promoter)
  USING INDEX SEEK start:Promoter(code)
  WITH p LIMIT $people_max
  RETURN collect(p) AS looked_at
}
CALL (looked_at) {
  UNWIND looked_at AS p
  MATCH (p)<-[:REFERRED]-(q:Promoter)
  WHERE p.joined_at >= $from_at AND p.joined_at < $to_at
    AND COUNT { (p)-[:REFERRED]->() } <> 1 AND COUNT { (q)-[:REFERRED]->() } = 1
  RETURN collect(p.code) AS codes
}
RETURN codes AS codes, size(looked_at) AS looked_at

// name: lines
// returns: many Line
// Everybody above promoters, nearest first, each with how many direct downlines it has.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})
USING INDEX SEEK p:Promoter(code)
RETURN p.code AS code, p.joined_at AS joined_at, COUNT { (p)-[:REFERRED]->() } AS directs,
       COLLECT {
         MATCH path = (p)<-[:REFERRED*1..1000]-(q:Promoter)
         RETURN [q.code, COUNT { (q)-[:REFERRED]->() }] ORDER BY length(path)
       } AS above

// name: single_below
// returns: one Below
// Direct downlines of a promoter who have exactly one themselves, of as many as are looked at.
CALL () {
  MATCH (start:Promoter {code: $code})-[:REFERRED]->(p:Promoter)
  USING INDEX SEEK start:Promoter(code)
  WITH p LIMIT $first
  RETURN collect(p) AS looked_at
}
RETURN [p IN looked_at WHERE COUNT { (p)-[:REFERRED]->() } = 1 | p.code] AS codes, size(looked_at) AS looked_at

// name: next_below
// returns: one Steps
// The only direct downlines of promoters who have one: [downline, whether that one has a single one too].
CALL () {
  UNWIND $codes AS code
  MATCH (p:Promoter {code: code})
  USING INDEX SEEK p:Promoter(code)
  WHERE COUNT { (p)-[:REFERRED]->() } = 1
  MATCH (p)-[:REFERRED]->(q:Promoter)
  RETURN q
}
RETURN collect([q.code, COUNT { (q)-[:REFERRED]->() } = 1]) AS rows
