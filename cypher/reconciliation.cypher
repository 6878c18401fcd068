// name: named
// returns: one Rows
// The payouts that a provider names, by our key or else by its own reference.
UNWIND $names AS name
OPTIONAL MATCH (k:Payout {key: name[0]})
OPTIONAL MATCH (r:Payout {provider_reference: name[1]}) WHERE k IS NULL AND r.provider = $provider
WITH name, coalesce(k, r) AS x
WHERE x IS NOT NULL
RETURN collect([name[0], x.id, x.key, x.promoter_code, x.provider, x.status, x.net_fen, x.finished_at]) AS rows

// name: paid
// returns: one Rows
// Payouts of a provider that were paid in a period, by (finished_at, id) after a position: keys like those above.
// What was tax in whole was sent nowhere, and no file can name it.
// Both halves walk the index: the rest of the instant, then what is after it.
CALL () {
  CALL () {
    MATCH (x:Payout)
    WHERE x.finished_at = $after_at AND x.id > $after_id AND $after_at < $until_at
    RETURN x ORDER BY x.finished_at, x.id LIMIT $first
    UNION ALL
    MATCH (x:Payout)
    WHERE x.finished_at > $after_at AND x.id IS NOT NULL
    WITH x ORDER BY x.finished_at, x.id LIMIT $first
    WHERE x.finished_at < $until_at
    RETURN x
  }
  RETURN x ORDER BY x.finished_at, x.id LIMIT $first
}
RETURN collect([CASE WHEN x.status = 'PAID' AND x.provider = $provider AND x.net_fen > 0 THEN x.key END, x.id, x.key, x.promoter_code, x.provider, x.status, x.net_fen, x.finished_at]) AS rows

// name: clearing
// returns: one ClearingPage
// Payouts by (created_at, id) after a position: what they should have left on the clearing account, and those whose postings say something else.
CALL () {
  CALL () {
    MATCH (x:Payout)
    WHERE x.created_at = $after_at AND x.id > $after_id
    RETURN x ORDER BY x.created_at, x.id LIMIT $first
    UNION ALL
    MATCH (x:Payout)
    WHERE x.created_at > $after_at AND x.id IS NOT NULL
    RETURN x ORDER BY x.created_at, x.id LIMIT $first
  }
  RETURN x ORDER BY x.created_at, x.id LIMIT $first
}
WITH x,
  CASE WHEN x.status IN ['APPROVED', 'SENT', 'AWAITING_RECEIPT', 'PAID'] THEN -x.net_fen ELSE 0 END AS expected_fen,
  reduce(sum = 0, fen IN COLLECT {
    MATCH (p:Posting {reference: 'payout:' + x.id})
    WHERE p.kind IN ['PAYOUT', 'PAYOUT_RETURNED']
    UNWIND range(0, size(p.accounts) - 1) AS line
    WITH p, line WHERE p.accounts[line] = 'clearing'
    RETURN p.amounts_fen[line]
  } | sum + fen) AS posted_fen
WITH collect(x) AS walked, sum(expected_fen) AS expected_fen,
  [row IN collect([x.id, x.key, x.promoter_code, x.status, expected_fen, posted_fen]) WHERE row[4] <> row[5]] AS rows
RETURN last(walked).created_at AS last_at, last(walked).id AS last_id, expected_fen AS expected_fen, rows AS rows
