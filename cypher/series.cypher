// name: sold
// returns: many Sold
// What was sold in each span of time by when it was paid, of so many orders of a span at most; `walked` says how many were looked at.
// Orders are summed by seller first, so whose branch a seller is in is climbed once a span and not once an order.
UNWIND $spans AS span
CALL (span) {
  CALL (span) {
    MATCH (o:Order)
    WHERE o.paid_at >= span[0] AND o.paid_at < span[1] AND o.number IS NOT NULL
    RETURN o LIMIT $orders_max
  }
  WITH o, CASE WHEN $sku IS NULL THEN [o.paid_fen, o.refunded_fen]
    ELSE COLLECT { MATCH (o)-[l:CONTAINS]->(:Product {sku: $sku}) RETURN [l.paid_fen, l.refunded_fen] }[0] END AS sums
  WITH o, sums[0] AS paid_fen, sums[1] AS refunded_fen,
    sums IS NOT NULL AND o.commissionable AND o.seller_code IS NOT NULL
      AND ($utm_source IS NULL OR o.utm_source = $utm_source) AND ($utm_medium IS NULL OR o.utm_medium = $utm_medium)
      AND ($utm_campaign IS NULL OR o.utm_campaign = $utm_campaign) AS wanted
  WITH o.seller_code AS seller_code, wanted, paid_fen, refunded_fen,
    size([bound IN $bounds_fen WHERE paid_fen >= bound]) AS step,
    CASE WHEN $commissions AND wanted THEN reduce(fen = 0, each IN COLLECT {
      MATCH (o)-[:YIELDED]->(c:Commission) WHERE c.state <> 'VOIDED' AND ($sku IS NULL OR c.sku = $sku) RETURN c.amount_fen
    } | fen + each) ELSE 0 END AS commission_fen
  WITH seller_code, wanted, step, count(*) AS orders, sum(paid_fen - refunded_fen) AS volume_fen,
    sum(refunded_fen) AS refunded_fen, sum(commission_fen) AS commission_fen
  WITH seller_code, sum(orders) AS walked,
    collect(CASE WHEN wanted THEN [step, orders, volume_fen, refunded_fen, commission_fen] END) AS parts
  OPTIONAL MATCH (p:Promoter {code: seller_code})
  WITH walked, CASE WHEN ($rank IS NULL OR p.rank = $rank)
      AND ($root_code IS NULL OR EXISTS { (p)<-[:REFERRED*0..1000]-(:Promoter {code: $root_code}) })
    THEN parts ELSE [] END AS parts
  RETURN sum(walked) AS walked, sum(CASE WHEN size(parts) > 0 THEN 1 ELSE 0 END) AS active,
    sum(reduce(n = 0, part IN parts | n + part[1])) AS orders,
    sum(reduce(n = 0, part IN parts | n + part[2])) AS volume_fen,
    sum(reduce(n = 0, part IN parts | n + part[3])) AS refunded_fen,
    sum(reduce(n = 0, part IN parts | n + part[4])) AS commission_fen,
    collect(parts) AS lists
}
RETURN span[0] AS from_at, walked AS walked, active AS active, orders AS orders, volume_fen AS volume_fen, refunded_fen AS refunded_fen, commission_fen AS commission_fen,
  reduce(steps = [step IN range(0, size($bounds_fen)) | 0], parts IN lists | reduce(inner = steps, part IN parts |
    [step IN range(0, size($bounds_fen)) | CASE WHEN step = part[0] THEN inner[step] + part[1] ELSE inner[step] END])) AS steps

// name: joined
// returns: many Joined
// Who joined in each span, of so many of a span at most; `referred` of them were brought by somebody.
UNWIND $spans AS span
CALL (span) {
  CALL (span) {
    MATCH (p:Promoter)
    USING INDEX p:Promoter(joined_at, code)
    WHERE p.joined_at >= span[0] AND p.joined_at < span[1] AND p.code >= ''
    RETURN p LIMIT $people_max
  }
  WITH p, $root_code IS NULL OR EXISTS { (p)<-[:REFERRED*0..1000]-(:Promoter {code: $root_code}) } AS wanted
  RETURN count(p) AS walked, sum(CASE WHEN wanted THEN 1 ELSE 0 END) AS joined,
    sum(CASE WHEN wanted AND EXISTS { (p)<-[:REFERRED|FORMERLY_REFERRED]-() } THEN 1 ELSE 0 END) AS referred
}
RETURN span[0] AS from_at, walked AS walked, joined AS joined, referred AS referred

