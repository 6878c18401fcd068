// name: tree
// returns: maybe Tree
// A tree as a pack of evidence begins with it: where it hangs, its people by level below it (0 is itself), and the position of the journal that was settled before.
MATCH (p:Promoter {code: $code})
MATCH (s:Store {name: 'promograph'})
RETURN s.id AS store_id, $position AS position,
       COLLECT { MATCH (p)<-[r:REFERRED*0..1000]-(above:Promoter) RETURN above.code ORDER BY size(r) DESC LIMIT 1 }[0] AS root_code,
       COLLECT { MATCH (p)-[r:REFERRED*0..1000]->(m:Promoter) WITH size(r) AS level, count(m) AS people RETURN [level, people] ORDER BY level } AS levels

// name: people
// returns: one Page
// People of a tree by code after a code, no more than asked for, each with its relations, sums of orders and entries, and payouts. Each page walks the tree once: 90 ms of 60,000 people.
MATCH (root:Promoter {code: $code})
CALL (root) {
  MATCH (root)-[r:REFERRED*0..1000]->(p:Promoter)
  WHERE p.code > $after
  RETURN p, size(r) AS below ORDER BY p.code LIMIT $first
}
WITH p, below ORDER BY p.code
RETURN collect({
  person: p {.code, .status, .rank, .joined_at, .closed_at, .senior_at, .elite_at, .locked_at, .lock_reason, .contract_version, .sales_orders, .sales_volume_fen, .sales_refunded_fen, .name_sealed, level: below},
  referrals: COLLECT {
    MATCH (p)<-[r:REFERRED|FORMERLY_REFERRED|CLAIMED_REFERRAL]-(q:Promoter)
    RETURN {kind: type(r), referrer_code: q.code, since_at: r.since_at, until_at: r.until_at, reason: r.reason}
    ORDER BY coalesce(r.since_at, p.joined_at), coalesce(r.until_at, 9223372036854775807), q.code
  },
  identifiers: COLLECT { MATCH (p)-[r:IDENTIFIED_BY]->(i:Identifier) RETURN {kind: i.kind, hash: i.hash, enrolment: r.enrolment} ORDER BY i.id },
  orders: COLLECT {
    MATCH (p)-[:SOLD]->(o:Order)
    WITH o.status AS status, coalesce(o.commissionable, false) AS commissionable, count(o) AS orders, sum(o.paid_fen) AS paid_fen, sum(o.refunded_fen) AS refunded_fen
    RETURN {status: status, commissionable: commissionable, orders: orders, paid_fen: paid_fen, refunded_fen: refunded_fen} ORDER BY status, commissionable
  },
  entries: COLLECT {
    MATCH (p)-[:EARNED]->(c:Commission)
    WITH c.kind AS kind, c.state AS state, c.level AS level, count(c) AS entries, sum(c.amount_fen) AS amount_fen
    RETURN {kind: kind, state: state, level: level, entries: entries, amount_fen: amount_fen} ORDER BY kind, state, level
  },
  payouts: COLLECT {
    MATCH (p)-[:RECEIVES]->(x:Payout)
    RETURN x {.id, .status, .month, .gross_fen, .tax_fen, .net_fen, .tax_method, .created_at, .due_at, .approved_at, .finished_at, .provider, .key, .provider_reference, .reason, .contradiction} ORDER BY x.seq, x.id
  },
  promotions: COLLECT {
    MATCH (p)-[:PROMOTED]->(x:Promotion)
    RETURN x {.from_rank, .to_rank, .effective_at, .route, .evidence, .plan_version} ORDER BY x.effective_at, x.seq
  }
}) AS rows

// name: findings
// returns: one Page
// Findings by id after an id, no more than asked for: whether each names somebody of a tree, and if so what it is; a last row tells where the walk stands.
CALL () {
  MATCH (f:Finding)
  WHERE f.id > $after
  RETURN f ORDER BY f.id LIMIT $first
}
WITH f, EXISTS { MATCH (f)-[:NAMES]->(p:Promoter) WHERE any(step IN COLLECT { MATCH (p)<-[:REFERRED*0..1000]-(above:Promoter) RETURN above.code } WHERE step = $code) } AS named ORDER BY f.id
RETURN collect({
  id: f.id, finding: CASE WHEN named THEN properties(f) END,
  members: CASE WHEN named THEN COLLECT { MATCH (f)-[:NAMES]->(p:Promoter) RETURN p.code ORDER BY p.code } END
}) AS rows

// name: journal
// returns: one Page
// Journal entries after a position and up to another, no more than asked for: whether each touches somebody of a tree, and if so what it says.
CALL () {
  MATCH (e:JournalEntry)
  WHERE e.seq > $after AND e.seq <= $upto
  RETURN e ORDER BY e.seq LIMIT $first
}
WITH e ORDER BY e.seq
WITH collect(e) AS entries
CALL (entries) {
  UNWIND entries AS e
  UNWIND e.codes AS code
  WITH DISTINCT code
  MATCH (p:Promoter {code: code})
  // Compared here and not matched: a pattern with both ends known may be walked from the root down.
  WHERE any(step IN COLLECT { MATCH (p)<-[:REFERRED*0..1000]-(above:Promoter) RETURN above.code } WHERE step = $code)
  RETURN collect(code) AS members
}
RETURN [e IN entries | {seq: e.seq, codes: size(e.codes), entry: CASE WHEN any(code IN e.codes WHERE code IN members) THEN properties(e) END}] AS rows
