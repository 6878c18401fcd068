// name: by_ids
// returns: many EntryRow
// Commission entries with the facts of their order.
UNWIND $ids AS id
MATCH (p:Promoter)-[:EARNED]->(c:Commission {id: id})
OPTIONAL MATCH (o:Order)-[:YIELDED]->(c)
RETURN p.code AS code, properties(c) AS entry, o {.number, .buyer_code, .seller_code, .paid_at, .chain_codes, .observed_until} AS sale

// name: of_orders
// returns: many EntryRow
// All entries that these orders yielded, oldest first.
UNWIND $numbers AS number
MATCH (o:Order {number: number})-[:YIELDED]->(c:Commission)<-[:EARNED]-(p:Promoter)
RETURN p.code AS code, properties(c) AS entry, o {.number, .buyer_code, .seller_code, .paid_at, .chain_codes, .observed_until} AS sale
ORDER BY c.seq, c.level, c.id

// name: pages_earned
// returns: many EntryRow
// A page of each receiver's entries, newest first.
UNWIND $codes AS code
CALL (code) {
  MATCH (:Promoter {code: code})-[:EARNED]->(c:Commission)
  WHERE ($month IS NULL OR c.month = $month)
    AND (c.seq < $after_seq OR (c.seq = $after_seq AND c.id > $after_id))
  RETURN c ORDER BY c.seq DESC, c.id LIMIT $first
}
OPTIONAL MATCH (o:Order)-[:YIELDED]->(c)
RETURN code AS code, properties(c) AS entry, o {.number, .buyer_code, .seller_code, .paid_at, .chain_codes, .observed_until} AS sale
ORDER BY c.seq DESC, c.id

// name: pages_paid
// returns: many PaidRow
// A page of the entries in each payout, newest first.
UNWIND $ids AS id
CALL (id) {
  MATCH (:Payout {id: id})-[:PAYS]->(c:Commission)<-[:EARNED]-(p:Promoter)
  WHERE c.seq < $after_seq OR (c.seq = $after_seq AND c.id > $after_id)
  RETURN p, c ORDER BY c.seq DESC, c.id LIMIT $first
}
OPTIONAL MATCH (o:Order)-[:YIELDED]->(c)
RETURN p.code AS code, properties(c) AS entry, o {.number, .buyer_code, .seller_code, .paid_at, .chain_codes, .observed_until} AS sale, id AS payout_id
ORDER BY c.seq DESC, c.id

// name: sizes_paid
// returns: many PaidSize
// How many entries each payout has.
UNWIND $ids AS id
RETURN id AS payout_id, COUNT { (:Payout {id: id})-[:PAYS]->() } AS size

// name: sizes_earned
// returns: many EarnedSize
// How many entries each receiver has, of a month or of all time.
UNWIND $codes AS code
RETURN code AS code,
       COUNT { MATCH (:Promoter {code: code})-[:EARNED]->(c:Commission) WHERE $month IS NULL OR c.month = $month } AS size

// name: sums
// returns: many SumRow
// Each receiver's entries of a month, summed by kind, level and rate; what a review voided is nobody's.
UNWIND $codes AS code
MATCH (:Promoter {code: code})-[:EARNED]->(c:Commission)
WHERE c.month = $month AND c.state <> 'VOIDED'
RETURN code AS code, c.kind AS kind, c.level AS level, c.rate_bp AS rate_bp, sum(c.basis_fen) AS basis_fen, sum(c.amount_fen) AS amount_fen
ORDER BY level, rate_bp
