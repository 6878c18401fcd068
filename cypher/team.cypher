// name: pages
// returns: one Pages
// A page of the downline of each promoter, with the promoter's own card: code, status, rank, joined_at, name_sealed, phone_sealed and path.
// A member is the same, but of its path only who is between it and the promoter, nearest first; then level, both keys, its own orders, fen and
// refunded fen of all time and, if `totals` are asked for, size, orders and fen of its team: a page with all of it costs a third less than two statements.
// Lists, as they are kept: maps would bring the names of their keys along with every member.
// Every order is ascending over (key_1, key_2, code), so one keyset serves all four. TEAM_VOLUME_DESC walks the team of every candidate.
// DISTINCT, though nobody is below somebody twice, lets Neo4j walk without remembering paths: 20 teams of 300 take a fifth to a third less.
UNWIND $codes AS code
MATCH (root:Promoter {code: code})
CALL (root) {
  MATCH (root)-[r:REFERRED*1..1000]->(m:Promoter)
  WITH m, r, size(r) AS level
  WHERE level <= $depth AND level >= $level_min
    AND ($code_start IS NULL OR m.code STARTS WITH $code_start OR m.name_hash = $name_hash)
    AND ($status IS NULL OR m.status = $status) AND ($rank IS NULL OR m.rank = $rank)
  CALL (m) {
    WITH m WHERE $order = 'TEAM_VOLUME_DESC'
    MATCH (m)-[:REFERRED*1..1000]->(below)
    WITH DISTINCT below
    RETURN coalesce(sum(below.sales_volume_fen), 0) AS team_volume_fen
  }
  WITH m, r, level,
    CASE $order
      WHEN 'JOINED_AT_DESC' THEN -m.joined_at
      WHEN 'SALES_DESC' THEN -coalesce(m.sales_volume_fen, 0)
      WHEN 'TEAM_VOLUME_DESC' THEN -team_volume_fen
      ELSE level END AS key_1,
    CASE $order WHEN 'LEVEL' THEN m.joined_at ELSE 0 END AS key_2
  WHERE $after_code IS NULL OR key_1 > $after_1
    OR (key_1 = $after_1 AND (key_2 > $after_2 OR (key_2 = $after_2 AND m.code > $after_code)))
  WITH m, r, level, key_1, key_2
  ORDER BY key_1, key_2, m.code LIMIT $first
  CALL (m) {
    WITH m WHERE $totals
    MATCH (m)-[:REFERRED*1..1000]->(below)
    WITH DISTINCT below
    RETURN count(*) AS size, sum(below.sales_orders) AS orders, sum(below.sales_volume_fen) AS volume_fen
  }
  RETURN collect([
    m.code, m.status, m.rank, m.joined_at, m.name_sealed, m.phone_sealed, [step IN reverse(tail(r)) | startNode(step).code],
    level, key_1, key_2, [coalesce(m.sales_orders, 0), coalesce(m.sales_volume_fen, 0), coalesce(m.sales_refunded_fen, 0)],
    CASE WHEN $totals THEN [size, orders, volume_fen] END
  ]) AS members
}
RETURN collect({
  root: [
    root.code, root.status, root.rank, root.joined_at, root.name_sealed, root.phone_sealed,
    COLLECT { MATCH (root)<-[r:REFERRED*1..1000]-(above) RETURN above.code ORDER BY size(r) }
  ],
  members: members
}) AS pages

// name: counts
// returns: one Counts
// How many people the downline of each promoter has.
UNWIND $codes AS code
MATCH (root:Promoter {code: code})
CALL (root) {
  MATCH (root)-[r:REFERRED*1..1000]->(m:Promoter)
  WITH m, size(r) AS level
  WHERE level <= $depth AND level >= $level_min
    AND ($code_start IS NULL OR m.code STARTS WITH $code_start OR m.name_hash = $name_hash)
    AND ($status IS NULL OR m.status = $status) AND ($rank IS NULL OR m.rank = $rank)
  RETURN count(m) AS count
}
RETURN collect({code: code, count: count}) AS counts
