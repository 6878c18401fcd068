// name: told
// returns: one Told
// What the next entries after a position and up to another say of orders since an instant, and of who stands under whom; none if they name more codes than that, counted. `upto` must be settled.
MATCH (e:JournalEntry)
WHERE e.seq > $after AND e.seq <= $upto
WITH e ORDER BY e.seq LIMIT $first
WITH e, CASE
  WHEN e.kind IN ['order_recorded', 'order_told', 'order_refund', 'order_cancelled', 'order_attributed'] AND e.at >= $since THEN 'traded'
  WHEN e.kind IN ['promoters_enrolled', 'referrer_bound'] THEN 'placed'
  WHEN e.kind = 'branch_moved' THEN 'moved'
END AS what
WITH max(e.seq) AS seq, collect(CASE WHEN what IS NOT NULL THEN [what, e.at, e.codes] END) AS entries
WITH seq, entries, reduce(codes = 0, entry IN entries | codes + size(entry[2])) AS codes
RETURN seq, codes, CASE WHEN codes <= $codes_max THEN entries ELSE [] END AS entries

// name: incomes
// returns: one Rows
// What receivers have earned on orders by Shanghai day, as a snapshot counts it; those with more entries than that are left out.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})
WHERE COUNT { (p)-[:EARNED]->() } <= $entries_max
CALL (p) {
  MATCH (p)-[:EARNED]->(c:Commission)<-[:YIELDED]-(o:Order)
  WITH (o.paid_at + 28800000000) / 86400000000 AS day,
       sum(CASE WHEN c.sku IS NOT NULL AND c.level = 0 THEN c.amount_fen ELSE 0 END) AS own_fen,
       sum(CASE WHEN c.sku IS NOT NULL AND c.level > 0 THEN c.amount_fen ELSE 0 END) AS override_fen,
       sum(CASE WHEN c.state IN ['OBSERVING', 'HELD', 'RELEASED'] THEN c.amount_fen ELSE 0 END) AS open_fen
  RETURN collect([day, own_fen, override_fen, open_fen]) AS days
}
RETURN collect([code, p.joined_at, days]) AS rows

// name: centres
// returns: one Codes
// Who has at least so many direct downlines, among those that somebody may have left, and those under whom somebody had stood long enough by `until` who sold soon, or has only since `since` and was placed.
CALL () {
  UNWIND $moved AS code
  MATCH (centre:Promoter {code: code})
  RETURN centre
  UNION
  UNWIND $placed AS code
  MATCH (p:Promoter {code: code})<-[r:REFERRED]-(centre:Promoter)
  WHERE $since <= coalesce(r.since_at, p.joined_at) <= $until
  RETURN centre
  UNION
  UNWIND $sold AS sale
  MATCH (p:Promoter {code: sale[0]})<-[r:REFERRED]-(centre:Promoter)
  WITH centre, coalesce(r.since_at, p.joined_at) AS since_at, sale[1] AS paid_at
  WHERE since_at <= $until AND since_at <= paid_at <= since_at + $sell_us
  RETURN centre
}
WITH DISTINCT centre
WHERE COUNT { (centre)-[:REFERRED]->() } >= $least
RETURN collect(centre.code) AS codes

// name: ended
// returns: one Ended
// Who has at least so many direct downlines, among those under whom somebody was placed after an instant and up to another; `people`: of how many that was asked, `people_max` of each kind at most.
CALL () {
  MATCH (p:Promoter)
  WHERE p.joined_at > $after_at AND p.joined_at <= $until AND p.code IS NOT NULL
  WITH p LIMIT $people_max
  OPTIONAL MATCH (p)<-[r:REFERRED]-(centre:Promoter)
  WHERE r.since_at IS NULL
  RETURN centre, count(*) AS people
  UNION ALL
  MATCH (centre:Promoter)-[r:REFERRED]->(:Promoter)
  USING INDEX SEEK r:REFERRED(since_at)
  WHERE r.since_at > $after_at AND r.since_at <= $until
  WITH centre LIMIT $people_max
  RETURN centre, count(*) AS people
}
WITH centre, sum(people) AS people
RETURN collect(CASE WHEN COUNT { (centre)-[:REFERRED]->() } >= $least THEN centre.code END) AS codes, sum(people) AS people

// name: downlines
// returns: one Rows
// The direct downlines of promoters, by code, with since when each stands there; who has more of them than that is left out.
UNWIND $codes AS code
MATCH (centre:Promoter {code: code})
WHERE COUNT { (centre)-[:REFERRED]->() } <= $downlines_max
CALL (centre) {
  MATCH (centre)-[r:REFERRED]->(p:Promoter)
  WITH p, r ORDER BY p.code
  RETURN collect([p.code, p.joined_at, coalesce(r.since_at, p.joined_at)]) AS below
}
RETURN collect([code, centre.joined_at, below]) AS rows

// name: first_sales
// returns: one Rows
// One order that counts of each who has one between its two instants.
UNWIND $windows AS window
MATCH (p:Promoter {code: window[0]})
WITH p, head(COLLECT {
  MATCH (p)-[:SOLD]->(o:Order)
  WHERE o.commissionable AND window[1] <= o.paid_at <= window[2]
  RETURN [p.code, o.buyer_code, o.paid_at, o.paid_fen, o.refunded_fen] LIMIT 1
}) AS sale
RETURN collect(sale) AS rows