// name: paid_out
// returns: many PaidOut
// Payouts that arrived in each span, of so many of a span at most.
UNWIND $spans AS span
CALL (span) {
  CALL (span) {
    MATCH (x:Payout)
    WHERE x.finished_at >= span[0] AND x.finished_at < span[1] AND x.id IS NOT NULL
    RETURN x LIMIT $payouts_max
  }
  OPTIONAL MATCH (p:Promoter {code: x.promoter_code})
  WITH x, x.status = 'PAID' AND ($rank IS NULL OR p.rank = $rank)
    AND ($root_code IS NULL OR EXISTS { (p)<-[:REFERRED*0..1000]-(:Promoter {code: $root_code}) }) AS wanted
  RETURN count(x) AS walked, sum(CASE WHEN wanted THEN 1 ELSE 0 END) AS payouts,
    sum(CASE WHEN wanted THEN x.gross_fen ELSE 0 END) AS gross_fen, sum(CASE WHEN wanted THEN x.net_fen ELSE 0 END) AS net_fen
}
RETURN span[0] AS from_at, walked AS walked, payouts AS payouts, gross_fen AS gross_fen, net_fen AS net_fen

// name: grouped
// returns: one Grouped
// What was sold between two instants by product, channel (its source, medium or campaign), rank or branch: [key, orders, volume_fen], the most first; `walked` says how many orders were looked at.
// A branch is the tree, or, below a promoter, whoever of its direct downline stands above the seller; its own sales are its own branch.
CALL () {
  MATCH (o:Order)
  WHERE o.paid_at >= $from_at AND o.paid_at < $until_at AND o.number IS NOT NULL
  WITH o LIMIT $orders_max
  RETURN collect(o) AS page, count(o) AS walked
}
CALL (page) {
  UNWIND page AS o
  WITH o
  WHERE o.commissionable AND o.seller_code IS NOT NULL
    AND ($utm_source IS NULL OR o.utm_source = $utm_source) AND ($utm_medium IS NULL OR o.utm_medium = $utm_medium)
    AND ($utm_campaign IS NULL OR o.utm_campaign = $utm_campaign)
  MATCH (o)-[l:CONTAINS]->(product:Product)
  WHERE $sku IS NULL OR product.sku = $sku
  WITH o.seller_code AS seller_code, o,
    CASE $by WHEN 'PRODUCT' THEN product.sku WHEN 'CHANNEL' THEN coalesce(o.utm_source, '')
      WHEN 'MEDIUM' THEN coalesce(o.utm_medium, '') WHEN 'CAMPAIGN' THEN coalesce(o.utm_campaign, '') ELSE '' END AS part,
    sum(l.paid_fen - l.refunded_fen) AS volume_fen
  WITH seller_code, part, count(o) AS orders, sum(volume_fen) AS volume_fen
  MATCH (p:Promoter {code: seller_code})
  WHERE ($rank IS NULL OR p.rank = $rank)
    AND ($root_code IS NULL OR EXISTS { (p)<-[:REFERRED*0..1000]-(:Promoter {code: $root_code}) })
  WITH orders, volume_fen, CASE $by WHEN 'RANK' THEN p.rank WHEN 'BRANCH' THEN COLLECT {
      MATCH (p)<-[:REFERRED*0..1000]-(top:Promoter)
      WHERE CASE WHEN $root_code IS NULL THEN NOT EXISTS { (top)<-[:REFERRED]-() }
        ELSE EXISTS { (top)<-[:REFERRED]-(:Promoter {code: $root_code}) } OR (top = p AND p.code = $root_code) END
      RETURN top.code LIMIT 1
    }[0] ELSE part END AS key
  WITH key, sum(orders) AS orders, sum(volume_fen) AS volume_fen ORDER BY volume_fen DESC, key LIMIT $first
  RETURN collect([key, orders, volume_fen]) AS groups
}
RETURN walked AS walked, groups AS groups
