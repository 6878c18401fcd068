// name: facts
// returns: one OrderFacts
// What recording these orders needs: orders already there, events that wait for them, products, plans, closed months.
RETURN
  COLLECT { UNWIND $numbers AS number MATCH (o:Order {number: number}) RETURN {number: number, fingerprint: o.fingerprint} } AS orders,
  COLLECT { UNWIND $numbers AS number MATCH (e:OrderEvent {order_number: number}) WHERE e.state = 'PARKED' RETURN properties(e) } AS parked,
  COLLECT { UNWIND $skus AS sku MATCH (p:Product {sku: sku}) RETURN {sku: p.sku, title: p.title, price_fen: p.price_fen, commission_bps: p.commission_bps, commission_since_ats: p.commission_since_ats} } AS products,
  COLLECT { UNWIND $buyer_codes AS code MATCH (b:Person {code: code}) WHERE b.codeless RETURN code } AS codeless_buyers,
  COLLECT { MATCH (p:Plan) RETURN properties(p) } AS plans,
  COLLECT { MATCH (c:MonthClose) RETURN c.month } AS closed_months

// name: people
// returns: one People
// Sellers and everybody who was ever up to two levels above them.
CALL () {
  UNWIND $codes AS code
  MATCH (:Promoter {code: code})<-[:REFERRED|FORMERLY_REFERRED*0..2]-(p:Promoter)
  RETURN DISTINCT p
}
WITH p
RETURN collect({
  code: p.code, status: p.status, closed_at: p.closed_at, senior_at: p.senior_at, elite_at: p.elite_at,
  referrals: COLLECT { MATCH (p)<-[r:REFERRED|FORMERLY_REFERRED]-(q:Promoter) RETURN [q.code, r.since_at, r.until_at] }
}) AS people

// name: load
// returns: one Orders
// Orders as recorded, with their lines, and who of their receivers is locked.
UNWIND $numbers AS number
MATCH (o:Order {number: number})
RETURN collect({
  properties: properties(o),
  lines: COLLECT { MATCH (o)-[line:CONTAINS]->(p:Product) RETURN {sku: p.sku, line: properties(line)} ORDER BY line.line_index },
  refunds: COLLECT { MATCH (e:OrderEvent {order_number: number}) WHERE e.kind = 'REFUND' AND e.state = 'APPLIED' RETURN properties(e) },
  voided: COLLECT { MATCH (o)-[:YIELDED]->(c:Commission {state: 'VOIDED'})<-[:EARNED]-(p:Promoter) WHERE c.sku IS NOT NULL WITH p.code AS code, c.sku AS sku, c.level AS level, sum(c.amount_fen) AS amount_fen, sum(CASE WHEN c.voided_seq IS NULL THEN 0 ELSE c.amount_fen END) AS review_fen RETURN [code, sku, level, amount_fen, review_fen] },
  locked_codes: COLLECT { UNWIND o.receiver_codes AS code MATCH (p:Promoter {code: code}) WHERE p.status = 'LOCKED' RETURN code }
}) AS orders

// name: event_facts
// returns: one EventFacts
// What applying an event to an order needs: whether its key is known, the order as recorded, closed months.
RETURN
  COLLECT { MATCH (e:OrderEvent {key: $key}) RETURN properties(e) } AS known,
  COLLECT {
    MATCH (o:Order {number: $number})
    RETURN {
      properties: properties(o),
      lines: COLLECT { MATCH (o)-[line:CONTAINS]->(p:Product) RETURN {sku: p.sku, line: properties(line)} ORDER BY line.line_index },
      refunds: COLLECT { MATCH (e:OrderEvent {order_number: $number}) WHERE e.kind = 'REFUND' AND e.state = 'APPLIED' RETURN properties(e) },
      voided: COLLECT { MATCH (o)-[:YIELDED]->(c:Commission {state: 'VOIDED'})<-[:EARNED]-(p:Promoter) WHERE c.sku IS NOT NULL WITH p.code AS code, c.sku AS sku, c.level AS level, sum(c.amount_fen) AS amount_fen, sum(CASE WHEN c.voided_seq IS NULL THEN 0 ELSE c.amount_fen END) AS review_fen RETURN [code, sku, level, amount_fen, review_fen] },
      locked_codes: COLLECT { UNWIND o.receiver_codes AS code MATCH (p:Promoter {code: code}) WHERE p.status = 'LOCKED' RETURN code }
    }
  } AS orders,
  COLLECT { MATCH (c:MonthClose) RETURN c.month } AS closed_months

