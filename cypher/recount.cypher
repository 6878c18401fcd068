// name: sales
// returns: one SalesPage
// Recounts own sales and posted TIER of some promoters, by code, from orders and entries, beside what is stored.
CALL () {
  MATCH (p:Promoter) WHERE p.code > $after
  RETURN p ORDER BY p.code LIMIT $first
}
WITH p, COLLECT {
  MATCH (p)-[:SOLD]->(o:Order) WHERE o.commissionable
  WITH o.month AS month, count(o) AS orders, sum(o.paid_fen - o.refunded_fen) AS volume_fen, sum(o.refunded_fen) AS refunded_fen
  RETURN {month: month, orders: orders, volume_fen: volume_fen, refunded_fen: refunded_fen}
} AS counted, COLLECT {
  MATCH (p)-[:EARNED]->(c:Commission) WHERE c.sku IS NULL
  WITH c.month AS month, sum(c.amount_fen) AS tier_fen
  RETURN [month, tier_fen]
} AS tiers, COLLECT {
  MATCH (p)-[:SOLD_IN]->(s:SalesMonth)
  RETURN {month: s.month, orders: s.orders, volume_fen: s.volume_fen, refunded_fen: s.refunded_fen, tier_fen: coalesce(s.tier_fen, 0)}
} AS stored
RETURN collect({
  code: p.code, sales_orders: p.sales_orders, sales_volume_fen: p.sales_volume_fen, sales_refunded_fen: p.sales_refunded_fen,
  counted: counted, tiers: tiers, stored: stored
}) AS promoters, max(p.code) AS last_code

// name: repair_sales
// returns: none
// Puts recounted own sales in place of the stored ones.
UNWIND $rows AS row
MATCH (p:Promoter {code: row.code})
SET p.sales_orders = row.sales_orders, p.sales_volume_fen = row.sales_volume_fen, p.sales_refunded_fen = row.sales_refunded_fen
WITH p, row
UNWIND row.months AS recounted
MERGE (s:SalesMonth {promoter_code: row.code, month: recounted.month})
SET s.orders = recounted.orders, s.volume_fen = recounted.volume_fen, s.refunded_fen = recounted.refunded_fen, s.tier_fen = recounted.tier_fen
MERGE (p)-[:SOLD_IN]->(s)

// name: orders
// returns: one OrderPage
// Orders whose sums disagree with their lines, or whose entries are not what their net is worth; checked by number, in pages.
CALL () {
  MATCH (o:Order) WHERE o.number > $after
  RETURN o ORDER BY o.number LIMIT $first
}
WITH o,
  COLLECT { MATCH (o)-[line:CONTAINS]->(p:Product) RETURN {sku: p.sku, base_bp: line.base_bp, paid_fen: line.paid_fen, refunded_fen: line.refunded_fen} } AS lines,
  COLLECT { MATCH (o)-[:YIELDED]->(c:Commission)<-[:EARNED]-(p:Promoter) WHERE c.sku IS NOT NULL WITH p, c.sku AS sku, sum(c.amount_fen) AS amount_fen RETURN {code: p.code, sku: sku, amount_fen: amount_fen} } AS entries
RETURN collect({
  number: o.number, paid_fen: o.paid_fen, refunded_fen: o.refunded_fen, receiver_codes: o.receiver_codes, override_bps: o.override_bps,
  lines: lines, entries: entries
}) AS orders, max(o.number) AS last_number

// name: standing
// returns: one Standing
// Promoters by code after a code, whom each stands under ("" is nobody) and own sales, as parallel lists: of all time, and of some months.
MATCH (p:Promoter)
WHERE p.code > $after
WITH p ORDER BY p.code LIMIT $first
OPTIONAL MATCH (p)<-[:REFERRED]-(q:Promoter)
WITH collect(p) AS page, collect(coalesce(q.code, '')) AS referrer_codes
CALL (page) {
  UNWIND CASE WHEN size($months) > 0 THEN page ELSE [] END AS p
  MATCH (p)-[:SOLD_IN]->(s:SalesMonth)
  WHERE s.month IN $months
  RETURN collect(p.code) AS month_codes, collect(s.month) AS months, collect(s.orders) AS month_orders, collect(s.volume_fen) AS month_volumes_fen
}
RETURN [p IN page | p.code] AS codes, referrer_codes AS referrer_codes,
       [p IN page | coalesce(p.sales_orders, 0)] AS orders, [p IN page | coalesce(p.sales_volume_fen, 0)] AS volumes_fen,
       month_codes AS month_codes, months AS months, month_orders AS month_orders, month_volumes_fen AS month_volumes_fen,
       last(page).code AS last_code
