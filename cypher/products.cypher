// name: by_sku
// returns: many ProductRow
// Products with the history of their base rate.
UNWIND $skus AS sku
MATCH (p:Product {sku: sku})
RETURN p.sku AS sku, p.title AS title, p.price_fen AS price_fen, p.commission_bps AS commission_bps, p.commission_since_ats AS commission_since_ats

// name: rates
// returns: one Rates
// Every product's base rates that hold at an instant or later.
MATCH (p:Product)
UNWIND range(0, size(p.commission_bps) - 1) AS i
WITH p.commission_bps[i] AS commission_bp, p.commission_since_ats[i + 1] AS until_at
WHERE until_at IS NULL OR until_at > $since_at
RETURN collect(DISTINCT commission_bp) AS commission_bps

// name: put
// returns: none
// Creates or replaces products.
UNWIND $rows AS row
MERGE (p:Product {sku: row.sku})
SET p += row
