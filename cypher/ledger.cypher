// name: check
// returns: one Check
// The whole ledger: its lines, their sum, and how many postings do not balance by themselves.
MATCH (x:Posting)
WITH size(x.accounts) AS accounts, size(x.amounts_fen) AS amounts, reduce(sum = 0, fen IN x.amounts_fen | sum + fen) AS sum_fen
RETURN coalesce(sum(amounts), 0) AS entries, coalesce(sum(sum_fen), 0) AS sum_fen, count(CASE WHEN sum_fen <> 0 OR accounts <> amounts THEN 1 END) AS unbalanced_postings

// name: postings
// returns: one PostingPage
// Accounts and amounts of some postings, by id, after an id.
CALL () {
  MATCH (x:Posting) WHERE x.id > $after
  RETURN x ORDER BY x.id LIMIT $first
}
RETURN max(x.id) AS last_id, collect([x.accounts, x.amounts_fen]) AS postings

// name: owed
// returns: one OwedPage
// What the entries and payouts of some promoters say that is owed to them, by code, after a code.
CALL () {
  MATCH (p:Promoter) WHERE p.code > $after
  RETURN p ORDER BY p.code LIMIT $first
}
WITH p.code AS code,
  reduce(sum = 0, fen IN COLLECT { MATCH (p)-[:EARNED]->(c:Commission) WHERE c.state <> 'VOIDED' RETURN c.amount_fen } | sum + fen) AS earned_fen,
  reduce(sum = 0, fen IN COLLECT { MATCH (p)-[:RECEIVES]->(x:Payout) WHERE x.status IN ['APPROVED', 'SENT', 'AWAITING_RECEIPT', 'PAID'] RETURN x.gross_fen } | sum + fen) AS taken_fen,
  COLLECT { MATCH (p)-[:RECEIVES]->(x:Payout) WHERE NOT x.status IN ['FAILED', 'EXPIRED'] AND x.gross_fen <> reduce(sum = 0, fen IN COLLECT { MATCH (x)-[:PAYS]->(c:Commission) RETURN c.amount_fen } | sum + fen) RETURN x.id } AS wrong_payout_ids
RETURN collect([code, earned_fen - taken_fen]) AS rows, reduce(all = [], ids IN collect(wrong_payout_ids) | all + ids) AS wrong_payout_ids, max(code) AS last_code
