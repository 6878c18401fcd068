// name: in_force
// returns: many InForce
// The latest parameter set of each detector that has one.
UNWIND $keys AS key
CALL (key) {
  MATCH (s:ParameterSet)
  USING INDEX SEEK s:ParameterSet(detector, number)
  WHERE s.detector = key AND s.number > 0
  RETURN s ORDER BY s.number DESC LIMIT 1
}
RETURN key AS detector, s.number AS number, s.names AS names, s.values AS values

// name: create
// returns: none
// A new parameter set; its number is the detector's next, and unique.
CREATE (s:ParameterSet)
SET s = $properties

// name: history
// returns: one Sets
// Parameter sets of a detector, the latest first.
MATCH (s:ParameterSet)
USING INDEX SEEK s:ParameterSet(detector, number)
WHERE s.detector = $detector AND s.number > 0
WITH s ORDER BY s.number DESC LIMIT $first
RETURN collect([s.number, s.at, s.actor, s.reason, s.names, s.values]) AS sets

// name: scanned
// returns: none
// What a detector's latest scan found and took.
MERGE (d:Detector {key: $key})
SET d.scanned_at = $at, d.took_ms = $took_ms, d.found = $found, d.parameter_set = $parameter_set, d.actor = $actor

// name: standings
// returns: many Standing
// What is recorded of each detector: its latest parameter set, its latest scan, its findings that are there and not reviewed, and the reviews of all others by the version and the parameter set that were reviewed.
UNWIND $keys AS key
RETURN key AS detector,
       COLLECT {
         MATCH (s:ParameterSet)
         USING INDEX SEEK s:ParameterSet(detector, number)
         WHERE s.detector = key AND s.number > 0
         RETURN [s.number, s.at, s.actor, s.reason, s.names, s.values] ORDER BY s.number DESC LIMIT 1
       } AS sets,
       COLLECT { MATCH (d:Detector {key: key}) RETURN [d.scanned_at, d.took_ms, d.found, d.parameter_set, d.actor] } AS scans,
       COUNT { MATCH (f:Finding {detector: key, status: 'OPEN'}) WHERE f.closed_at IS NULL } AS open,
       COLLECT {
         MATCH (f:Finding)
         WHERE f.detector = key AND f.status IN ['CONFIRMED', 'DISMISSED']
         WITH coalesce(f.reviewed_version, f.detector_version) AS version, coalesce(f.reviewed_set, 0) AS number,
              count(CASE f.status WHEN 'CONFIRMED' THEN 1 END) AS confirmed, count(f) AS reviewed
         RETURN [version, number, confirmed, reviewed - confirmed] ORDER BY version, number
       } AS reviews
