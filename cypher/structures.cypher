// name: exists_at
// returns: maybe Existed
// Whether a promoter had joined by an instant.
MATCH (p:Promoter {code: $code})
USING INDEX SEEK p:Promoter(code)
WHERE p.joined_at <= $at
RETURN p.code AS code

// name: below
// returns: one Edges
// Direct downlines of promoters at an instant, in the order of the promoters, then by code: [referrer, downline].
CALL () {
  UNWIND range(0, size($codes) - 1) AS place
  MATCH (start:Promoter {code: $codes[place]})-[r:REFERRED|FORMERLY_REFERRED]->(p:Promoter)
  USING INDEX SEEK start:Promoter(code)
  WHERE coalesce(r.since_at, p.joined_at) <= $at AND coalesce(r.until_at, 9223372036854775807) > $at AND p.joined_at <= $at
  RETURN DISTINCT place, p.code AS code ORDER BY place, code LIMIT $first
}
RETURN collect([$codes[place], code]) AS edges

// name: columns
// returns: maybe Columns
// The tree below a promoter at an instant, breadth first, each level by code: parallel lists, with the code above each ("" of the root) and own sales of all time.
MATCH (root:Promoter {code: $code})
USING INDEX SEEK root:Promoter(code)
WHERE root.joined_at <= $at
CALL (root) {
  MATCH (root)-[hops:REFERRED|FORMERLY_REFERRED*0..1000]->(p:Promoter)
  WHERE all(r IN hops WHERE coalesce(r.since_at, endNode(r).joined_at) <= $at
    AND coalesce(r.until_at, 9223372036854775807) > $at AND endNode(r).joined_at <= $at)
  WITH DISTINCT p, size(hops) AS level, coalesce(startNode(last(hops)).code, '') AS referrer_code
  WHERE level <= $depth
  RETURN p, referrer_code ORDER BY level, p.code LIMIT $first
}
RETURN collect(p.code) AS codes, collect(referrer_code) AS referrer_codes, collect(p.rank) AS ranks, collect(p.status) AS statuses,
       collect(p.joined_at) AS joined_ats, collect(coalesce(p.sales_volume_fen, 0)) AS volume_fens

// name: columns_now
// returns: maybe Columns
// The same as it is now: nothing but present referrals is walked, and no hop is looked at twice. 100,000 people take a quarter less.
MATCH (root:Promoter {code: $code})
USING INDEX SEEK root:Promoter(code)
CALL (root) {
  MATCH (root)-[hops:REFERRED*0..1000]->(p:Promoter)
  WITH p, size(hops) AS level, last(hops) AS hop
  WHERE level <= $depth
  RETURN p, coalesce(startNode(hop).code, '') AS referrer_code ORDER BY level, p.code LIMIT $first
}
RETURN collect(p.code) AS codes, collect(referrer_code) AS referrer_codes, collect(p.rank) AS ranks, collect(p.status) AS statuses,
       collect(p.joined_at) AS joined_ats, collect(coalesce(p.sales_volume_fen, 0)) AS volume_fens

// name: around_people
// returns: one Edges
// Whatever touches some people: [from, to, kind, weight], as it is stored; identifiers of many people join nobody.
CALL () {
  UNWIND $codes AS code
  MATCH (p:Person {code: code})
  USING INDEX SEEK p:Person(code)
  CALL (p) {
    MATCH (p)-[r:REFERRED]-(q:Promoter)
    WHERE 'REFERRED' IN $kinds
    RETURN CASE WHEN startNode(r) = p THEN [p.code, q.code, 'REFERRED', 1] ELSE [q.code, p.code, 'REFERRED', 1] END AS edge
    UNION ALL
    MATCH (p)-[r:CLAIMED_REFERRAL]-(q:Promoter)
    WHERE 'CLAIMED_REFERRAL' IN $kinds
    RETURN CASE WHEN startNode(r) = p THEN [p.code, q.code, 'CLAIMED_REFERRAL', 1] ELSE [q.code, p.code, 'CLAIMED_REFERRAL', 1] END AS edge
    UNION ALL
    MATCH (p)-[:PLACED]->(o:Order)<-[:SOLD]-(q:Promoter)
    WHERE 'PURCHASED_THROUGH' IN $kinds
    WITH p, q, count(o) AS weight
    RETURN [p.code, q.code, 'PURCHASED_THROUGH', weight] AS edge
    UNION ALL
    MATCH (p)-[:SOLD]->(o:Order)<-[:PLACED]-(q:Person)
    WHERE 'PURCHASED_THROUGH' IN $kinds AND q <> p
    WITH p, q, count(o) AS weight
    RETURN [q.code, p.code, 'PURCHASED_THROUGH', weight] AS edge
    UNION ALL
    MATCH (p)-[:IDENTIFIED_BY]->(i:Identifier)
    WHERE i.kind IN $kinds AND COUNT { (i)<-[:IDENTIFIED_BY]-() } <= $people_max
    RETURN [p.code, i.id, i.kind, 1] AS edge
  }
  RETURN edge LIMIT $first
}
RETURN collect(edge) AS edges

// name: around_identifiers
// returns: one Edges
// Everybody whom some identifiers belong to: [person, identifier, kind, 1].
CALL () {
  UNWIND $ids AS id
  MATCH (p:Person)-[:IDENTIFIED_BY]->(i:Identifier {id: id})
  USING INDEX SEEK i:Identifier(id)
  RETURN [p.code, i.id, i.kind, 1] AS edge LIMIT $first
}
RETURN collect(edge) AS edges

// name: are_promoters
// returns: one Codes
// Those of some people who are promoters.
CALL () {
  UNWIND $codes AS code
  MATCH (p:Promoter {code: code})
  USING INDEX SEEK p:Promoter(code)
  RETURN p.code AS code
}
RETURN collect(code) AS codes

// name: trees
// returns: many Tree
// The tree that each promoter stands in: its root, the promoter's own level (0 is the root), its people and levels, the root counted.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})
USING INDEX SEEK p:Promoter(code)
WITH p, COLLECT { MATCH path = (p)<-[:REFERRED*0..1000]-(above:Promoter) RETURN [above.code, length(path)] ORDER BY length(path) DESC LIMIT 1 }[0] AS top
WITH p, top[0] AS root_code, top[1] AS level
MATCH (root:Promoter {code: root_code})
USING INDEX SEEK root:Promoter(code)
RETURN p.code AS code, root_code AS root_code, level AS level,
       COUNT { (root)-[:REFERRED*1..1000]->() } + 1 AS people,
       COLLECT { MATCH path = (root)-[:REFERRED*0..1000]->(:Promoter) RETURN max(length(path)) }[0] + 1 AS levels