// name: append
// returns: none
// Appends and changes orders with all consequences: lines, entries, own sales, events. A new order brings its lines and its entries, none of them released, along: looking for it again would take most of the time.
CALL () {
  UNWIND $buyers AS row
  MERGE (b:Person {code: row.code})
  SET b:Buyer, b.codeless = coalesce(b.codeless, false) OR row.codeless
}
CALL () {
  UNWIND $orders AS row
  MATCH (b:Person {code: row.buyer_code})
  CREATE (b)-[:PLACED]->(o:Order)
  SET o = row.properties
  WITH o, row
  CALL (o, row) {
    MATCH (p:Promoter {code: row.seller_code})
    CREATE (p)-[:SOLD]->(o)
  }
  CALL (o, row) {
    UNWIND row.lines AS line
    MATCH (p:Product {sku: line.sku})
    CREATE (o)-[contained:CONTAINS]->(p)
    SET contained = line.properties
  }
  CALL (o, row) {
    UNWIND row.commissions AS entry
    MATCH (p:Promoter {code: entry.promoter_code})
    CREATE (p)-[:EARNED]->(c:Commission)<-[:YIELDED]-(o)
    SET c = entry.properties
  }
}
CALL () {
  UNWIND $changed_orders AS row
  MATCH (o:Order {number: row.number})
  SET o += row.properties
}
CALL () {
  UNWIND $changed_lines AS row
  MATCH (o:Order {number: row.number})-[line:CONTAINS {line_index: row.line_index}]->()
  SET line += row.properties
}
CALL () {
  UNWIND $unsold AS number
  MATCH (:Order {number: number})<-[sold:SOLD]-()
  DELETE sold
}
CALL () {
  UNWIND $sold AS row
  MATCH (o:Order {number: row.number})
  MATCH (p:Promoter {code: row.seller_code})
  CREATE (p)-[:SOLD]->(o)
}
CALL () {
  UNWIND $sales AS row
  MATCH (p:Promoter {code: row.promoter_code})
  SET p.sales_orders = p.sales_orders + row.orders,
      p.sales_volume_fen = p.sales_volume_fen + row.volume_fen,
      p.sales_refunded_fen = p.sales_refunded_fen + row.refunded_fen
  MERGE (s:SalesMonth {promoter_code: row.promoter_code, month: row.month})
  ON CREATE SET s.orders = 0, s.volume_fen = 0, s.refunded_fen = 0, s.new = true
  SET s.orders = s.orders + row.orders,
      s.volume_fen = s.volume_fen + row.volume_fen,
      s.refunded_fen = s.refunded_fen + row.refunded_fen
  WITH p, s WHERE s.new
  REMOVE s.new
  CREATE (p)-[:SOLD_IN]->(s)
}
CALL () {
  UNWIND $commissions AS row
  MATCH (p:Promoter {code: row.promoter_code})
  CREATE (p)-[:EARNED]->(c:Commission)
  SET c = row.properties
  FOREACH (due_at IN [at IN [row.properties.unpaid_due_at] WHERE at < coalesce(p.payable_at, 9223372036854775807)] | SET p.payable_at = due_at)
  WITH c, row WHERE row.number IS NOT NULL
  MATCH (o:Order {number: row.number})
  CREATE (o)-[:YIELDED]->(c)
}
CALL () {
  UNWIND $postings AS row
  CREATE (x:Posting)
  SET x = row
}
CALL () {
  UNWIND $events AS row
  MERGE (e:OrderEvent {key: row.key})
  SET e += row
}

// name: touches
// returns: one Touches
// Everything that binds these buyers (touches, and orders with a code), and their orders without a code.
UNWIND $buyer_codes AS code
MATCH (b:Person {code: code})
RETURN collect({
  buyer_code: code,
  touches: COLLECT { MATCH (b)-[t:TOUCHED]->(p:Promoter) RETURN [t.at, t.key, p.code] },
  coded: COLLECT { MATCH (b)-[:PLACED]->(o:Order) WHERE o.given_code IS NOT NULL RETURN [o.paid_at, 'order:' + o.number, o.given_code] },
  codeless: COLLECT { MATCH (b)-[:PLACED]->(o:Order) WHERE o.given_code IS NULL RETURN [o.number, o.paid_at, o.seller_code] }
}) AS buyers

// name: touch_keys
// returns: many TouchRow
// What is known under these touch keys.
UNWIND $keys AS key
MATCH (b:Person)-[t:TOUCHED {key: key}]->(p:Promoter)
RETURN t.key AS key, b.code AS buyer_code, p.code AS promoter_code, t.at AS at

// name: touch
// returns: none
// Records touches.
UNWIND $rows AS row
MERGE (b:Person {code: row.buyer_code})
SET b:Buyer
WITH b, row
MATCH (p:Promoter {code: row.promoter_code})
CREATE (b)-[:TOUCHED {key: row.key, at: row.at}]->(p)

// name: bindings
// returns: many TouchTime
// A buyer's touches, orders with a code included.
MATCH (b:Person {code: $buyer_code})
CALL (b) {
  MATCH (b)-[t:TOUCHED]->(p:Promoter)
  RETURN t.at AS at, t.key AS key, p.code AS promoter_code
  UNION ALL
  MATCH (b)-[:PLACED]->(o:Order) WHERE o.given_code IS NOT NULL
  RETURN o.paid_at AS at, 'order:' + o.number AS key, o.given_code AS promoter_code
}
RETURN at AS at, key AS key, promoter_code AS promoter_code
