// name: current
// returns: maybe ContractRow
// The contract in force: the one published last.
MATCH (c:Contract)
RETURN c.version AS version, c.title AS title, c.body AS body, c.published_at AS published_at
ORDER BY c.seq DESC LIMIT 1

// name: by_version
// returns: maybe ContractRow
// A contract by its version.
MATCH (c:Contract {version: $version})
RETURN c.version AS version, c.title AS title, c.body AS body, c.published_at AS published_at

// name: publish
// returns: none
// A new version; it is in force from now on.
CREATE (c:Contract {version: $version, title: $title, body: $body, published_at: $published_at, seq: $seq})

// name: acceptances
// returns: many Acceptance
// Which version promoters accepted last.
UNWIND $codes AS code
MATCH (p:Promoter {code: code})
RETURN code AS code, p.contract_version AS version

// name: accept
// returns: none
// A promoter accepts a contract; who accepted an earlier one keeps that in the history.
MATCH (p:Promoter {code: $code})
MATCH (c:Contract {version: $version})
CREATE (p)-[:ACCEPTED {at: $at, actor: $actor}]->(c)
SET p.contract_version = $version
