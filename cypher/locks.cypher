// name: standing
// returns: maybe Standing
// What locking and unlocking a promoter goes by.
MATCH (p:Promoter {code: $code})
RETURN p.status AS status, p.closed_at AS closed_at, p.locked_at AS locked_at, p.lock_reason AS lock_reason,
       EXISTS { (:Finding)-[:LOCKED {at: p.locked_at}]->(p) } AS by_finding,
       COLLECT { MATCH (p)-[:RECEIVES]->(x:Payout {status: 'CREATED'}) RETURN x.id ORDER BY x.id } AS created_payout_ids

// name: lock
// returns: none
// Holds everything of a promoter that is not on its way.
MATCH (p:Promoter {code: $code})
SET p.status = 'LOCKED', p.locked_at = $at, p.lock_reason = $reason, p.payable_at = null
WITH p
MATCH (p)-[:EARNED]->(c:Commission)
WHERE c.state IN ['OBSERVING', 'RELEASED'] AND c.payout_id IS NULL
SET c.state = 'HELD', c.unpaid_due_at = null

// name: take_over
// returns: none
// A lock from another instant on, and for another reason; what is held stays so.
MATCH (p:Promoter {code: $code})
SET p.locked_at = $at, p.lock_reason = $reason

// name: unlock
// returns: none
// Lets go of what was held: released if its time has come meanwhile, else observed on.
MATCH (p:Promoter {code: $code})
SET p.status = $status, p.locked_at = null, p.lock_reason = null
WITH p
MATCH (p)-[:EARNED]->(c:Commission {state: 'HELD'})
SET c.state = CASE WHEN c.due_at IS NULL THEN 'OBSERVING' ELSE 'RELEASED' END, c.unpaid_due_at = c.due_at
WITH p, min(c.unpaid_due_at) AS due_at
SET p.payable_at = due_at

// name: held
// returns: many HeldGroup
// A promoter's held entries, summed by what is corrected together.
MATCH (p:Promoter {code: $code})-[:EARNED]->(c:Commission {state: 'HELD'})
OPTIONAL MATCH (o:Order)-[:YIELDED]->(c) WHERE c.sku IS NOT NULL
WITH coalesce(o.number, toString(c.month)) AS source, c.sku AS sku, c.level AS level, sum(c.amount_fen) AS amount_fen, collect(c.id) AS ids
RETURN ids AS ids, amount_fen AS amount_fen
ORDER BY ids[0]

// name: void
// returns: none
// Entries that a review takes from their promoter for good; one that was never posted, as it falls on these, has no voided_seq.
UNWIND $ids AS id
MATCH (c:Commission {id: id})
SET c.state = 'VOIDED', c.voided_seq = $seq, c.unpaid_due_at = null, c.pending_release_at = null

// name: shown
// returns: many Shown
// Why promoters are locked: the text that the lock was put with, and the detectors whose findings hold it. Who was imported as locked before an import said so has neither instant nor text.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})
WHERE p.status = 'LOCKED'
RETURN code AS code, coalesce(p.locked_at, p.joined_at) AS locked_at, coalesce(p.lock_reason, 'locked when imported') AS reason,
       COLLECT { MATCH (f:Finding)-[:LOCKED {at: p.locked_at}]->(p) WHERE f.status <> 'DISMISSED' RETURN DISTINCT f.detector ORDER BY f.detector } AS detectors
