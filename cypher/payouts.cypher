// name: by_ids
// returns: many PayoutRow
// Payouts with what their receiver must still have.
UNWIND $ids AS id
MATCH (p:Promoter)-[:RECEIVES]->(x:Payout {id: id})
RETURN properties(x) AS payout, p.status AS promoter_status, p.contract_version AS contract_version,
       EXISTS { MATCH (p)-[:IDENTIFIED_BY]->(:Identifier {kind: 'PAYOUT_ACCOUNT'}) } AS has_account

// name: of_year
// returns: many TaxedPayout
// Payouts of these promoters in the months of a year that are alive, oldest first: what tax is computed from.
UNWIND $codes AS code
MATCH (:Promoter {code: code})-[:RECEIVES]->(x:Payout)
WHERE $month_from <= x.month <= $month_upto AND NOT x.status IN ['FAILED', 'EXPIRED']
RETURN code AS code, x.id AS id, x.status AS status, x.month AS month, x.gross_fen AS gross_fen, x.tax_fen AS tax_fen, x.tax_method AS tax_method, x.payout_min_fen AS payout_min_fen
ORDER BY x.seq, x.id

// name: absorb
// returns: many Absorbed
// Takes debts that are due into a payout of their promoter that is not approved yet: the one with their order in it, else the newest.
UNWIND $ids AS id
MATCH (p:Promoter)-[:EARNED]->(c:Commission {id: id})
MATCH (p)-[:RECEIVES]->(x:Payout {status: 'CREATED'})
WHERE c.unpaid_due_at <= x.as_of
WITH p, c, x, EXISTS { MATCH (x)-[:PAYS]->(:Commission)<-[:YIELDED]-(:Order)-[:YIELDED]->(c) } AS own
ORDER BY own DESC, x.seq DESC, x.id DESC
WITH p, c, head(collect(x)) AS x
SET x.gross_fen = x.gross_fen + c.amount_fen, c.payout_id = x.id, c.unpaid_due_at = null
CREATE (x)-[:PAYS {live_entry_id: c.id}]->(c)
RETURN DISTINCT p.code AS code, x.month AS month

// name: create
// returns: none
// New payouts, each with every entry of its promoter that is due.
UNWIND $rows AS row
MATCH (p:Promoter {code: row.promoter_code})
CREATE (p)-[:RECEIVES]->(x:Payout)
SET x = row
WITH p, x
MATCH (p)-[:EARNED]->(c:Commission)
WHERE c.unpaid_due_at <= x.as_of
SET c.payout_id = x.id, c.unpaid_due_at = null
CREATE (x)-[:PAYS {live_entry_id: c.id}]->(c)

// name: change
// returns: none
// Changes payouts.
UNWIND $rows AS row
MATCH (x:Payout {id: row.id})
SET x += row

// name: pay_entries
// returns: none
// The entries of payouts that arrived are paid.
UNWIND $ids AS id
MATCH (:Payout {id: id})-[:PAYS]->(c:Commission)
SET c.state = 'PAID'

// name: return_entries
// returns: none
// The entries of payouts that came to nothing are released and unpaid again; held if their promoter is locked.
UNWIND $ids AS id
MATCH (p:Promoter)-[:RECEIVES]->(x:Payout {id: id})-[pays:PAYS]->(c:Commission)
SET pays.live_entry_id = null, c.payout_id = null,
    c.state = CASE p.status WHEN 'LOCKED' THEN 'HELD' ELSE 'RELEASED' END,
    c.unpaid_due_at = CASE p.status WHEN 'LOCKED' THEN null ELSE c.due_at END
WITH p, min(c.unpaid_due_at) AS due_at
FOREACH (at IN [at IN [due_at] WHERE at < coalesce(p.payable_at, 9223372036854775807)] | SET p.payable_at = at)

// name: post
// returns: none
// Appends postings.
UNWIND $rows AS row
CREATE (x:Posting)
SET x = row
