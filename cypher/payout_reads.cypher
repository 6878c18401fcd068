// name: by_ids
// returns: many PayoutCard
// Payouts with their receiver.
UNWIND $ids AS id
MATCH (x:Payout {id: id})
RETURN x.promoter_code AS promoter_code, properties(x) AS payout

// name: page
// returns: many PayoutCard
// Payouts, newest first.
MATCH (x:Payout)
WHERE x.created_at <= $after_at
  AND ($status IS NULL OR x.status = $status)
  AND (x.created_at < $after_at OR x.id > $after_id)
RETURN x.promoter_code AS promoter_code, properties(x) AS payout
ORDER BY x.created_at DESC, x.id LIMIT $first

// name: size
// returns: one Size
// How many payouts there are.
MATCH (x:Payout)
WHERE $status IS NULL OR x.status = $status
RETURN count(x) AS size

// name: pages_received
// returns: many PayoutCard
// A page of each receiver's payouts, newest first.
UNWIND $codes AS code
CALL (code) {
  MATCH (:Promoter {code: code})-[:RECEIVES]->(x:Payout)
  WHERE ($status IS NULL OR x.status = $status)
    AND (x.created_at < $after_at OR (x.created_at = $after_at AND x.id > $after_id))
  RETURN x ORDER BY x.created_at DESC, x.id LIMIT $first
}
RETURN code AS promoter_code, properties(x) AS payout

// name: sizes_received
// returns: many ReceivedSize
// How many payouts each receiver has.
UNWIND $codes AS code
RETURN code AS code, COUNT { MATCH (:Promoter {code: code})-[:RECEIVES]->(x:Payout) WHERE $status IS NULL OR x.status = $status } AS size
