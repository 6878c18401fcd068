// name: fold
// returns: one Fold
// Whose card or subtree changed after one position and up to another, and what else a cached value may depend on.
// `upto` must be settled (see settled): a reader can see the head before the rest of its transaction.
MATCH (j:Journal {id: 'head'})
CALL () {
  MATCH (e:JournalEntry)
  WHERE e.seq > $after AND e.seq <= $upto
  WITH collect(e) AS entries
  RETURN
    reduce(last = 0, e IN entries | CASE WHEN e.kind = 'month_closed' AND e.seq > last THEN e.seq ELSE last END) AS closes_seq,
    COLLECT { UNWIND entries AS e UNWIND e.codes AS code RETURN DISTINCT code } AS named
}
CALL () {
  OPTIONAL MATCH (at_after:JournalEntry {seq: $after})
  OPTIONAL MATCH (at_upto:JournalEntry {seq: $upto})
  RETURN coalesce(at_after.recorded_at, 0) AS mark_after, coalesce(at_upto.recorded_at, 0) AS mark_upto
}
CALL (named) {
  UNWIND named AS code
  MATCH (:Promoter {code: code})<-[:REFERRED*0..1000]-(above)
  RETURN collect(DISTINCT above.code) AS above
}
RETURN j.seq AS seq, mark_after AS mark_after, mark_upto AS mark_upto, j.paths_seq AS paths_seq, closes_seq AS closes_seq, named AS named, above AS above
