// name: closed
// returns: many ClosedMonth
// Months that are closed, in order, with the tier rule they were closed under.
MATCH (c:MonthClose)
RETURN c.month AS month, c.tier_threshold_fen AS tier_threshold_fen, c.tier_bp AS tier_bp, c.plan_version AS plan_version
ORDER BY c.month

// name: open_month_with_sales
// returns: maybe OpenMonth
// The earliest month before this one that has sales and is not closed.
MATCH (s:SalesMonth)
WHERE s.month < $month AND NOT EXISTS { MATCH (:MonthClose {month: s.month}) }
WITH min(s.month) AS month WHERE month IS NOT NULL
RETURN month AS month

// name: tier_rows
// returns: many TierRow
// Sales of closed months that may owe another TIER than was posted.
UNWIND $pairs AS pair
MATCH (c:MonthClose {month: pair.month})
MATCH (p:Promoter {code: pair.promoter_code})-[:SOLD_IN]->(s:SalesMonth {month: pair.month})
RETURN s.promoter_code AS promoter_code, s.month AS month, s.volume_fen AS volume_fen, coalesce(s.tier_fen, 0) AS tier_fen, p.status AS status, p.closed_at AS closed_at, s.due_at AS due_at, coalesce(s.due_provisional, false) AS due_provisional,
       reduce(sum = 0, fen IN COLLECT { MATCH (p)-[:EARNED]->(v:Commission {state: 'VOIDED'}) WHERE v.month = pair.month AND v.sku IS NULL RETURN v.amount_fen } | sum + fen) AS voided_fen,
       reduce(sum = 0, fen IN COLLECT { MATCH (p)-[:EARNED]->(v:Commission {state: 'VOIDED'}) WHERE v.month = pair.month AND v.sku IS NULL AND v.voided_seq IS NOT NULL RETURN v.amount_fen } | sum + fen) AS review_fen,
       c.tier_threshold_fen AS tier_threshold_fen, c.tier_bp AS tier_bp, c.plan_version AS plan_version

// name: above_threshold
// returns: many Above
// Promoters whose own sales of a month are above the tier's threshold and who have no TIER for it.
MATCH (s:SalesMonth {month: $month})
WHERE s.volume_fen > $threshold_fen AND coalesce(s.tier_fen, 0) = 0
RETURN s.promoter_code AS promoter_code, s.month AS month

// name: post_tiers
// returns: none
// Appends TIER entries and their corrections; the month remembers what is posted.
CALL () {
  UNWIND $rows AS row
  MATCH (p:Promoter {code: row.promoter_code})-[:SOLD_IN]->(s:SalesMonth {month: row.properties.month})
  SET s.tier_fen = coalesce(s.tier_fen, 0) + row.properties.amount_fen
  CREATE (p)-[:EARNED]->(c:Commission)
  SET c = row.properties
  FOREACH (due_at IN [at IN [row.properties.unpaid_due_at] WHERE at < coalesce(p.payable_at, 9223372036854775807)] | SET p.payable_at = due_at)
  WITH c, row WHERE row.number IS NOT NULL
  MATCH (o:Order {number: row.number})
  CREATE (o)-[:YIELDED]->(c)
}
CALL () {
  UNWIND $postings AS row
  CREATE (x:Posting)
  SET x = row
}

// name: complete
// returns: one Completed
// Ends the observation of delivered orders that is over at an instant.
CALL () {
  MATCH (o:Order)
  WHERE o.pending_until <= $until_at
  WITH o LIMIT $first
  SET o.completed = true, o.pending_until = null,
      o.status = CASE o.status WHEN 'DELIVERED' THEN 'COMPLETED' ELSE o.status END
  RETURN count(o) AS orders, collect(DISTINCT o.seller_code) AS seller_codes
}
RETURN orders AS orders, seller_codes AS seller_codes

// name: candidates
// returns: one Candidates
// Active promoters who may have reached the next rank: by months of sales, or by the number of direct downlines with completed sales.
CALL () {
  MATCH (s:SalesMonth {month: $month})
  WHERE s.volume_fen >= $sales_month_fen
  MATCH (p:Promoter {code: s.promoter_code})
  RETURN p
  UNION
  MATCH (p:Promoter)
  WHERE COUNT { (p)-[:REFERRED]->() } >= $valid_downlines
  RETURN p
}
WITH DISTINCT p
WHERE p.status = 'ACTIVE' AND p.rank <> $top_rank
RETURN collect({
  code: p.code,
  rank: p.rank,
  promoted_at: COLLECT { MATCH (p)-[:PROMOTED]->(x:Promotion) RETURN max(x.effective_at) }[0],
  months: COLLECT { MATCH (p)-[:SOLD_IN]->(s:SalesMonth) WHERE s.month IN $months RETURN [s.month, s.volume_fen] },
  valid_downlines: COUNT {
    MATCH (p)-[:REFERRED]->(d:Promoter {status: 'ACTIVE'})
    WHERE EXISTS {
      MATCH (d)-[:SOLD]->(o:Order)<-[:PLACED]-(b:Person)
      WHERE o.commissionable AND o.completed AND o.paid_fen > o.refunded_fen AND b <> d
        AND NOT EXISTS { MATCH (d)-[:IDENTIFIED_BY]->(i:Identifier)<-[:IDENTIFIED_BY]-(b) WHERE i.kind IN ['DEVICE', 'PAYOUT_ACCOUNT', 'PHONE', 'ID_NUMBER'] }
    }
  }
}) AS promoters

// name: promote
// returns: none
// Promotions with their evidence; the rank counts for orders paid from `effective_at` on.
UNWIND $rows AS row
MATCH (p:Promoter {code: row.code})
SET p.rank = row.to_rank,
    p.senior_at = CASE row.to_rank WHEN 'SENIOR' THEN row.effective_at ELSE p.senior_at END,
    p.elite_at = CASE row.to_rank WHEN 'ELITE' THEN row.effective_at ELSE p.elite_at END
CREATE (p)-[:PROMOTED]->(:Promotion {promoter_code: row.code, from_rank: row.from_rank, to_rank: row.to_rank, effective_at: row.effective_at, route: row.route, evidence: row.evidence, plan_version: row.plan_version, seq: row.seq})

// name: close
// returns: none
// Closes months under the tier rule of the plan in force at their last instant.
UNWIND $rows AS row
CREATE (c:MonthClose)
SET c = row
