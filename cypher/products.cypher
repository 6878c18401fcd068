// name: by_sku
// returns: many ProductRow
// Products with the history of their base rate.
UNWIND $skus AS sku
MATCH (p:Product {sku: sku})
RETURN p.sku AS sku, p.title AS title, p.price_fen AS price_fen, p.commission_bps AS commission_bps, p.commission_since_ats AS commission_since_ats

// name: rates
// returns: one Rates
// Every product's present base rate.
MATCH (p:Product)
RETURN collect(DISTINCT last(p.commission_bps)) AS commission_bps

// name: put
// returns: none
// Creates or replaces products.
UNWIND $rows AS row
MERGE (p:Product {sku: row.sku})
SET p += row
