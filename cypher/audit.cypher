// name: entries
// returns: one AuditPage
// The journal backwards from a position, so many entries walked at most, by the index of an actor or a kind where one is given: how far the walk came, and those that are wanted.
CALL () {
  CALL () {
    WITH $actor AS actor
    WHERE actor IS NOT NULL
    MATCH (e:JournalEntry)
    WHERE e.actor = actor AND e.seq < $before
    RETURN e ORDER BY e.actor DESC, e.seq DESC LIMIT $walked_max
    UNION ALL
    WITH $kind AS kind
    WHERE kind IS NOT NULL AND $actor IS NULL
    MATCH (e:JournalEntry)
    WHERE e.kind = kind AND e.seq < $before
    RETURN e ORDER BY e.kind DESC, e.seq DESC LIMIT $walked_max
    UNION ALL
    WITH $before AS before
    WHERE $kind IS NULL AND $actor IS NULL
    MATCH (e:JournalEntry)
    WHERE e.seq < before
    RETURN e ORDER BY e.seq DESC LIMIT $walked_max
  }
  RETURN e
}
WITH collect(e) AS walked
RETURN size(walked) AS walked, last(walked).seq AS last_seq, COLLECT {
  UNWIND walked AS e
  WITH e
  WHERE ($kind IS NULL OR e.kind = $kind) AND ($code IS NULL OR $code IN e.codes)
    AND ($from_at IS NULL OR e.recorded_at >= $from_at) AND ($until_at IS NULL OR e.recorded_at < $until_at)
    AND NOT any(start IN $hidden WHERE e.kind STARTS WITH start)
  RETURN [e.seq, e.kind, e.at, e.recorded_at, e.actor, size(e.codes), e.codes[0..$codes_max], e.facts]
  LIMIT $first
} AS rows
