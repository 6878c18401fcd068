// name: facts
// returns: one Facts
// Whatever was asked about promoters in one go: every list of asks is answered by a subquery of its own, so nothing multiplies and an empty list costs nothing. Month 0 is all time.
// `totals` are of whole teams, `teams` by level: 20 teams of 300 took 17 ms instead of 22, and take less since their people are DISTINCT (see team.pages). A team of 10,000: 32 ms of all time, 57 ms of a month. A month is read by expanding SOLD_IN (55 ms); seeking its index took 74, quantified paths and path objects the same within noise.
CALL () {
  UNWIND $cards AS code
  MATCH (p:Promoter {code: code})
  RETURN collect(p {
    .code, .status, .rank, .joined_at, .name_sealed, .phone_sealed,
    path: COLLECT { MATCH (p)<-[r:REFERRED*1..1000]-(above) RETURN above.code ORDER BY size(r) }
  }) AS cards
}
CALL () {
  UNWIND $sales AS code
  MATCH (p:Promoter {code: code})
  RETURN collect({
    code: code, orders: coalesce(p.sales_orders, 0), volume_fen: coalesce(p.sales_volume_fen, 0),
    refunded_fen: coalesce(p.sales_refunded_fen, 0)
  }) AS sales
}
CALL () {
  UNWIND $month_sales AS ask
  MATCH (p:Promoter {code: ask.code})
  OPTIONAL MATCH (p)-[:SOLD_IN]->(s:SalesMonth {month: ask.month})
  RETURN collect({
    code: ask.code, month: ask.month, orders: coalesce(s.orders, 0), volume_fen: coalesce(s.volume_fen, 0),
    refunded_fen: coalesce(s.refunded_fen, 0)
  }) AS month_sales
}
CALL () {
  UNWIND $buyers AS ask
  MATCH (p:Promoter {code: ask.code})
  OPTIONAL MATCH (p)-[:SOLD]->(o:Order {commissionable: true})
  WHERE ask.month = 0 OR o.month = ask.month
  WITH ask, count(DISTINCT o.buyer_code) AS buyers
  RETURN collect({code: ask.code, month: ask.month, buyers: buyers}) AS buyers
}
CALL () {
  UNWIND $totals AS code
  MATCH (p:Promoter {code: code})
  CALL (p) {
    MATCH (p)-[:REFERRED*1..1000]->(m)
    WITH DISTINCT m
    RETURN count(*) AS size, sum(m.sales_orders) AS orders, sum(m.sales_volume_fen) AS volume_fen
  }
  RETURN collect({code: code, size: size, orders: orders, volume_fen: volume_fen}) AS totals
}
CALL () {
  UNWIND $month_totals AS ask
  MATCH (p:Promoter {code: ask.code})
  CALL (p, ask) {
    MATCH (p)-[:REFERRED*1..1000]->(m)
    WITH DISTINCT m, ask
    OPTIONAL MATCH (m)-[:SOLD_IN]->(s:SalesMonth {month: ask.month})
    RETURN count(*) AS size, sum(s.orders) AS orders, sum(s.volume_fen) AS volume_fen
  }
  RETURN collect({code: ask.code, month: ask.month, size: size, orders: orders, volume_fen: volume_fen}) AS month_totals
}
CALL () {
  UNWIND $teams AS code
  MATCH (p:Promoter {code: code})-[r:REFERRED*1..1000]->(m)
  WITH code, size(r) AS level, count(*) AS size, sum(m.sales_orders) AS orders, sum(m.sales_volume_fen) AS volume_fen
  ORDER BY level
  WITH code, collect([level, size, orders, volume_fen]) AS levels
  RETURN collect({code: code, levels: levels}) AS teams
}
CALL () {
  UNWIND $month_teams AS ask
  MATCH (p:Promoter {code: ask.code})-[r:REFERRED*1..1000]->(m)
  OPTIONAL MATCH (m)-[:SOLD_IN]->(s:SalesMonth {month: ask.month})
  WITH ask, size(r) AS level, count(*) AS size, sum(s.orders) AS orders, sum(s.volume_fen) AS volume_fen
  ORDER BY level
  WITH ask, collect([level, size, orders, volume_fen]) AS levels
  RETURN collect({code: ask.code, month: ask.month, levels: levels}) AS month_teams
}
CALL () {
  UNWIND $valids AS code
  MATCH (p:Promoter {code: code})
  RETURN collect({
    code: code,
    valid: COUNT {
      MATCH (p)-[:REFERRED]->(d:Promoter {status: 'ACTIVE'})
      WHERE EXISTS {
        MATCH (d)-[:SOLD]->(o:Order {status: 'COMPLETED', commissionable: true})<-[:PLACED]-(buyer:Person)
        WHERE o.paid_fen > o.refunded_fen AND buyer <> d AND NOT EXISTS {
          MATCH (d)-[:IDENTIFIED_BY]->(i:Identifier)
          WHERE i.kind IN ['DEVICE', 'PAYOUT_ACCOUNT', 'PHONE', 'ID_NUMBER'] AND EXISTS { (buyer)-[:IDENTIFIED_BY]->(i) }
        }
      }
    }
  }) AS valids
}
CALL () {
  UNWIND $promotions AS code
  MATCH (p:Promoter {code: code})
  RETURN collect({
    code: code, rank: p.rank,
    closed_month: COLLECT { MATCH (c:MonthClose) RETURN max(c.month) }[0],
    months: COLLECT { MATCH (p)-[:SOLD_IN]->(s:SalesMonth) RETURN [s.month, s.volume_fen] ORDER BY s.month }
  }) AS promotions
}
CALL () {
  UNWIND $balances AS code
  MATCH (p:Promoter {code: code})
  CALL (p) {
    MATCH (p)-[:EARNED]->(c:Commission)
    RETURN sum(CASE c.state WHEN 'OBSERVING' THEN c.amount_fen ELSE 0 END) AS observing_fen,
           sum(CASE c.state WHEN 'HELD' THEN c.amount_fen ELSE 0 END) AS held_fen,
           sum(CASE c.state WHEN 'RELEASED' THEN c.amount_fen ELSE 0 END) AS released_fen
  }
  CALL (p) {
    MATCH (p)-[:RECEIVES]->(x:Payout)
    RETURN sum(CASE WHEN x.status IN ['APPROVED', 'SENT', 'AWAITING_RECEIPT'] THEN x.gross_fen ELSE 0 END) AS on_the_way_fen,
           sum(CASE x.status WHEN 'PAID' THEN x.gross_fen ELSE 0 END) AS paid_fen,
           sum(CASE x.status WHEN 'PAID' THEN x.tax_fen ELSE 0 END) AS withheld_tax_fen
  }
  RETURN collect({
    code: code, observing_fen: observing_fen, held_fen: held_fen, released_fen: released_fen - on_the_way_fen,
    on_the_way_fen: on_the_way_fen, paid_fen: paid_fen, withheld_tax_fen: withheld_tax_fen
  }) AS balances
}
RETURN cards AS cards, sales AS sales, month_sales AS month_sales, buyers AS buyers, totals AS totals, month_totals AS month_totals, teams AS teams, month_teams AS month_teams, valids AS valids, promotions AS promotions, balances AS balances

