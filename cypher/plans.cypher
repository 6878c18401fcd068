// name: versions
// returns: many PlanRow
// Every plan version, by start.
MATCH (p:Plan)
RETURN properties(p) AS plan
ORDER BY p.starts_at

// name: create
// returns: none
// A new version; its name and its start are unique.
CREATE (p:Plan)
SET p = $plan

// name: create_default
// returns: none
// The default plan, in force from the beginning, unless it is there.
MERGE (p:Plan {version: $version})
ON CREATE SET p = $plan
