// name: m0001_migration_number
// returns: none
CREATE CONSTRAINT migration_number IF NOT EXISTS FOR (n:Migration) REQUIRE n.number IS UNIQUE

// name: m0002_person_code
// returns: none
CREATE CONSTRAINT person_code IF NOT EXISTS FOR (n:Person) REQUIRE n.code IS UNIQUE

// name: m0003_promoter_code
// returns: none
CREATE CONSTRAINT promoter_code IF NOT EXISTS FOR (n:Promoter) REQUIRE n.code IS UNIQUE

// name: m0004_product_sku
// returns: none
CREATE CONSTRAINT product_sku IF NOT EXISTS FOR (n:Product) REQUIRE n.sku IS UNIQUE

// name: m0005_plan_version
// returns: none
CREATE CONSTRAINT plan_version IF NOT EXISTS FOR (n:Plan) REQUIRE n.version IS UNIQUE

// name: m0006_plan_starts_at
// returns: none
CREATE CONSTRAINT plan_starts_at IF NOT EXISTS FOR (n:Plan) REQUIRE n.starts_at IS UNIQUE

// name: m0007_order_number
// returns: none
CREATE CONSTRAINT order_number IF NOT EXISTS FOR (n:Order) REQUIRE n.number IS UNIQUE

// name: m0008_order_event_key
// returns: none
CREATE CONSTRAINT order_event_key IF NOT EXISTS FOR (n:OrderEvent) REQUIRE n.key IS UNIQUE

// name: m0009_commission_id
// returns: none
CREATE CONSTRAINT commission_id IF NOT EXISTS FOR (n:Commission) REQUIRE n.id IS UNIQUE

// name: m0010_sales_month
// returns: none
CREATE CONSTRAINT sales_month IF NOT EXISTS FOR (n:SalesMonth) REQUIRE (n.promoter_code, n.month) IS UNIQUE

// name: m0011_month_close
// returns: none
CREATE CONSTRAINT month_close IF NOT EXISTS FOR (n:MonthClose) REQUIRE n.month IS UNIQUE

// name: m0012_identifier_id
// returns: none
CREATE CONSTRAINT identifier_id IF NOT EXISTS FOR (n:Identifier) REQUIRE n.id IS UNIQUE

// name: m0013_journal_entry_seq
// returns: none
CREATE CONSTRAINT journal_entry_seq IF NOT EXISTS FOR (n:JournalEntry) REQUIRE n.seq IS UNIQUE

// name: m0014_journal_id
// returns: none
CREATE CONSTRAINT journal_id IF NOT EXISTS FOR (n:Journal) REQUIRE n.id IS UNIQUE

// name: m0015_store_name
// returns: none
CREATE CONSTRAINT store_name IF NOT EXISTS FOR (n:Store) REQUIRE n.name IS UNIQUE

// name: m0016_one_referrer
// returns: none
CREATE CONSTRAINT one_referrer IF NOT EXISTS FOR ()-[r:REFERRED]-() REQUIRE r.promoter_code IS UNIQUE

// name: m0017_one_claim
// returns: none
CREATE CONSTRAINT one_claim IF NOT EXISTS FOR ()-[r:CLAIMED_REFERRAL]-() REQUIRE r.promoter_code IS UNIQUE

// name: m0018_request_key
// returns: none
CREATE CONSTRAINT request_key IF NOT EXISTS FOR (n:RequestKey) REQUIRE n.key IS UNIQUE

// name: m0019_touch_key
// returns: none
CREATE CONSTRAINT touch_key IF NOT EXISTS FOR ()-[r:TOUCHED]-() REQUIRE r.key IS UNIQUE

// name: m0020_promoter_joined_at
// returns: none
CREATE INDEX promoter_joined_at IF NOT EXISTS FOR (n:Promoter) ON (n.joined_at, n.code)

// name: m0021_promoter_name_hash
// returns: none
CREATE INDEX promoter_name_hash IF NOT EXISTS FOR (n:Promoter) ON (n.name_hash)

