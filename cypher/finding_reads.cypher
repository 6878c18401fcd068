// name: by_ids
// returns: one Cards
// Findings with the codes they name.
UNWIND $ids AS id
MATCH (f:Finding {id: id})
RETURN collect([properties(f), COLLECT { MATCH (f)-[:NAMES]->(p:Promoter) RETURN p.code ORDER BY p.code }]) AS cards

// name: by_keys
// returns: one Ids
// Ids of findings by key, the gravest first.
UNWIND $keys AS key
MATCH (f:Finding {key: key})
WITH f ORDER BY f.score DESC, f.id DESC
RETURN collect(f.id) AS ids

// name: page
// returns: one Cards
// A page of findings that are not gone, the gravest first, after a (score, id). Null filters nothing.
CALL () {
  MATCH (f:Finding)
  WHERE f.score >= $min_score AND f.score <= $after_score AND (f.score < $after_score OR f.id < $after_id)
    AND ($closed OR f.closed_at IS NULL)
    AND ($detector IS NULL OR f.detector = $detector)
    AND ($status IS NULL OR f.status = $status)
    AND ($member_code IS NULL OR EXISTS { (f)-[:NAMES]->(:Promoter {code: $member_code}) })
  RETURN f ORDER BY f.score DESC, f.id DESC LIMIT $first
}
WITH f ORDER BY f.score DESC, f.id DESC
RETURN collect([properties(f), COLLECT { MATCH (f)-[:NAMES]->(p:Promoter) RETURN p.code ORDER BY p.code }]) AS cards

// name: page_by_stake
// returns: one Cards
// A page of findings that are not gone, most money at stake first, after a (stake, id). Null filters nothing.
CALL () {
  MATCH (f:Finding)
  WHERE f.at_stake_fen <= $after_fen AND (f.at_stake_fen < $after_fen OR f.id < $after_id)
    AND f.score >= $min_score
    AND ($closed OR f.closed_at IS NULL)
    AND ($detector IS NULL OR f.detector = $detector)
    AND ($status IS NULL OR f.status = $status)
    AND ($member_code IS NULL OR EXISTS { (f)-[:NAMES]->(:Promoter {code: $member_code}) })
  RETURN f ORDER BY f.at_stake_fen DESC, f.id DESC LIMIT $first
}
WITH f ORDER BY f.at_stake_fen DESC, f.id DESC
RETURN collect([properties(f), COLLECT { MATCH (f)-[:NAMES]->(p:Promoter) RETURN p.code ORDER BY p.code }]) AS cards

// name: size
// returns: one Size
// How many findings a filter leaves.
MATCH (f:Finding)
WHERE f.score >= $min_score
  AND ($closed OR f.closed_at IS NULL)
  AND ($detector IS NULL OR f.detector = $detector)
  AND ($status IS NULL OR f.status = $status)
  AND ($member_code IS NULL OR EXISTS { (f)-[:NAMES]->(:Promoter {code: $member_code}) })
RETURN count(f) AS size

// name: of_promoters
// returns: many Named
// Findings that are not gone and name these promoters, the gravest first.
UNWIND $codes AS code
MATCH (:Promoter {code: code})<-[:NAMES]-(f:Finding)
WHERE f.closed_at IS NULL
RETURN code AS code, properties(f) AS finding, COLLECT { MATCH (f)-[:NAMES]->(p:Promoter) RETURN p.code ORDER BY p.code } AS members
ORDER BY finding.score DESC, finding.id DESC
