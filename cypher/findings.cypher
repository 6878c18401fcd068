// name: known
// returns: one Page
// What is recorded of a detector's findings, by key after a key.
MATCH (f:Finding)
WHERE f.detector = $detector AND f.key > $key
WITH f ORDER BY f.key LIMIT $first
RETURN collect([f.key, f.digest, f.closed_at, f.last_seen]) AS rows

// name: known_of
// returns: one Page
// What is recorded of findings whose keys begin like that.
UNWIND $starts AS start
MATCH (f:Finding)
WHERE f.key STARTS WITH start
RETURN collect([f.key, f.digest, f.closed_at, f.last_seen]) AS rows

// name: members
// returns: one Page
// Whom findings name.
UNWIND $keys AS key
MATCH (f:Finding {key: key})
RETURN collect([key, COLLECT { MATCH (f)-[:NAMES]->(p:Promoter) RETURN p.code }]) AS rows

// name: states
// returns: many State
// Findings as they are recorded, before they change.
UNWIND $keys AS key
MATCH (f:Finding {key: key})
RETURN f.id AS id, f.key AS key, f.status AS status, f.score AS score, f.digest AS digest, f.closed_at AS closed_at,
       f.last_seen AS last_seen, f.reviewed_score AS reviewed_score, f.member_count AS member_count

// name: put
// returns: none
// New findings, and those that grew or shrank, each with exactly the members it has now.
UNWIND $rows AS row
MERGE (f:Finding {key: row.key})
ON CREATE SET f.id = row.id, f.first_seen = row.properties.last_seen
SET f += row.properties
WITH f, row
CALL (f, row) {
  MATCH (f)-[names:NAMES]->(p:Promoter)
  WHERE NOT p.code IN row.members
  DELETE names
}
CALL (f, row) {
  UNWIND row.members AS code
  MATCH (p:Promoter {code: code})
  MERGE (f)-[:NAMES]->(p)
}

// name: seen
// returns: one Keys
// Findings that are still as they were, whatever parameters they were seen with, and what is at stake in them now; those that nobody has closed, or seen later.
UNWIND $rows AS row
MATCH (f:Finding {key: row.key})
WHERE f.closed_at IS NULL AND f.last_seen <= $at
SET f.last_seen = $at, f.parameter_set = $parameter_set, f.at_stake_fen = row.at_stake_fen
RETURN collect(f.key) AS keys

// name: close
// returns: none
// Findings whose structure is gone.
UNWIND $keys AS key
MATCH (f:Finding {key: key})
SET f.closed_at = $at

// name: to_lock
// returns: many ToLock
// Findings that are there, not dismissed, and at or above a score, with those of their members whom they have not met yet.
UNWIND $keys AS key
MATCH (f:Finding {key: key})
WHERE f.status <> 'DISMISSED' AND f.closed_at IS NULL AND f.score >= $score
WITH f, COLLECT { MATCH (f)-[:NAMES]->(p:Promoter) WHERE NOT EXISTS { (f)-[:LOCKED]->(p) } RETURN p.code ORDER BY p.code } AS codes
WHERE size(codes) > 0
RETURN f.key AS key, f.id AS id, f.sentence_zh AS sentence, codes AS codes

// name: lockable
// returns: one Codes
// Whom findings, which may be recorded or not, would lock: their members who are not locked, and whom they have not locked before.
UNWIND $rows AS row
OPTIONAL MATCH (f:Finding {key: row.key})
UNWIND row.members AS code
MATCH (p:Promoter {code: code})
WHERE p.status <> 'LOCKED' AND (f IS NULL OR NOT EXISTS { (f)-[:LOCKED]->(p) })
RETURN collect(DISTINCT p.code) AS codes

// name: hold
// returns: none
// A finding remembers whom it has met, locked or not. It holds a lock, `at`, that it has just put there or that another finding holds; a person's and an import's are not its own.
MATCH (f:Finding {id: $id})
MATCH (p:Promoter {code: $code})
WITH f, p, CASE WHEN $is_own OR EXISTS { (:Finding)-[:LOCKED {at: p.locked_at}]->(p) } THEN p.locked_at END AS at
MERGE (f)-[locked:LOCKED]->(p)
ON CREATE SET locked.at = at

// name: by_id
// returns: maybe State
// One finding, to be reviewed.
MATCH (f:Finding {id: $id})
RETURN f.id AS id, f.key AS key, f.status AS status, f.score AS score, f.digest AS digest, f.closed_at AS closed_at,
       f.last_seen AS last_seen, f.reviewed_score AS reviewed_score, f.member_count AS member_count

// name: review
// returns: none
// What a person has decided about a finding.
MATCH (f:Finding {id: $id})
SET f.status = $status, f.note = $note, f.reviewed_at = $at, f.reviewer = $actor, f.reviewed_score = f.score,
    f.reviewed_version = f.detector_version, f.reviewed_set = coalesce(f.parameter_set, 0)

// name: let_go
// returns: one Codes
// Ends a finding's hold, and says whose lock nothing holds any more: neither another finding that is not dismissed, nor a person.
OPTIONAL MATCH (:Finding {id: $id})-[locked:LOCKED]->(p:Promoter)
WITH p, locked, locked.at AS at
DELETE locked
WITH p, at
WHERE p.status = 'LOCKED' AND p.locked_at = at
  AND NOT EXISTS { MATCH (other:Finding)-[:LOCKED {at: at}]->(p) WHERE other.status <> 'DISMISSED' AND other.id <> $id }
RETURN collect(p.code) AS codes
