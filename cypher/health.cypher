// name: components
// returns: one Component
// Which Neo4j this is.
CALL dbms.components() YIELD name, versions, edition
WITH name, versions, edition WHERE name = 'Neo4j Kernel'
RETURN name AS name, versions[0] AS version, edition AS edition

// name: constraints
// returns: one Constraints
// Names of the uniqueness constraints that are there.
SHOW CONSTRAINTS YIELD name
RETURN collect(name) AS names

// name: sizes
// returns: one Sizes
// How much there is.
RETURN COUNT { (:Promoter) } AS promoters, COUNT { (:Order) } AS orders, COUNT { (:Commission) } AS commissions

// name: biggest_team
// returns: maybe Leader
// An active promoter with a good team of two levels, as an example to show.
MATCH (p:Promoter {status: 'ACTIVE'})
WITH p, COUNT { (p)-[:REFERRED*1..2]->(:Promoter) } AS size
WHERE size > 0
RETURN p.code AS code, size AS size
ORDER BY size DESC, code LIMIT 1

// name: payout_troubles
// returns: one PayoutTroubles
// Payouts that people have to look at: contradicted by their provider, without an end for long, approved for a provider that is not set up.
RETURN COUNT { MATCH (x:Payout) WHERE x.contradiction IS NOT NULL } AS contradicted,
       COUNT { MATCH (x:Payout) WHERE x.status IN ['SENT', 'AWAITING_RECEIPT'] AND x.asked_at < $asked_before } AS silent,
       COUNT { MATCH (x:Payout {status: 'APPROVED'}) WHERE x.provider IN $missing_providers } AS waiting

// name: refused_events
// returns: one RefusedEvents
// Shipments, cancels and refunds that came before their order and were refused by it when it came; the latest of them.
OPTIONAL MATCH (e:OrderEvent {state: 'REFUSED'})
WITH e ORDER BY e.at DESC, e.key
WITH collect(e) AS refused
RETURN size(refused) AS count, refused[0].order_number AS order_number, refused[0].key AS key, refused[0].refusal AS refusal
