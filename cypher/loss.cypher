// name: override_by_level
// returns: many LevelSum
// What others earned in some months on a promoter's own sales, and on those of the promoters that stood directly below it at the sale.
CALL () {
  MATCH (p:Promoter {code: $code})-[:SOLD]->(o:Order)
  WHERE o.month IN $months
  MATCH (o)-[:YIELDED]->(c:Commission)<-[:EARNED]-(q:Promoter)
  WHERE c.level > 0 AND c.state <> 'VOIDED'
  RETURN true AS own, c.level AS level, q.code AS receiver_code, sum(c.amount_fen) AS amount_fen
  UNION ALL
  MATCH (p:Promoter {code: $code})-[:REFERRED|FORMERLY_REFERRED]->(d:Promoter)
  WITH DISTINCT d
  MATCH (d)-[:SOLD]->(o:Order)
  WHERE o.month IN $months AND o.chain_codes[1] = $code
  MATCH (o)-[:YIELDED]->(c:Commission {level: 2})<-[:EARNED]-(q:Promoter)
  WHERE c.state <> 'VOIDED'
  RETURN false AS own, c.level AS level, q.code AS receiver_code, sum(c.amount_fen) AS amount_fen
}
RETURN own AS own, level AS level, receiver_code AS receiver_code, amount_fen AS amount_fen
ORDER BY own DESC, level, receiver_code

// name: touching
// returns: one Touching
// Buyers by code after a code who ever came through a promoter, each with everything that binds it, no more than asked for.
MATCH (p:Promoter {code: $code})
CALL (p) {
  MATCH (p)<-[:TOUCHED]-(b:Person)
  WHERE b.code > $after
  RETURN b
  UNION
  MATCH (p)-[:SOLD]->(o:Order)<-[:PLACED]-(b:Person)
  WHERE o.given_code = $code AND b.code > $after
  RETURN b
}
WITH b ORDER BY b.code LIMIT $first
RETURN collect([b.code,
  COLLECT { MATCH (b)-[t:TOUCHED]->(q:Promoter) RETURN [t.at, t.key, q.code] }
  + COLLECT { MATCH (b)-[:PLACED]->(o:Order) WHERE o.given_code IS NOT NULL RETURN [o.paid_at, 'order:' + o.number, o.given_code] }
]) AS buyers
