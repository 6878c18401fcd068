// name: onward
// returns: one Edges
// Edges that lead on from promoters, as they are stored: [from, to, kind, orders, net fen]; purchases of a window, with what was paid less what was refunded.
CALL () {
  UNWIND range(0, size($codes) - 1) AS place
  MATCH (p:Promoter {code: $codes[place]})
  USING INDEX SEEK p:Promoter(code)
  CALL (p) {
    MATCH (p)-[:REFERRED]->(q:Promoter)
    WHERE 'REFERRED' IN $kinds
    RETURN q.code AS code, 'REFERRED' AS kind, 1 AS orders, null AS net_fen
    UNION ALL
    MATCH (p)-[:CLAIMED_REFERRAL]->(q:Promoter)
    WHERE 'CLAIMED_REFERRAL' IN $kinds
    RETURN q.code AS code, 'CLAIMED_REFERRAL' AS kind, 1 AS orders, null AS net_fen
    UNION ALL
    MATCH (p)-[:PLACED]->(o:Order)<-[:SOLD]-(q:Promoter)
    WHERE 'PURCHASED_THROUGH' IN $kinds AND o.paid_at >= $from_at AND o.paid_at < $to_at
    WITH q, count(o) AS orders, sum(o.paid_fen - o.refunded_fen) AS net_fen
    RETURN q.code AS code, 'PURCHASED_THROUGH' AS kind, orders, net_fen
  }
  RETURN p, place, code, kind, orders, net_fen ORDER BY place, code, kind LIMIT $first
}
RETURN collect([p.code, code, kind, orders, net_fen]) AS edges

// name: claims
// returns: one Edges
// Claims that wait, by the promoter's code: [claimed referrer, promoter, kind, 1, null].
CALL () {
  MATCH (q:Promoter)-[r:CLAIMED_REFERRAL]->(p:Promoter)
  WHERE r.promoter_code > ''
  RETURN p, q ORDER BY r.promoter_code LIMIT $first
}
RETURN collect([q.code, p.code, 'CLAIMED_REFERRAL', 1, null]) AS edges

// name: purchases
// returns: one Purchases
// What promoters bought through promoters, in the latest orders of a window: [buyer, promoter, kind, orders, net fen].
CALL () {
  MATCH (o:Order)
  USING INDEX SEEK o:Order(paid_at, number)
  WHERE o.paid_at >= $from_at AND o.paid_at < $to_at AND o.number IS NOT NULL
  WITH o ORDER BY o.paid_at DESC, o.number DESC LIMIT $orders_max
  RETURN collect(o) AS looked_at
}
CALL (looked_at) {
  UNWIND looked_at AS o
  MATCH (p)-[:PLACED]->(o)<-[:SOLD]-(q)
  WHERE p:Promoter AND q:Promoter
  WITH p, q, count(o) AS orders, sum(o.paid_fen - o.refunded_fen) AS net_fen
  RETURN collect([p.code, q.code, 'PURCHASED_THROUGH', orders, net_fen]) AS edges
}
RETURN edges AS edges, size(looked_at) AS looked_at
