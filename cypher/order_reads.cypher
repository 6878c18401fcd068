// name: by_numbers
// returns: many OrderCard
// Orders with their lines.
UNWIND $numbers AS number
MATCH (o:Order {number: number})
RETURN o.number AS number, o.status AS status, o.buyer_code AS buyer_code, o.seller_code AS seller_code,
       o.paid_fen AS paid_fen, o.refunded_fen AS refunded_fen,
       o.paid_at AS paid_at, o.delivered_at AS delivered_at, o.observed_until AS observed_until,
       COLLECT { MATCH (o)-[line:CONTAINS]->(p:Product) RETURN [p.sku, line.quantity, line.paid_fen, line.refunded_fen] ORDER BY line.line_index } AS lines

// name: page
// returns: many OrderCard
// Orders, latest payment first.
MATCH (o:Order)
WHERE $paid_from <= o.paid_at <= $paid_upto
  AND ($status IS NULL OR o.status = $status)
  AND (o.paid_at < $after_paid_at OR (o.paid_at = $after_paid_at AND o.number > $after_number))
WITH o ORDER BY o.paid_at DESC, o.number LIMIT $first
RETURN o.number AS number, o.status AS status, o.buyer_code AS buyer_code, o.seller_code AS seller_code,
       o.paid_fen AS paid_fen, o.refunded_fen AS refunded_fen,
       o.paid_at AS paid_at, o.delivered_at AS delivered_at, o.observed_until AS observed_until,
       COLLECT { MATCH (o)-[line:CONTAINS]->(p:Product) RETURN [p.sku, line.quantity, line.paid_fen, line.refunded_fen] ORDER BY line.line_index } AS lines
ORDER BY paid_at DESC, number

// name: size
// returns: one Size
// How many orders a filter lets through.
MATCH (o:Order)
WHERE $paid_from <= o.paid_at <= $paid_upto AND ($status IS NULL OR o.status = $status)
RETURN count(o) AS size

// name: pages_sold
// returns: many SoldCard
// A page of each seller's orders, latest payment first.
UNWIND $codes AS code
CALL (code) {
  MATCH (:Promoter {code: code})-[:SOLD]->(o:Order)
  WHERE $paid_from <= o.paid_at <= $paid_upto
    AND ($status IS NULL OR o.status = $status)
    AND (o.paid_at < $after_paid_at OR (o.paid_at = $after_paid_at AND o.number > $after_number))
  RETURN o ORDER BY o.paid_at DESC, o.number LIMIT $first
}
RETURN code AS code,
       {number: o.number, status: o.status, buyer_code: o.buyer_code, seller_code: o.seller_code,
        paid_fen: o.paid_fen, refunded_fen: o.refunded_fen,
        paid_at: o.paid_at, delivered_at: o.delivered_at, observed_until: o.observed_until,
        lines: COLLECT { MATCH (o)-[line:CONTAINS]->(p:Product) RETURN [p.sku, line.quantity, line.paid_fen, line.refunded_fen] ORDER BY line.line_index }} AS card
ORDER BY o.paid_at DESC, o.number

// name: sizes_sold
// returns: many SoldSize
// How many orders of each seller a filter lets through.
UNWIND $codes AS code
RETURN code AS code,
       COUNT {
         MATCH (:Promoter {code: code})-[:SOLD]->(o:Order)
         WHERE $paid_from <= o.paid_at <= $paid_upto AND ($status IS NULL OR o.status = $status)
       } AS size
