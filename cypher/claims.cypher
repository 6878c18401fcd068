// name: settle
// returns: none
// Somebody has decided about a waiting claim; it is kept, so that a file that tells of it again is known.
MATCH (p:Promoter {code: $code})<-[claim:CLAIMED_REFERRAL]-(q:Promoter)
USING INDEX SEEK p:Promoter(code)
CREATE (q)-[:SETTLED_CLAIM {promoter_code: $code, accepted: $accepted, quarantined_at: claim.quarantined_at,
                            settled_at: $settled_at, settled_by: $settled_by, reason: $reason}]->(p)
DELETE claim

// name: of_promoter
// returns: maybe Claim
// What a promoter claims, or claimed until somebody decided.
MATCH (p:Promoter {code: $code})<-[r:CLAIMED_REFERRAL|SETTLED_CLAIM]-(q:Promoter)
USING INDEX SEEK p:Promoter(code)
RETURN p.code AS code, q.code AS claimed_code, r.quarantined_at AS quarantined_at, r.accepted AS accepted,
       r.settled_at AS settled_at, r.settled_by AS settled_by, r.reason AS reason

// name: waiting
// returns: many Claim
// Claims that nobody has decided about, by the promoter's code after a code.
MATCH (q:Promoter)-[r:CLAIMED_REFERRAL]->(p:Promoter)
USING INDEX SEEK r:CLAIMED_REFERRAL(promoter_code)
WHERE r.promoter_code > $after
WITH p, r, q ORDER BY r.promoter_code LIMIT $first
RETURN p.code AS code, q.code AS claimed_code, r.quarantined_at AS quarantined_at, null AS accepted,
       null AS settled_at, null AS settled_by, null AS reason
ORDER BY code

// name: settled
// returns: many Claim
// Claims that somebody has decided about, by the promoter's code after a code.
MATCH (q:Promoter)-[r:SETTLED_CLAIM]->(p:Promoter)
USING INDEX SEEK r:SETTLED_CLAIM(promoter_code)
WHERE r.promoter_code > $after
WITH p, r, q ORDER BY r.promoter_code LIMIT $first
RETURN p.code AS code, q.code AS claimed_code, r.quarantined_at AS quarantined_at, r.accepted AS accepted,
       r.settled_at AS settled_at, r.settled_by AS settled_by, r.reason AS reason
ORDER BY code

// name: counts
// returns: one Counts
// How many claims there are; both numbers are kept by Neo4j itself.
RETURN COUNT { ()-[:CLAIMED_REFERRAL]->() } AS waiting, COUNT { ()-[:SETTLED_CLAIM]->() } AS settled

// name: above_by_claims
// returns: one Above
// Whom promoters claim, whom those claim, and on. Everybody claims at most one, so from each this is a line, or a circle.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})<-[:CLAIMED_REFERRAL|SETTLED_CLAIM*0..1000]-(q:Promoter)
USING INDEX SEEK p:Promoter(code)
WITH DISTINCT q
MATCH (q)<-[:CLAIMED_REFERRAL|SETTLED_CLAIM]-(above:Promoter)
RETURN collect([q.code, above.code]) AS edges

// name: above_by_referrals
// returns: one Above
// The referrers of promoters, theirs, and on.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})<-[:REFERRED*0..1000]-(q:Promoter)
USING INDEX SEEK p:Promoter(code)
WITH DISTINCT q
MATCH (q)<-[:REFERRED]-(above:Promoter)
RETURN collect([q.code, above.code]) AS edges
