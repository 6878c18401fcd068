// name: page
// returns: many Sought
// Promoters by code after a code: by a code's beginning, a hashed name or a hashed identifier, whichever is given.
CALL () {
  MATCH (p:Promoter)
  WHERE p.code STARTS WITH $code_start AND p.code > $after
  RETURN p.code AS code ORDER BY code LIMIT $first
  UNION
  MATCH (p:Promoter {name_hash: $name_hash})
  WHERE p.code > $after
  RETURN p.code AS code ORDER BY code LIMIT $first
  UNION
  MATCH (:Identifier {id: $identifier_id})<-[:IDENTIFIED_BY]-(p:Promoter)
  WHERE p.code > $after
  RETURN DISTINCT p.code AS code ORDER BY code LIMIT $first
}
RETURN code
ORDER BY code LIMIT $first

// name: count
// returns: one Count
// How many there are in all.
CALL () {
  MATCH (p:Promoter)
  WHERE p.code STARTS WITH $code_start
  RETURN count(p) AS found
  UNION ALL
  MATCH (p:Promoter {name_hash: $name_hash})
  RETURN count(p) AS found
  UNION ALL
  MATCH (:Identifier {id: $identifier_id})<-[:IDENTIFIED_BY]-(p:Promoter)
  RETURN count(DISTINCT p) AS found
}
RETURN sum(found) AS count
