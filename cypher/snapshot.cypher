// name: promoters
// returns: one Promoters
// Promoters by code after a code, with whom they stand under, whom they claimed on a cycle, and since when they stand there; "" is nobody.
MATCH (p:Promoter)
WHERE p.code > $code
WITH p ORDER BY p.code LIMIT $first
OPTIONAL MATCH (p)<-[r:REFERRED]-(q:Promoter)
OPTIONAL MATCH (p)<-[:CLAIMED_REFERRAL]-(c:Promoter)
RETURN collect(p.code) AS codes, collect(coalesce(q.code, '')) AS referrer_codes, collect(coalesce(c.code, '')) AS claim_codes,
       collect(p.joined_at) AS joined_ats, collect(coalesce(r.since_at, p.joined_at)) AS referred_ats

// name: orders
// returns: one Orders
// Orders by (paid_at, number) after a position: those that somebody sold, and what all of them yielded by receiver and Shanghai day.
// Both halves walk the index on (paid_at, number), which a single OR does not: the rest of the instant, then what is after it.
CALL () {
  CALL () {
    MATCH (o:Order)
    USING INDEX SEEK o:Order(paid_at, number)
    WHERE o.paid_at = $paid_at AND o.number > $number
    RETURN o ORDER BY o.paid_at, o.number LIMIT $first
    UNION ALL
    MATCH (o:Order)
    USING INDEX SEEK o:Order(paid_at, number)
    WHERE o.paid_at > $paid_at AND o.number IS NOT NULL
    RETURN o ORDER BY o.paid_at, o.number LIMIT $first
  }
  RETURN o ORDER BY o.paid_at, o.number LIMIT $first
}
WITH collect(o) AS page
CALL (page) {
  UNWIND page AS o
  WITH o WHERE o.seller_code IS NOT NULL
  RETURN collect(o.buyer_code) AS buyer_codes, collect(o.seller_code) AS seller_codes, collect(o.paid_at) AS paid_ats,
         collect(o.paid_fen) AS paid_fens, collect(o.refunded_fen) AS refunded_fens, collect(coalesce(o.commissionable, false)) AS countables
}
CALL (page) {
  UNWIND page AS o
  MATCH (o)-[:YIELDED]->(c:Commission)<-[:EARNED]-(p:Promoter)
  WITH p.code AS code, (o.paid_at + 28800000000) / 86400000000 AS day,
       sum(CASE WHEN c.sku IS NOT NULL AND c.level = 0 THEN c.amount_fen ELSE 0 END) AS own_fen,
       sum(CASE WHEN c.sku IS NOT NULL AND c.level > 0 THEN c.amount_fen ELSE 0 END) AS override_fen,
       sum(CASE WHEN c.state IN ['OBSERVING', 'HELD', 'RELEASED'] THEN c.amount_fen ELSE 0 END) AS open_fen
  RETURN collect(code) AS receiver_codes, collect(day) AS days, collect(own_fen) AS own_fens,
         collect(override_fen) AS override_fens, collect(open_fen) AS open_fens
}
RETURN buyer_codes AS buyer_codes, seller_codes AS seller_codes, paid_ats AS paid_ats, paid_fens AS paid_fens,
       refunded_fens AS refunded_fens, countables AS countables, receiver_codes AS receiver_codes, days AS days,
       own_fens AS own_fens, override_fens AS override_fens, open_fens AS open_fens,
       last(page).paid_at AS last_paid_at, last(page).number AS last_number

// name: identifiers
// returns: one Shared
// Identifiers by id after an id: those that two people or more have, each with its people; of a crowd no more than is needed to know it for one.
MATCH (i:Identifier)
WHERE i.id > $id
WITH i ORDER BY i.id LIMIT $first
WITH i, COLLECT { MATCH (i)<-[:IDENTIFIED_BY]-(p:Person) RETURN p.code ORDER BY p.code LIMIT $people_max } AS people
RETURN collect(CASE WHEN size(people) > 1 THEN i.id END) AS ids, collect(CASE WHEN size(people) > 1 THEN people END) AS people, max(i.id) AS last_id
