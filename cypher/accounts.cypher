// name: sums
// returns: one Sums
// What moved a promoter's account up to an instant: its postings by kind, before the period or in it, and the entries of the period by kind. A posting's `at` is an entry's; a posting that came to nothing was not written.
MATCH (p:Promoter {code: $code})
WITH p, 'payable:' + p.code AS account,
  COLLECT { MATCH (p)-[:EARNED]->(c:Commission) WITH DISTINCT c.seq AS seq MATCH (x:Posting {id: toString(seq)}) WHERE x.at < $until_at RETURN x }
  + COLLECT { MATCH (p)-[:RECEIVES]->(y:Payout) MATCH (x:Posting {reference: 'payout:' + y.id}) WHERE x.kind IN ['PAYOUT', 'PAYOUT_RETURNED'] AND x.at < $until_at RETURN x }
  + COLLECT { MATCH (x:Posting {reference: 'lock:' + p.code}) WHERE x.kind = 'VOID' AND x.at < $until_at RETURN x } AS postings
RETURN
  COLLECT {
    UNWIND postings AS x
    WITH x.kind AS kind, x.at < $from_at AS before,
      reduce(sum = 0, line IN range(0, size(x.accounts) - 1) | sum - CASE x.accounts[line] WHEN account THEN x.amounts_fen[line] ELSE 0 END) AS fen
    WITH kind, before, sum(fen) AS fen
    RETURN [kind, before, fen]
  } AS postings,
  COLLECT {
    MATCH (p)-[:EARNED]->(c:Commission)
    WHERE c.state <> 'VOIDED' OR c.voided_seq IS NOT NULL
    OPTIONAL MATCH (x:Posting {id: toString(c.seq)})
    WITH c, coalesce(x.at, c.posted_at) AS at
    WHERE $from_at <= at < $until_at
    WITH c.kind AS kind, sum(c.amount_fen) AS fen, count(c) AS count
    RETURN [kind, fen, count]
  } AS entries

// name: entries
// returns: one Page
// The entries of a period that moved a promoter's account, newest first after a (seq, id).
MATCH (p:Promoter {code: $code})-[:EARNED]->(c:Commission)
WHERE (c.state <> 'VOIDED' OR c.voided_seq IS NOT NULL)
  AND (c.seq < $after_seq OR (c.seq = $after_seq AND c.id > $after_id))
OPTIONAL MATCH (x:Posting {id: toString(c.seq)})
WITH c, coalesce(x.at, c.posted_at) AS at
WHERE $from_at <= at < $until_at
WITH c ORDER BY c.seq DESC, c.id LIMIT $first
RETURN collect([c.seq, c.id]) AS rows

// name: movements
// returns: one Page
// Everything that moved a promoter's account in a period, oldest first after a (seq, id): entries, payouts and their return, what a review voided.
MATCH (p:Promoter {code: $code})
CALL (p) {
  MATCH (p)-[:EARNED]->(c:Commission)
  WHERE (c.state <> 'VOIDED' OR c.voided_seq IS NOT NULL) AND (c.seq > $after_seq OR (c.seq = $after_seq AND c.id > $after_id))
  OPTIONAL MATCH (x:Posting {id: toString(c.seq)})
  WITH c, coalesce(x.at, c.posted_at) AS at
  WHERE $from_at <= at < $until_at
  OPTIONAL MATCH (o:Order)-[:YIELDED]->(c)
  RETURN c.seq AS seq, c.id AS id, at AS at, c.kind AS kind, c.amount_fen AS amount_fen, o.number AS order_number, null AS payout
  UNION ALL
  MATCH (p)-[:RECEIVES]->(y:Payout)
  MATCH (x:Posting {reference: 'payout:' + y.id})
  WHERE x.kind IN ['PAYOUT', 'PAYOUT_RETURNED'] AND $from_at <= x.at < $until_at
    AND (x.seq > $after_seq OR (x.seq = $after_seq AND x.id > $after_id))
  RETURN x.seq AS seq, x.id AS id, x.at AS at, x.kind AS kind,
    reduce(sum = 0, line IN range(0, size(x.accounts) - 1) | sum - CASE x.accounts[line] WHEN 'payable:' + p.code THEN x.amounts_fen[line] ELSE 0 END) AS amount_fen,
    null AS order_number, y {.id, .gross_fen, .tax_fen, .net_fen, .status} AS payout
  UNION ALL
  MATCH (x:Posting {reference: 'lock:' + p.code})
  WHERE x.kind = 'VOID' AND $from_at <= x.at < $until_at AND (x.seq > $after_seq OR (x.seq = $after_seq AND x.id > $after_id))
  RETURN x.seq AS seq, x.id AS id, x.at AS at, x.kind AS kind,
    reduce(sum = 0, line IN range(0, size(x.accounts) - 1) | sum - CASE x.accounts[line] WHEN 'payable:' + p.code THEN x.amounts_fen[line] ELSE 0 END) AS amount_fen,
    null AS order_number, null AS payout
}
WITH seq, id, at, kind, amount_fen, order_number, payout ORDER BY seq, id LIMIT $first
RETURN collect([seq, id, at, kind, amount_fen, order_number, payout]) AS rows

// name: payouts
// returns: one Page
// The payouts that left or came back in a period, oldest first, as many as asked for.
MATCH (:Promoter {code: $code})-[:RECEIVES]->(y:Payout)
MATCH (x:Posting {reference: 'payout:' + y.id})
WHERE x.kind IN ['PAYOUT', 'PAYOUT_RETURNED'] AND $from_at <= x.at < $until_at
WITH x, y ORDER BY x.seq, x.id LIMIT $first
RETURN collect([y.id, x.at, CASE x.kind WHEN 'PAYOUT' THEN -y.gross_fen ELSE y.gross_fen END]) AS rows

// name: debts
// returns: one Debts
// What was open of a promoter's debts before an instant, newest first: taken back after its release, and in no payout that had left by then and stayed away.
MATCH (p:Promoter {code: $code})-[:EARNED]->(c:Commission)
WHERE c.amount_fen < 0 AND c.release_at IS NOT NULL AND c.state <> 'VOIDED'
OPTIONAL MATCH (x:Posting {id: toString(c.seq)})
WITH c, coalesce(x.at, c.posted_at) AS at
WHERE at < $until_at AND NOT EXISTS {
  MATCH (c)<-[:PAYS]-(y:Payout)
  MATCH (left:Posting {reference: 'payout:' + y.id})
  WHERE left.kind = 'PAYOUT' AND left.at < $until_at AND NOT EXISTS {
    MATCH (back:Posting {reference: 'payout:' + y.id}) WHERE back.kind = 'PAYOUT_RETURNED' AND back.at < $until_at
  }
}
WITH c ORDER BY c.seq DESC, c.id
WITH collect(c) AS debts
RETURN [c IN debts[..$first] | c.id] AS ids, reduce(sum = 0, c IN debts | sum + c.amount_fen) AS debt_fen

// name: paid_of_year
// returns: many PaidMonth
// What these promoters received in the months of a year, by month and method of tax; `month` is that of the settlement.
UNWIND $codes AS code
MATCH (:Promoter {code: code})-[:RECEIVES]->(x:Payout {status: 'PAID'})
WHERE $month_from <= x.month <= $month_upto
RETURN code AS code, x.month AS month, x.tax_method AS tax_method, count(x) AS payouts, sum(x.gross_fen) AS gross_fen, sum(x.tax_fen) AS withheld_fen
ORDER BY code, month, tax_method
