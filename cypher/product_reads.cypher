// name: by_skus
// returns: many ProductCard
// Products as they are shown now.
UNWIND $skus AS sku
MATCH (p:Product {sku: sku})
RETURN p.sku AS sku, p.title AS title, p.price_fen AS price_fen, last(p.commission_bps) AS commission_bp, coalesce(p.active, true) AS active

// name: page
// returns: many ProductCard
// Products by sku, after a sku.
MATCH (p:Product)
WHERE p.sku > $after_sku
RETURN p.sku AS sku, p.title AS title, p.price_fen AS price_fen, last(p.commission_bps) AS commission_bp, coalesce(p.active, true) AS active
ORDER BY p.sku LIMIT $first

// name: size
// returns: one Size
// How many products there are.
MATCH (p:Product)
RETURN count(p) AS size
