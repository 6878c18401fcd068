// name: payouts
// returns: one PayoutPage
// Payouts by (created_at, id) after a position, no more than asked for: where the walk stands, and those that are wanted.
// Both halves walk the index: the rest of the instant, then what is after it.
CALL () {
  CALL () {
    MATCH (x:Payout)
    WHERE x.created_at = $after_at AND x.id > $after_id AND $after_at < $until_at
    RETURN x ORDER BY x.created_at, x.id LIMIT $first
    UNION ALL
    MATCH (x:Payout)
    WHERE x.created_at > $after_at AND x.id IS NOT NULL
    WITH x ORDER BY x.created_at, x.id LIMIT $first
    WHERE x.created_at < $until_at
    RETURN x
  }
  RETURN x ORDER BY x.created_at, x.id LIMIT $first
}
WITH collect(x) AS walked
RETURN last(walked).created_at AS last_at, last(walked).id AS last_id, COLLECT {
  UNWIND walked AS x
  WITH x
  WHERE ($month IS NULL OR x.month = $month) AND ($status IS NULL OR x.status = $status) AND ($code IS NULL OR x.promoter_code = $code)
  MATCH (p:Promoter {code: x.promoter_code})
  RETURN [p.name_sealed, properties(x)]
} AS rows

// name: month_after
// returns: maybe MonthAfter
// The next month that has commission entries.
MATCH (c:Commission)
WHERE c.month > $month AND c.seq IS NOT NULL AND c.id IS NOT NULL
RETURN c.month AS month
ORDER BY c.month LIMIT 1

// name: commissions
// returns: one CommissionPage
// A month's commission entries by (seq, id) after a position, no more than asked for: where the walk stands, and those that are wanted.
CALL () {
  CALL () {
    MATCH (c:Commission)
    WHERE c.month = $month AND c.seq = $after_seq AND c.id > $after_id
    RETURN c ORDER BY c.month, c.seq, c.id LIMIT $first
    UNION ALL
    MATCH (c:Commission)
    WHERE c.month = $month AND c.seq > $after_seq AND c.id IS NOT NULL
    RETURN c ORDER BY c.month, c.seq, c.id LIMIT $first
  }
  RETURN c ORDER BY c.seq, c.id LIMIT $first
}
WITH collect(c) AS walked
RETURN last(walked).seq AS last_seq, last(walked).id AS last_id, COLLECT {
  UNWIND walked AS c
  WITH c
  WHERE $from_at <= c.posted_at < $until_at AND ($status IS NULL OR c.state = $status) AND ($kind IS NULL OR c.kind = $kind)
  MATCH (p:Promoter)-[:EARNED]->(c)
  WHERE $code IS NULL OR p.code = $code
  OPTIONAL MATCH (o:Order)-[:YIELDED]->(c)
  RETURN [p.code, p.name_sealed, o.number, properties(c)]
} AS rows

// name: receivers
// returns: one ReceiverPage
// Promoters by code after a code, no more than asked for: where the walk stands, and who of them received a payout of these months.
CALL () {
  MATCH (p:Promoter)
  WHERE p.code > $after
  RETURN p ORDER BY p.code LIMIT $first
}
WITH collect(p) AS walked
RETURN last(walked).code AS last_code, COLLECT {
  UNWIND walked AS p
  WITH p
  WHERE EXISTS { MATCH (p)-[:RECEIVES]->(x:Payout {status: 'PAID'}) WHERE $month_from <= x.month <= $month_upto }
  RETURN [p.code, p.name_sealed]
} AS rows

// name: named
// returns: maybe Named
// A promoter's name as it is sealed.
MATCH (p:Promoter {code: $code})
RETURN p.code AS code, p.name_sealed AS name_sealed
