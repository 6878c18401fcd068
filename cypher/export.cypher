// name: referrals_above
// returns: one Referrals
// The present referrals above these promoters: a file may close a cycle through them.
UNWIND $codes AS code
MATCH (:Promoter {code: code})<-[:REFERRED*0..1000]-(p:Promoter)
WITH DISTINCT p
MATCH (p)<-[:REFERRED]-(q:Promoter)
RETURN collect([p.code, q.code]) AS referrals

// name: promoters
// returns: one Page
// Promoters by (joined_at, code) after a position, with their referrer, or the one they claimed on a cycle.
MATCH (p:Promoter)
WHERE p.joined_at >= $joined_at AND (p.joined_at > $joined_at OR p.code > $code)
WITH p ORDER BY p.joined_at, p.code LIMIT $first
RETURN collect([
  p.code, p.name_sealed, p.phone_sealed,
  head(COLLECT { MATCH (p)<-[:REFERRED|CLAIMED_REFERRAL]-(q:Promoter) RETURN q.code }),
  p.joined_at, p.rank, p.status
]) AS rows

// name: products
// returns: one Page
// Products by sku after a position, at their present rate.
MATCH (p:Product)
WHERE p.sku > $sku
WITH p ORDER BY p.sku LIMIT $first
RETURN collect([p.sku, p.title, p.price_fen, last(p.commission_bps)]) AS rows

// name: orders
// returns: one Page
// Orders by (paid_at, number) after a position, each with its lines by sku; the promoter is the one that was given.
MATCH (o:Order)
WHERE o.paid_at >= $paid_at AND (o.paid_at > $paid_at OR o.number > $number)
WITH o ORDER BY o.paid_at, o.number LIMIT $first
RETURN collect([
  o.number, o.buyer_code, o.given_code, o.paid_at, o.delivered_at, o.utm_source, o.utm_medium, o.utm_campaign,
  COLLECT {
    MATCH (o)-[line:CONTAINS]->(p:Product)
    RETURN [p.sku, line.quantity, line.paid_fen, line.refunded_fen, line.refunded_at] ORDER BY p.sku
  }
]) AS rows

// name: identifiers
// returns: one Page
// People with identifiers by code after a position; an enrolled phone stands with the promoter.
MATCH (p:Person)
WHERE p.code > $code AND EXISTS { (p)-[:IDENTIFIED_BY {enrolment: false}]->(:Identifier) }
WITH p ORDER BY p.code LIMIT $first
RETURN collect([
  p.code,
  COLLECT { MATCH (p)-[:IDENTIFIED_BY {enrolment: false}]->(i:Identifier) RETURN [i.kind, i.sealed] }
]) AS rows

// name: touches
// returns: one Page
// Touches by key after a position.
MATCH (b:Person)-[t:TOUCHED]->(p:Promoter)
WHERE t.key > $key
WITH b, t, p ORDER BY t.key LIMIT $first
RETURN collect([b.code, p.code, t.at, t.key]) AS rows
