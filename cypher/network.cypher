// name: people
// returns: many KnownPerson
// Which of these codes exist, and what enrolment and referral checks need of each promoter.
UNWIND $codes AS code
MATCH (p:Person {code: code})
RETURN p.code AS code,
       p:Promoter AS promoter,
       p.status AS status,
       p.rank AS rank,
       p.joined_at AS joined_at,
       p.name_hash AS name_hash,
       COLLECT { MATCH (p)-[:IDENTIFIED_BY {enrolment: true}]->(i:Identifier) RETURN i.hash } AS phone_hashes,
       COLLECT { MATCH (p)<-[r:REFERRED|CLAIMED_REFERRAL]-(q:Promoter) RETURN q.code } AS referrer_codes,
       COLLECT { MATCH (p)<-[r:FORMERLY_REFERRED]-(q:Promoter) RETURN q.code } AS former_codes,
       COLLECT { MATCH (p)<-[:SETTLED_CLAIM]-(q:Promoter) RETURN q.code } AS settled_codes,
       EXISTS { MATCH (p)<-[r:REFERRED|CLAIMED_REFERRAL|FORMERLY_REFERRED]-() WHERE r.since_at IS NULL } AS referred_at_enrolment,
       COUNT { (p)<-[:REFERRED*1..1000]-() } AS depth

// name: enrol
// returns: none
// New promoters; a person who bought before becomes one by the same node.
UNWIND $rows AS row
MERGE (p:Person {code: row.code})
SET p:Promoter, p += row.properties

// name: refer
// returns: none
// Referrals of new promoters, in force since their enrolment; the child's code is unique among REFERRED.
UNWIND $rows AS row
MATCH (q:Promoter {code: row.referrer_code})
MATCH (p:Promoter {code: row.code})
CREATE (q)-[:REFERRED {promoter_code: row.code}]->(p)

// name: claim
// returns: none
// Claimed referrals that lay on a cycle: kept askable, never a referral; of whoever has a referrer or a settled claim by now, none.
UNWIND $claims AS claim
MATCH (q:Promoter {code: claim.referrer_code})
MATCH (p:Promoter {code: claim.promoter_code})
WHERE NOT EXISTS { (p)<-[:REFERRED|SETTLED_CLAIM]-() }
MERGE (q)-[r:CLAIMED_REFERRAL {promoter_code: claim.promoter_code}]->(p)
ON CREATE SET r.quarantined_at = claim.quarantined_at

// name: branch
// returns: maybe Branch
// A promoter about to get another referrer: its present referral, or the end of its last one, and how many levels hang below it.
MATCH (p:Promoter {code: $code})
OPTIONAL MATCH (p)<-[r:REFERRED]-(q:Promoter)
RETURN p.status AS status,
       p.closed_at AS closed_at,
       q.code AS referrer_code,
       COLLECT { MATCH (p)<-[:CLAIMED_REFERRAL]-(claimed:Promoter) RETURN claimed.code }[0] AS claimed_code,
       coalesce(r.since_at, COLLECT { MATCH (p)<-[f:FORMERLY_REFERRED]-() RETURN max(f.until_at) }[0]) AS since_at,
       CASE WHEN EXISTS { (p)-[:REFERRED]->() }
            THEN reduce(deepest = 0, levels IN COLLECT { MATCH path = (p)-[:REFERRED*1..1000]->(:Promoter) RETURN DISTINCT length(path) } | CASE WHEN levels > deepest THEN levels ELSE deepest END)
            ELSE 0 END AS height

// name: climb
// returns: maybe Climb
// A promoter and everybody above it, nearest first.
MATCH (q:Promoter {code: $code})
RETURN q.status AS status,
       COLLECT { MATCH path = (q)<-[:REFERRED*0..1000]-(above:Promoter) RETURN above.code ORDER BY length(path) } AS codes

// name: attach
// returns: none
// A referral that holds from an instant.
MATCH (p:Promoter {code: $code})
MATCH (q:Promoter {code: $referrer_code})
CREATE (q)-[:REFERRED {promoter_code: $code, since_at: $since_at}]->(p)

// name: detach
// returns: none
// Ends the present referral and keeps it as history.
MATCH (p:Promoter {code: $code})<-[r:REFERRED]-(q:Promoter)
CREATE (q)-[:FORMERLY_REFERRED {promoter_code: $code, since_at: r.since_at, until_at: $until_at, reason: $reason}]->(p)
DELETE r

// name: close
// returns: none
// A closed promoter earns nothing on orders paid from then on; one under review stays locked until it is unlocked.
MATCH (p:Promoter {code: $code})
SET p.status = CASE p.status WHEN 'LOCKED' THEN 'LOCKED' ELSE 'CLOSED' END, p.closed_at = $closed_at

// name: request
// returns: maybe Request
// What an idempotency key was used for.
MATCH (k:RequestKey {key: $key})
RETURN k.fingerprint AS fingerprint, k.answer AS answer, coalesce(k.released, 0) AS released, coalesce(k.made, []) AS made

// name: remember_request
// returns: none
// Takes an idempotency key.
CREATE (k:RequestKey {key: $key, fingerprint: $fingerprint})

// name: note_request
// returns: none
// Adds what a step of the request under a key has done, in the step's own transaction.
MATCH (k:RequestKey {key: $key})
SET k.released = coalesce(k.released, 0) + $released, k.made = coalesce(k.made, []) + $made

// name: answer_request
// returns: none
// Keeps what the request under a key has answered.
MATCH (k:RequestKey {key: $key})
SET k.answer = $answer
