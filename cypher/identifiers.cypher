// name: link
// returns: none
// Links people to hashed identifiers; a code that nobody has yet is a buyer's.
UNWIND $rows AS row
MERGE (p:Person {code: row.code})
ON CREATE SET p:Buyer
MERGE (i:Identifier {id: row.id})
ON CREATE SET i.kind = row.kind, i.hash = row.hash, i.sealed = row.sealed
MERGE (p)-[r:IDENTIFIED_BY]->(i)
ON CREATE SET r.enrolment = row.enrolment
SET r.enrolment = r.enrolment AND row.enrolment

// name: linked
// returns: many Linked
// Which of these links are there already.
UNWIND $rows AS row
MATCH (:Person {code: row.code})-[r:IDENTIFIED_BY]->(:Identifier {id: row.id})
RETURN row.code AS code, row.id AS id, r.enrolment AS enrolment

// name: sellers
// returns: many Seller
// Through whom these people bought: a shared identifier can undo the validity of those sales.
UNWIND $codes AS code
MATCH (:Person {code: code})-[:PLACED]->(:Order)<-[:SOLD]-(p:Promoter)
RETURN DISTINCT p.code AS code
