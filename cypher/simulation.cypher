// name: size
// returns: one Size
// How many orders were paid in a window, counted no further than a limit.
MATCH (o:Order)
WHERE $paid_from <= o.paid_at < $paid_to
WITH o LIMIT $limit
RETURN count(o) AS orders

// name: orders
// returns: one Page
// Orders paid before an instant, by (paid_at, number) after a position, as a plan is simulated on them: what each froze, its lines' net and its entries.
// An order without a code may have been given to its seller after it was recorded: then its latest sale entries say when.
MATCH (o:Order)
WHERE $paid_at <= o.paid_at < $paid_to AND (o.paid_at > $paid_at OR o.number > $number)
WITH o ORDER BY o.paid_at, o.number LIMIT $first
RETURN collect([
  o.number, o.paid_at, o.month,
  CASE WHEN o.given_code IS NULL
    THEN coalesce(COLLECT { MATCH (o)-[:YIELDED]->(c:Commission {cause: 'sale'}) RETURN max(c.seq) }[0], o.seq)
    ELSE o.seq END,
  o.buyer_code, o.plan_version, o.chain_codes, o.receiver_codes, o.override_bps,
  COLLECT { MATCH (o)-[line:CONTAINS]->() RETURN [line.base_bp, line.paid_fen - line.refunded_fen] },
  COLLECT { MATCH (o)-[:YIELDED]->(c:Commission)<-[:EARNED]-(p:Promoter) WHERE c.sku IS NOT NULL RETURN [p.code, c.level, c.amount_fen] }
]) AS rows

// name: standings
// returns: one Page
// When promoters rose and closed, and at which journal position each rise became known; an enrolled rank has none.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})
RETURN collect([
  code,
  p.senior_at, COLLECT { MATCH (p)-[:PROMOTED]->(s:Promotion {to_rank: 'SENIOR'}) RETURN coalesce(max(s.seq), 0) }[0],
  p.elite_at, COLLECT { MATCH (p)-[:PROMOTED]->(e:Promotion {to_rank: 'ELITE'}) RETURN coalesce(max(e.seq), 0) }[0],
  p.closed_at
]) AS rows

// name: tiers
// returns: one Page
// Own sales of a month that are above a threshold or have a TIER posted, by promoter after a position.
MATCH (s:SalesMonth {month: $month})
WHERE s.promoter_code > $code AND (s.volume_fen > $threshold_fen OR s.tier_fen <> 0)
WITH s ORDER BY s.promoter_code LIMIT $first
MATCH (p:Promoter {code: s.promoter_code})
WITH s, p ORDER BY s.promoter_code
RETURN collect([s.promoter_code, s.volume_fen, coalesce(s.tier_fen, 0), p.closed_at]) AS rows

// name: sold_between
// returns: one Sold
// Whether anything that counts as own sales was paid between two instants.
RETURN EXISTS { MATCH (o:Order) WHERE $paid_from <= o.paid_at < $paid_to AND o.commissionable } AS sold
