// name: lock
// returns: one Head
// Takes the one write lock and reads the position of the last entry; every write transaction starts here.
MATCH (j:Journal {id: 'head'})
SET j.locks = j.locks + 1
RETURN j.seq AS seq, j.paths_seq AS paths_seq

// name: head
// returns: one Head
// The position of the last committed entry, without the lock.
MATCH (j:Journal {id: 'head'})
RETURN j.seq AS seq, j.paths_seq AS paths_seq

// name: append
// returns: none
// Appends entries and moves the head; the lock is held, so positions are in commit order.
MATCH (j:Journal {id: 'head'})
SET j.seq = $seq, j.paths_seq = $paths_seq
WITH j
UNWIND $entries AS entry
CREATE (e:JournalEntry)
SET e = entry

// name: changed
// returns: one Changed
// Whose own facts or subtree changed after one position and up to another: the codes named by those entries and everybody above them now.
MATCH (e:JournalEntry)
WHERE e.seq > $after AND e.seq <= $upto
UNWIND e.codes AS code
WITH DISTINCT code
OPTIONAL MATCH (:Promoter {code: code})<-[:REFERRED*0..1000]-(above:Promoter)
WITH collect(DISTINCT above.code) AS above, collect(DISTINCT code) AS named
RETURN above AS above, named AS named

// name: events
// returns: many Event
// Journal entries in commit order.
MATCH (e:JournalEntry)
WHERE e.seq > $after
RETURN e.seq AS seq, e.kind AS kind, e.at AS at, e.recorded_at AS recorded_at, e.actor AS actor, e.codes AS codes, e.facts AS facts
ORDER BY e.seq LIMIT $first

// name: told
// returns: one Told
// What the next entries after a position and up to another tell: how far they reach, which of the watched promoters' facts or subtrees changed, whether somebody's upline and whether a finding did. `upto` must be settled.
MATCH (j:Journal {id: 'head'})
CALL () {
  MATCH (e:JournalEntry)
  WHERE e.seq > $after AND e.seq <= $upto
  WITH e ORDER BY e.seq LIMIT $first
  RETURN collect(e) AS entries
}
CALL (entries) {
  UNWIND CASE WHEN size($watched) = 0 THEN [] ELSE entries END AS e
  UNWIND e.codes AS code
  WITH DISTINCT code
  MATCH (:Promoter {code: code})<-[:REFERRED*0..1000]-(above:Promoter)
  WITH DISTINCT above
  WHERE above.code IN $watched
  RETURN collect(above.code) AS reached
}
RETURN last(entries).seq AS seq, reached AS reached, j.paths_seq > $after AS moved,
       any(e IN entries WHERE e.kind IN ['finding_raised', 'finding_changed']) AS findings

// name: findings
// returns: many Event
// What the next entries after a position say of findings, in commit order.
MATCH (e:JournalEntry)
WHERE e.seq > $after
WITH e ORDER BY e.seq LIMIT $first
WITH e
WHERE e.kind IN ['finding_raised', 'finding_changed']
RETURN e.seq AS seq, e.kind AS kind, e.at AS at, e.recorded_at AS recorded_at, e.actor AS actor, e.codes AS codes, e.facts AS facts
ORDER BY e.seq
