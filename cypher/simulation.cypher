// name: size
// returns: one Size
// How many orders were paid in a window, counted no further than a limit.
MATCH (o:Order)
WHERE $paid_from <= o.paid_at < $paid_to
WITH o LIMIT $limit
RETURN count(o) AS orders

// name: orders
// returns: one Values
// Orders paid before an instant, by (paid_at, number) after a position, as a plan is simulated on them: what each froze, its lines' net and its entries.
// An order without a code may have been given to its seller after it was recorded: then its latest sale entries say when.
// Both halves walk the index on (paid_at, number), which a single OR does not: the rest of the instant, then what is after it.
// The window's end is looked at last: beside the other bound it would take that bound's place in the index.
// The index is named, as a store whose counts are young would be read by another one.
CALL () {
  CALL () {
    MATCH (o:Order)
    USING INDEX SEEK o:Order(paid_at, number)
    WHERE o.paid_at = $paid_at AND o.number > $number AND $paid_at < $paid_to
    RETURN o ORDER BY o.paid_at, o.number LIMIT $first
    UNION ALL
    MATCH (o:Order)
    USING INDEX SEEK o:Order(paid_at, number)
    WHERE o.paid_at > $paid_at AND o.number IS NOT NULL
    WITH o ORDER BY o.paid_at, o.number LIMIT $first
    WHERE o.paid_at < $paid_to
    RETURN o
  }
  RETURN o ORDER BY o.paid_at, o.number LIMIT $first
}
WITH o,
  COLLECT { MATCH (o)-[line:CONTAINS]->() UNWIND [line.base_bp, line.paid_fen - line.refunded_fen] AS value RETURN value } AS lines,
  COLLECT { MATCH (o)-[:YIELDED]->(c:Commission)<-[:EARNED]-(p:Promoter) WHERE c.sku IS NOT NULL UNWIND [p.code, c.level, c.amount_fen] AS value RETURN value } AS posted,
  CASE WHEN o.given_code IS NULL
    THEN coalesce(COLLECT { MATCH (o)-[:YIELDED]->(c:Commission {cause: 'sale'}) RETURN max(c.seq) }[0], o.seq)
    ELSE o.seq END AS known_seq
UNWIND [o.number, o.paid_at, o.month, known_seq, o.buyer_code, o.plan_version]
  + [size(o.chain_codes)] + o.chain_codes + [size(o.receiver_codes)] + o.receiver_codes
  + [size(o.override_bps)] + o.override_bps + [size(lines)] + lines + [size(posted)] + posted AS value
RETURN collect(value) AS values

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
