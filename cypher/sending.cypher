// name: to_ask
// returns: many Asked
// Payouts of a provider that are to be sent or asked about by now, longest waiting first; nothing is sent while its receiver is locked.
CALL () {
  MATCH (x:Payout)
  WHERE x.status = $status AND x.provider = $provider AND x.next_ask_at <= $now
  MATCH (p:Promoter)-[:RECEIVES]->(x)
  WHERE $status <> 'APPROVED' OR p.status <> 'LOCKED'
  RETURN p, x ORDER BY x.next_ask_at, x.id LIMIT $first
}
CALL (p, x) {
  MATCH (p)-[:IDENTIFIED_BY]->(i:Identifier {kind: 'PAYOUT_ACCOUNT'})
  WHERE x.account_id IS NULL OR i.id = x.account_id
  RETURN i.id AS account_id, i.sealed AS account_sealed ORDER BY account_id LIMIT 1
}
RETURN properties(x) AS payout, p.name_sealed AS name_sealed, account_id AS account_id, account_sealed AS account_sealed

// name: by_keys
// returns: many Asked
// Payouts that were sent, by what their provider knows them by.
UNWIND $keys AS key
MATCH (p:Promoter)-[:RECEIVES]->(x:Payout {key: key})
MATCH (p)-[:IDENTIFIED_BY]->(i:Identifier {id: x.account_id})
RETURN properties(x) AS payout, p.name_sealed AS name_sealed, i.id AS account_id, i.sealed AS account_sealed

// name: in_file
// returns: many Asked
// The payouts of a bank file, in its order.
MATCH (x:Payout)
WHERE x.status IN ['SENT', 'AWAITING_RECEIPT', 'PAID', 'FAILED', 'EXPIRED'] AND x.provider = 'BANK_FILE' AND x.file = $file
MATCH (p:Promoter)-[:RECEIVES]->(x)
MATCH (p)-[:IDENTIFIED_BY]->(i:Identifier {id: x.account_id})
RETURN properties(x) AS payout, p.name_sealed AS name_sealed, i.id AS account_id, i.sealed AS account_sealed
ORDER BY x.promoter_code, x.id

// name: put_off
// returns: none
// When payouts are asked about next, and what was heard of them last.
UNWIND $rows AS row
MATCH (x:Payout {id: row.id})
SET x += row.properties

// name: payment_of
// returns: maybe Payment
// The buyer's payment that an order is known to be paid with.
MATCH (o:Order {number: $number})
RETURN o.transaction_id AS transaction_id

// name: attach_payment
// returns: none
// Names the buyer's payment of an order.
MATCH (o:Order {number: $number})
SET o.transaction_id = $transaction_id

// name: shares
// returns: many Share
// What each buyer's payment has yielded of a payout, by payment: as much can be shared of it.
UNWIND $ids AS id
MATCH (x:Payout {id: id})-[:PAYS]->(c:Commission)<-[:YIELDED]-(o:Order)
WHERE o.transaction_id IS NOT NULL
WITH id, o.transaction_id AS transaction_id, sum(c.amount_fen) AS fen
WHERE fen > 0
RETURN id AS id, transaction_id AS transaction_id, fen AS fen
ORDER BY id, transaction_id
