// name: freezes
// returns: many Freeze
// What a lock of each promoter finds: entries in no payout by state, those in payouts that nobody approved yet, and payouts further on.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})
CALL (p) {
  MATCH (p)-[:EARNED]->(c:Commission)
  WHERE c.state IN ['OBSERVING', 'RELEASED', 'HELD'] AND c.payout_id IS NULL
  RETURN sum(CASE c.state WHEN 'OBSERVING' THEN c.amount_fen ELSE 0 END) AS observing_fen,
         sum(CASE c.state WHEN 'RELEASED' THEN c.amount_fen ELSE 0 END) AS released_fen,
         sum(CASE c.state WHEN 'HELD' THEN c.amount_fen ELSE 0 END) AS held_fen,
         count(CASE WHEN c.state <> 'HELD' THEN 1 END) AS free_entries,
         sum(CASE WHEN c.state <> 'HELD' AND c.amount_fen < 0 THEN c.amount_fen ELSE 0 END) AS free_debt_fen
}
CALL (p) {
  MATCH (p)-[:RECEIVES]->(x:Payout {status: 'CREATED'})
  OPTIONAL MATCH (x)-[:PAYS]->(c:Commission)
  RETURN count(DISTINCT x) AS created, count(c) AS created_entries, sum(c.amount_fen) AS created_fen,
         sum(CASE WHEN c.amount_fen < 0 THEN c.amount_fen ELSE 0 END) AS created_debt_fen
}
CALL (p) {
  MATCH (p)-[:RECEIVES]->(x:Payout)
  WHERE x.status IN ['APPROVED', 'SENT', 'AWAITING_RECEIPT']
  RETURN count(CASE x.status WHEN 'APPROVED' THEN 1 END) AS approved,
         sum(CASE x.status WHEN 'APPROVED' THEN x.gross_fen ELSE 0 END) AS approved_fen,
         count(CASE WHEN x.status <> 'APPROVED' THEN 1 END) AS sent,
         sum(CASE WHEN x.status <> 'APPROVED' THEN x.gross_fen ELSE 0 END) AS sent_fen
}
RETURN code AS code, p.status AS status, observing_fen AS observing_fen, released_fen AS released_fen, held_fen AS held_fen,
       created_fen AS created_fen, free_debt_fen + created_debt_fen AS debt_fen, free_entries + created_entries AS entries,
       created AS created, approved AS approved, approved_fen AS approved_fen, sent AS sent, sent_fen AS sent_fen

// name: supported
// returns: many Supported
// Whose valid downlines some promoters are, and how those above them came to their rank.
UNWIND $codes AS code
MATCH (d:Promoter {code: code})<-[:REFERRED]-(q:Promoter)
WHERE d.status = 'ACTIVE' AND EXISTS {
  MATCH (d)-[:SOLD]->(o:Order {status: 'COMPLETED', commissionable: true})<-[:PLACED]-(buyer:Person)
  WHERE o.paid_fen > o.refunded_fen AND buyer <> d AND NOT EXISTS {
    MATCH (d)-[:IDENTIFIED_BY]->(i:Identifier)
    WHERE i.kind IN ['DEVICE', 'PAYOUT_ACCOUNT', 'PHONE', 'ID_NUMBER'] AND EXISTS { (buyer)-[:IDENTIFIED_BY]->(i) }
  }
}
WITH q, collect(d.code) AS downlines
RETURN q.code AS code, downlines AS downlines,
       COLLECT { MATCH (q)-[:PROMOTED]->(x:Promotion) RETURN [x.route, x.evidence] ORDER BY x.effective_at DESC, x.seq DESC LIMIT 1 } AS last_promotion
ORDER BY code

// name: above
// returns: one Above
// Override that others earned on the sales of some promoters and that is not paid yet.
CALL () {
  UNWIND $codes AS code
  MATCH (:Promoter {code: code})-[:SOLD]->(:Order)-[:YIELDED]->(c:Commission)<-[:EARNED]-(q:Promoter)
  WHERE c.level > 0 AND c.state IN ['OBSERVING', 'RELEASED'] AND NOT q.code IN $codes
  RETURN count(DISTINCT q) AS receivers, count(c) AS entries, sum(c.amount_fen) AS amount_fen
}
RETURN receivers AS receivers, entries AS entries, amount_fen AS amount_fen

// name: circle
// returns: maybe Circle
// A promoter's direct downlines by code, no more than asked for, and which of some people there are.
MATCH (p:Promoter {code: $code})
RETURN COLLECT { MATCH (p)-[:REFERRED]->(d:Promoter) RETURN d.code ORDER BY d.code LIMIT $first } AS downlines,
       COLLECT { UNWIND $people AS person MATCH (q:Person {code: person}) RETURN q.code } AS people

// name: counted
// returns: one Counted
// What a promoter's promotions go by, with and without some people: since when each direct downline has a sale that counts, own sales to them by month, and the promotions so far.
MATCH (p:Promoter {code: $code})
RETURN COLLECT {
  MATCH (p)-[:REFERRED]->(d:Promoter)
  CALL (d) {
    MATCH (d)-[:SOLD]->(o:Order {status: 'COMPLETED', commissionable: true})<-[:PLACED]-(buyer:Person)
    WHERE o.paid_fen > o.refunded_fen AND buyer <> d AND NOT EXISTS {
      MATCH (d)-[:IDENTIFIED_BY]->(i:Identifier)
      WHERE i.kind IN ['DEVICE', 'PAYOUT_ACCOUNT', 'PHONE', 'ID_NUMBER'] AND EXISTS { (buyer)-[:IDENTIFIED_BY]->(i) }
    }
    RETURN min(coalesce(o.observed_until, o.paid_at)) AS since,
           min(CASE WHEN buyer.code IN $left_out THEN null ELSE coalesce(o.observed_until, o.paid_at) END) AS since_without
  }
  WITH d, since, since_without
  WHERE since IS NOT NULL
  RETURN [d.code, d.status = 'ACTIVE', since, since_without]
} AS downlines, COLLECT {
  UNWIND $left_out AS left_out
  MATCH (:Person {code: left_out})-[:PLACED]->(o:Order {commissionable: true})<-[:SOLD]-(p)
  WITH o.month AS month, sum(o.paid_fen - o.refunded_fen) AS fen
  RETURN [month, fen]
} AS sales, COLLECT {
  MATCH (p)-[:PROMOTED]->(x:Promotion)
  RETURN [x.to_rank, x.effective_at, x.route, x.evidence] ORDER BY x.effective_at, x.seq
} AS promotions