// name: m0022_promoter_sales
// returns: none
CREATE INDEX promoter_sales IF NOT EXISTS FOR (n:Promoter) ON (n.sales_volume_fen)

// name: m0023_order_paid_at
// returns: none
CREATE INDEX order_paid_at IF NOT EXISTS FOR (n:Order) ON (n.paid_at, n.number)

// name: m0024_order_pending_until
// returns: none
CREATE INDEX order_pending_until IF NOT EXISTS FOR (n:Order) ON (n.pending_until)

// name: m0025_order_event_number
// returns: none
CREATE INDEX order_event_number IF NOT EXISTS FOR (n:OrderEvent) ON (n.order_number)

// name: m0026_sales_month_month
// returns: none
CREATE INDEX sales_month_month IF NOT EXISTS FOR (n:SalesMonth) ON (n.month)

// name: m0027_posting_id
// returns: none
CREATE CONSTRAINT posting_id IF NOT EXISTS FOR (n:Posting) REQUIRE n.id IS UNIQUE

// name: m0028_payout_id
// returns: none
CREATE CONSTRAINT payout_id IF NOT EXISTS FOR (n:Payout) REQUIRE n.id IS UNIQUE

// name: m0029_payout_key
// returns: none
CREATE CONSTRAINT payout_key IF NOT EXISTS FOR (n:Payout) REQUIRE n.key IS UNIQUE

// name: m0030_contract_version
// returns: none
CREATE CONSTRAINT contract_version IF NOT EXISTS FOR (n:Contract) REQUIRE n.version IS UNIQUE

// name: m0031_one_payout
// returns: none
CREATE CONSTRAINT one_payout IF NOT EXISTS FOR ()-[r:PAYS]-() REQUIRE r.live_entry_id IS UNIQUE

// name: m0032_order_pending_release_at
// returns: none
CREATE INDEX order_pending_release_at IF NOT EXISTS FOR (n:Order) ON (n.pending_release_at)

// name: m0033_commission_pending_release_at
// returns: none
CREATE INDEX commission_pending_release_at IF NOT EXISTS FOR (n:Commission) ON (n.pending_release_at)

// name: m0034_commission_due_provisional
// returns: none
CREATE INDEX commission_due_provisional IF NOT EXISTS FOR (n:Commission) ON (n.due_provisional)

// name: m0035_promoter_payable_at
// returns: none
CREATE INDEX promoter_payable_at IF NOT EXISTS FOR (n:Promoter) ON (n.payable_at, n.code)

// name: m0036_payout_created_at
// returns: none
CREATE INDEX payout_created_at IF NOT EXISTS FOR (n:Payout) ON (n.created_at, n.id)

// name: m0037_payout_status
// returns: none
CREATE INDEX payout_status IF NOT EXISTS FOR (n:Payout) ON (n.status, n.created_at)

// name: m0038_payout_next_ask_at
// returns: none
CREATE INDEX payout_next_ask_at IF NOT EXISTS FOR (n:Payout) ON (n.status, n.provider, n.next_ask_at)

// name: m0039_job_name
// returns: none
CREATE CONSTRAINT job_name IF NOT EXISTS FOR (n:Job) REQUIRE n.name IS UNIQUE

// name: m0040_posting_reference
// returns: none
CREATE INDEX posting_reference IF NOT EXISTS FOR (n:Posting) ON (n.reference)

// name: m0041_payout_finished_at
// returns: none
CREATE INDEX payout_finished_at IF NOT EXISTS FOR (n:Payout) ON (n.finished_at, n.id)

// name: m0042_commission_month
// returns: none
CREATE INDEX commission_month IF NOT EXISTS FOR (n:Commission) ON (n.month, n.seq, n.id)

// name: m0043_payout_provider_reference
// returns: none
CREATE INDEX payout_provider_reference IF NOT EXISTS FOR (n:Payout) ON (n.provider_reference)

// name: m0050_finding_id
// returns: none
CREATE CONSTRAINT finding_id IF NOT EXISTS FOR (n:Finding) REQUIRE n.id IS UNIQUE

