// name: pending_orders
// returns: one Pending
// Orders whose entries are to be released at an instant, but for those set aside.
CALL () {
  MATCH (o:Order)
  WHERE o.pending_release_at <= $as_of AND NOT o.number IN $set_aside
  RETURN o LIMIT $first
}
RETURN collect([o.number, o.pending_release_at, o.settlement_days]) AS rows

// name: release_orders
// returns: one Released
// Releases orders' entries: payable from their due date, or held if their promoter is locked.
// Without the hint a plan made while the index was young walks all of it for each order: 20 million rows read for 2,000.
CALL () {
  UNWIND $rows AS row
  MATCH (o:Order {number: row.key})
  USING INDEX SEEK o:Order(number)
  WHERE o.pending_release_at = row.release_at
  SET o.release_at = row.release_at, o.due_at = row.due_at, o.due_provisional = row.provisional, o.pending_release_at = null
  WITH o, row
  MATCH (o)-[:YIELDED]->(c:Commission)<-[:EARNED]-(p:Promoter)
  WHERE c.sku IS NOT NULL AND c.due_at IS NULL
  WITH c, p, row, c.state = 'OBSERVING' AS free
  SET c.release_at = row.release_at, c.due_at = row.due_at, c.due_provisional = row.provisional, c.settlement_days = row.settlement_days,
      c.state = CASE WHEN free THEN 'RELEASED' ELSE c.state END,
      c.unpaid_due_at = CASE WHEN free THEN row.due_at END
  WITH p, count(CASE WHEN free THEN 1 END) AS released, min(c.unpaid_due_at) AS due_at
  FOREACH (at IN [at IN [due_at] WHERE at < coalesce(p.payable_at, 9223372036854775807)] | SET p.payable_at = at)
  RETURN p.code AS code, released AS released
}
RETURN coalesce(sum(released), 0) AS released, collect(code) AS codes

// name: pending_tiers
// returns: one Pending
// TIER entries that are to be released at an instant, under the plan that their month was closed under, but for those set aside.
CALL () {
  MATCH (c:Commission)
  WHERE c.pending_release_at <= $as_of AND NOT c.id IN $set_aside
  RETURN c LIMIT $first
}
RETURN collect([c.id, c.pending_release_at, COLLECT { MATCH (plan:Plan {version: c.plan_version}) RETURN plan.settlement_days }[0]]) AS rows

// name: release_tiers
// returns: one Released
// Releases TIER entries; the month remembers the due date for its later corrections.
CALL () {
  UNWIND $rows AS row
  MATCH (p:Promoter)-[:EARNED]->(c:Commission {id: row.key})
  USING INDEX SEEK c:Commission(id)
  WHERE c.pending_release_at = row.release_at
  WITH p, c, row, c.state = 'OBSERVING' AS free
  SET c.release_at = row.release_at, c.due_at = row.due_at, c.due_provisional = row.provisional, c.settlement_days = row.settlement_days,
      c.state = CASE WHEN free THEN 'RELEASED' ELSE c.state END,
      c.unpaid_due_at = CASE WHEN free THEN row.due_at END,
      c.pending_release_at = null
  WITH p, c, row, free
  MATCH (p)-[:SOLD_IN]->(s:SalesMonth {month: c.month})
  SET s.due_at = row.due_at, s.due_provisional = row.provisional
  WITH p, count(CASE WHEN free THEN 1 END) AS released, min(c.unpaid_due_at) AS due_at
  FOREACH (at IN [at IN [due_at] WHERE at < coalesce(p.payable_at, 9223372036854775807)] | SET p.payable_at = at)
  RETURN p.code AS code, released AS released
}
RETURN coalesce(sum(released), 0) AS released, collect(code) AS codes

// name: provisional
// returns: one Pending
// Entries whose due date was reckoned before its year's calendar was announced, by id, after an id.
// A correction took the date over from what it corrects, without the days.
CALL () {
  MATCH (c:Commission)
  WHERE c.due_provisional = true AND c.id > $after
  RETURN c ORDER BY c.id LIMIT $first
}
RETURN collect([c.id, c.release_at, coalesce(c.settlement_days, COLLECT { MATCH (plan:Plan {version: c.plan_version}) RETURN plan.settlement_days }[0])]) AS rows

// name: redate
// returns: none
// Puts due dates in place of provisional ones, with the order or the month that hands them on to corrections.
UNWIND $rows AS row
MATCH (p:Promoter)-[:EARNED]->(c:Commission {id: row.key})
SET c.due_at = row.due_at, c.due_provisional = null,
    c.unpaid_due_at = CASE WHEN c.unpaid_due_at IS NULL THEN null ELSE row.due_at END
WITH p, c, row
OPTIONAL MATCH (o:Order)-[:YIELDED]->(c) WHERE c.sku IS NOT NULL
OPTIONAL MATCH (p)-[:SOLD_IN]->(s:SalesMonth {month: c.month}) WHERE c.sku IS NULL
FOREACH (holder IN [holder IN [o, s] WHERE holder IS NOT NULL] | SET holder.due_at = row.due_at, holder.due_provisional = null)
WITH p, min(c.unpaid_due_at) AS due_at
FOREACH (at IN [at IN [due_at] WHERE at < coalesce(p.payable_at, 9223372036854775807)] | SET p.payable_at = at)

// name: earliest
// returns: maybe Earliest
// The next due date, after one, at which somebody is to be paid.
MATCH (p:Promoter)
USING INDEX p:Promoter(payable_at, code)
WHERE p.payable_at > $after AND p.payable_at <= $as_of AND p.code IS NOT NULL
WITH min(p.payable_at) AS payable_at WHERE payable_at IS NOT NULL
RETURN payable_at AS payable_at

// name: payable_codes
// returns: one Codes
// Promoters whose earliest unpaid entry is due at an instant, by code.
CALL () {
  MATCH (p:Promoter)
  WHERE p.payable_at = $payable_at AND p.code > $after
  RETURN p.code AS code ORDER BY code LIMIT $first
}
RETURN collect(code) AS codes

// name: payables
// returns: one Payables
// What these promoters are to be paid at an instant, and whatever stands in the way of it.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})
CALL (p) {
  MATCH (p)-[:EARNED]->(c:Commission)
  WHERE c.unpaid_due_at <= $as_of
  RETURN sum(c.amount_fen) AS gross_fen, count(c) AS entries, max(c.unpaid_due_at) AS due_at, count(c.due_provisional) > 0 AS provisional
}
RETURN collect({
  code: code, status: p.status, contract_version: p.contract_version, gross_fen: gross_fen, entries: entries, due_at: due_at, provisional: provisional,
  has_account: EXISTS { MATCH (p)-[:IDENTIFIED_BY]->(:Identifier {kind: 'PAYOUT_ACCOUNT'}) }
}) AS promoters

// name: reckon_payable
// returns: none
// Finds the earliest unpaid due date of promoters anew, after their entries were taken into a payout or held.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})
SET p.payable_at = COLLECT { MATCH (p)-[:EARNED]->(c:Commission) RETURN min(c.unpaid_due_at) }[0]
