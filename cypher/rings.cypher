// name: people
// returns: many Person
// Which of these people there are, and of promoters the root of their tree.
UNWIND $codes AS code
MATCH (p:Person {code: code})
USING INDEX SEEK p:Person(code)
RETURN p.code AS code, p:Promoter AS promoter,
       COLLECT { MATCH path = (p)<-[:REFERRED*1..1000]-(above:Promoter) RETURN above.code ORDER BY length(path) DESC LIMIT 1 }[0] AS root_code

// name: identifiers_of
// returns: one Rows
// Identifiers of people, with how many people each has: [person, identifier, people].
CALL () {
  UNWIND range(0, size($codes) - 1) AS place
  MATCH (p:Person {code: $codes[place]})-[:IDENTIFIED_BY]->(i:Identifier)
  USING INDEX SEEK p:Person(code)
  WHERE i.kind IN $kinds
  RETURN p, i ORDER BY place, i.id LIMIT $first
}
RETURN collect([p.code, i.id, COUNT { (i)<-[:IDENTIFIED_BY]-() }]) AS rows

// name: people_of
// returns: one Rows
// Whom identifiers belong to: [identifier, person].
CALL () {
  UNWIND range(0, size($ids) - 1) AS place
  MATCH (i:Identifier {id: $ids[place]})<-[:IDENTIFIED_BY]-(p:Person)
  USING INDEX SEEK i:Identifier(id)
  RETURN i.id AS id, p.code AS code ORDER BY place, code LIMIT $first
}
RETURN collect([id, code]) AS rows

// name: hubs
// returns: one Hubs
// Identifiers by id after an id and before another: those of more than so many people, as [identifier, people].
// How many people one has is read from the node itself, so what a call costs is what it looks at.
CALL () {
  MATCH (i:Identifier)
  USING INDEX SEEK i:Identifier(id)
  WHERE i.id > $after AND i.id < $before
  RETURN i ORDER BY i.id LIMIT $looked_at_max
}
WITH i, COUNT { (i)<-[:IDENTIFIED_BY]-() } AS people
RETURN collect(CASE WHEN people > $people_max THEN [i.id, people] END) AS rows, count(i) AS looked_at, max(i.id) AS last_id