// name: nearly_valid
// returns: one Nearly
// Active direct downlines that are not valid, nearest first: an order in observation (soonest end first), an order on its way, none yet.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})
CALL (p) {
  MATCH (p)-[:REFERRED]->(d:Promoter {status: 'ACTIVE'})
  CALL (d) {
    OPTIONAL MATCH (d)-[:SOLD]->(o:Order {commissionable: true})<-[:PLACED]-(buyer:Person)
    WHERE o.paid_fen > o.refunded_fen AND buyer <> d AND NOT EXISTS {
      MATCH (d)-[:IDENTIFIED_BY]->(i:Identifier)
      WHERE i.kind IN ['DEVICE', 'PAYOUT_ACCOUNT', 'PHONE', 'ID_NUMBER'] AND EXISTS { (buyer)-[:IDENTIFIED_BY]->(i) }
    }
    RETURN
      count(CASE WHEN o.status = 'COMPLETED' THEN 1 END) AS completed,
      min(CASE WHEN o.status = 'DELIVERED' THEN o.observed_until END) AS observed_until,
      count(CASE WHEN o.status IN ['PAID', 'SHIPPED'] THEN 1 END) AS on_the_way
  }
  WITH d, observed_until, completed,
    CASE WHEN observed_until IS NOT NULL THEN 0 WHEN on_the_way > 0 THEN 1 ELSE 2 END AS steps_away
  WHERE completed = 0
  ORDER BY steps_away, observed_until, d.joined_at, d.code
  LIMIT $first
  RETURN collect(d { .code, .status, .rank, .joined_at, .name_sealed, .phone_sealed }) AS members
}
RETURN collect({code: code, members: members}) AS lists

