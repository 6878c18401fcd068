// name: standings
// returns: many Standing
// Where promoters stood at an instant: their referrer, and their level in the tree below a root; null: they had none, or stood outside it.
// Climbing, everybody has one referrer at an instant: what was before and after falls away at each step. The root is looked for
// among those above, and not matched: else the planner may begin at the root, and walk down all of its tree.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})
USING INDEX SEEK p:Promoter(code)
WHERE p.joined_at <= $at
RETURN p.code AS code,
       COLLECT {
         MATCH (p)<-[r:REFERRED|FORMERLY_REFERRED]-(q:Promoter)
         WHERE coalesce(r.since_at, p.joined_at) <= $at AND coalesce(r.until_at, 9223372036854775807) > $at
         RETURN q.code LIMIT 1
       }[0] AS referrer_code,
       [step IN COLLECT {
         MATCH path = (p) (
           (lower:Promoter)<-[r:REFERRED|FORMERLY_REFERRED]-(upper:Promoter)
           WHERE coalesce(r.since_at, lower.joined_at) <= $at AND coalesce(r.until_at, 9223372036854775807) > $at
         ){1,1000} (above)
         RETURN [above.code, length(path)]
       } WHERE step[0] = $root_code | step[1]][0] AS level

// name: changes
// returns: one Changes
// Referrals of promoters that began or ended after an instant and up to another: [promoter, referrer, since, until, reason].
CALL () {
  UNWIND $codes AS code
  MATCH (p:Promoter {code: code})<-[r:REFERRED|FORMERLY_REFERRED]-(q:Promoter)
  USING INDEX SEEK p:Promoter(code)
  WHERE (r.since_at > $from_at AND r.since_at <= $to_at) OR (r.until_at > $from_at AND r.until_at <= $to_at)
  RETURN p, r, q LIMIT $first
}
RETURN collect([p.code, q.code, r.since_at, r.until_at, r.reason]) AS rows
