// name: content
// returns: one Content
// Whether there is anything beyond what an empty store has: schema steps, identity, the journal's head, the default plan.
RETURN EXISTS { MATCH (n) WHERE NOT (n:Migration OR n:Store OR n:Journal OR n:Plan) } AS exists

// name: restore_empty_chains
// returns: none
// The importer keeps no empty list: an order that belongs to nobody has no chain.
MATCH (o:Order) WHERE o.chain_codes IS NULL
CALL (o) { SET o.chain_codes = [] } IN TRANSACTIONS OF 10000 ROWS

// name: restore_empty_codes
// returns: none
// Likewise the journal entries that name nobody.
MATCH (e:JournalEntry) WHERE e.codes IS NULL
CALL (e) { SET e.codes = [] } IN TRANSACTIONS OF 10000 ROWS