// name: m0051_finding_key
// returns: none
CREATE CONSTRAINT finding_key IF NOT EXISTS FOR (n:Finding) REQUIRE n.key IS UNIQUE

// name: m0052_finding_score
// returns: none
CREATE INDEX finding_score IF NOT EXISTS FOR (n:Finding) ON (n.score, n.id)

// name: m0053_finding_detector
// returns: none
CREATE INDEX finding_detector IF NOT EXISTS FOR (n:Finding) ON (n.detector, n.key)

// name: m0060_one_settled_claim
// returns: none
CREATE CONSTRAINT one_settled_claim IF NOT EXISTS FOR ()-[r:SETTLED_CLAIM]-() REQUIRE r.promoter_code IS UNIQUE

// name: m0070_finding_status
// returns: none
CREATE INDEX finding_status IF NOT EXISTS FOR (n:Finding) ON (n.detector, n.status)

// name: m0071_parameter_set_id
// returns: none
CREATE CONSTRAINT parameter_set_id IF NOT EXISTS FOR (n:ParameterSet) REQUIRE n.id IS UNIQUE

// name: m0072_parameter_set_number
// returns: none
CREATE INDEX parameter_set_number IF NOT EXISTS FOR (n:ParameterSet) ON (n.detector, n.number)

// name: m0073_detector_key
// returns: none
CREATE CONSTRAINT detector_key IF NOT EXISTS FOR (n:Detector) REQUIRE n.key IS UNIQUE

// name: m0075_referred_since_at
// returns: none
CREATE INDEX referred_since_at IF NOT EXISTS FOR ()-[r:REFERRED]-() ON (r.since_at)

// name: m0080_staff_name
// returns: none
CREATE CONSTRAINT staff_name IF NOT EXISTS FOR (n:StaffAccount) REQUIRE n.name IS UNIQUE

// name: m0081_staff_session_id
// returns: none
CREATE CONSTRAINT staff_session_id IF NOT EXISTS FOR (n:StaffSession) REQUIRE n.id IS UNIQUE

// name: m0082_staff_session_ends_at
// returns: none
CREATE INDEX staff_session_ends_at IF NOT EXISTS FOR (n:StaffSession) ON (n.ends_at)

// name: m0083_staff_session_name
// returns: none
CREATE INDEX staff_session_name IF NOT EXISTS FOR (n:StaffSession) ON (n.name)

// name: m0084_staff_subject
// returns: none
CREATE CONSTRAINT staff_subject IF NOT EXISTS FOR (n:StaffAccount) REQUIRE n.subject IS UNIQUE

// name: m0085_journal_entry_actor
// returns: none
CREATE INDEX journal_entry_actor IF NOT EXISTS FOR (n:JournalEntry) ON (n.actor, n.seq)

// name: m0086_journal_entry_kind
// returns: none
CREATE INDEX journal_entry_kind IF NOT EXISTS FOR (n:JournalEntry) ON (n.kind, n.seq)

// name: m0087_finding_stake
// returns: none
CREATE INDEX finding_stake IF NOT EXISTS FOR (n:Finding) ON (n.at_stake_fen, n.id)

// name: applied
// returns: many Applied
// Schema steps that this store has.
MATCH (m:Migration)
RETURN m.number AS number
ORDER BY m.number

// name: record
// returns: none
// Remembers a step; two processes may both come here.
MERGE (m:Migration {number: $number})
ON CREATE SET m.name = $name, m.applied_at = $applied_at

// name: create_roots
// returns: none
// The journal's head, the store's identity and the default plan, unless they are there.
MERGE (j:Journal {id: 'head'})
ON CREATE SET j.seq = 0, j.paths_seq = 0, j.locks = 0
MERGE (s:Store {name: 'promograph'})
ON CREATE SET s.id = $id

// name: identity
// returns: maybe Identity
// Which store this is.
MATCH (s:Store {name: 'promograph'})
RETURN s.id AS id