// name: newest
// returns: one Listed
// Promoters by joining date, latest first, straight off the index (3 ms; without the hint all 60,000 are sorted, 40 ms).
MATCH (p:Promoter)
USING INDEX p:Promoter(joined_at, code)
WHERE p.joined_at <= $after_at AND p.code >= '' AND p.joined_at >= $joined_from AND p.joined_at < $joined_to
  AND CASE WHEN p.joined_at = $after_at THEN p.code < $after_code ELSE true END
  AND ($status IS NULL OR p.status = $status) AND ($rank IS NULL OR p.rank = $rank)
  AND ($referrer_code IS NULL OR EXISTS { (:Promoter {code: $referrer_code})-[:REFERRED]->(p) })
WITH p ORDER BY p.joined_at DESC, p.code DESC LIMIT $first
RETURN collect(p {
  .code, .status, .rank, .joined_at, .name_sealed, .phone_sealed, key: -p.joined_at,
  path: COLLECT { MATCH (p)<-[r:REFERRED*1..1000]-(above) RETURN above.code ORDER BY size(r) }
}) AS rows

// name: listed
// returns: one Listed
// Promoters by another order, or found by a code's beginning or a name. Both team orders walk the team of every candidate: for all of 60,000 promoters that is the sum of their depths, about a second; the page is cached until the next change.
CALL () {
  MATCH (p:Promoter) WHERE p.code STARTS WITH $code_start RETURN p
  UNION ALL
  MATCH (p:Promoter {name_hash: $name_hash}) WHERE NOT p.code STARTS WITH $code_start RETURN p
}
WITH p
WHERE p.joined_at >= $joined_from AND p.joined_at < $joined_to
  AND ($status IS NULL OR p.status = $status) AND ($rank IS NULL OR p.rank = $rank)
  AND ($referrer_code IS NULL OR EXISTS { (:Promoter {code: $referrer_code})-[:REFERRED]->(p) })
CALL (p) {
  WITH p WHERE $order IN ['TEAM_SIZE_DESC', 'TEAM_VOLUME_DESC']
  MATCH (p)-[:REFERRED*1..1000]->(m)
  WITH DISTINCT m
  RETURN count(m) AS team_size, coalesce(sum(m.sales_volume_fen), 0) AS team_volume_fen
}
WITH p, CASE $order
  WHEN 'JOINED_AT_DESC' THEN -p.joined_at
  WHEN 'SALES_DESC' THEN -coalesce(p.sales_volume_fen, 0)
  WHEN 'TEAM_SIZE_DESC' THEN -team_size
  WHEN 'TEAM_VOLUME_DESC' THEN -team_volume_fen
  ELSE 0 END AS key
WHERE $after_key IS NULL OR key > $after_key OR (key = $after_key AND p.code > $after_code)
WITH p, key ORDER BY key, p.code LIMIT $first
RETURN collect(p {
  .code, .status, .rank, .joined_at, .name_sealed, .phone_sealed, key: key,
  path: COLLECT { MATCH (p)<-[r:REFERRED*1..1000]-(above) RETURN above.code ORDER BY size(r) }
}) AS rows

// name: counted
// returns: one Counted
// How many promoters a list has.
CALL () {
  MATCH (p:Promoter) WHERE p.code STARTS WITH $code_start RETURN p
  UNION ALL
  MATCH (p:Promoter {name_hash: $name_hash}) WHERE NOT p.code STARTS WITH $code_start RETURN p
}
WITH p
WHERE p.joined_at >= $joined_from AND p.joined_at < $joined_to
  AND ($status IS NULL OR p.status = $status) AND ($rank IS NULL OR p.rank = $rank)
  AND ($referrer_code IS NULL OR EXISTS { (:Promoter {code: $referrer_code})-[:REFERRED]->(p) })
RETURN count(p) AS count
