// name: lead
// returns: one Lease
// Takes the lease on running the jobs, or renews it, by the clock of the store; whoever holds it is answered.
MERGE (j:Job {name: 'lease'})
SET j.asked_at = timestamp()
WITH j, coalesce(j.held_until, 0) < timestamp() OR j.holder = $holder AS mine
FOREACH (_ IN CASE WHEN mine THEN [1] ELSE [] END | SET j.holder = $holder, j.held_until = timestamp() + $lease_ms)
RETURN j.holder AS holder

// name: give_up
// returns: none
// Ends a lease before its time, so that another process need not wait.
MATCH (j:Job {name: 'lease', holder: $holder})
SET j.held_until = 0

// name: runs
// returns: many Ran
// How far each job has come, and how its last run ended.
MATCH (j:Job)
WHERE j.name <> 'lease'
RETURN j.name AS name, j.done_until AS done_until, j.began_at AS began_at, j.took_ms AS took_ms, j.outcome AS outcome, j.failure AS failure
ORDER BY j.name

// name: record
// returns: none
// How a run ended; `done_until` moves forward only.
MERGE (j:Job {name: $name})
SET j.began_at = $began_at, j.took_ms = $took_ms, j.outcome = $outcome, j.failure = $failure,
    j.done_until = CASE WHEN $done_until > coalesce(j.done_until, -1) THEN $done_until ELSE j.done_until END

// name: standing
// returns: maybe Standing
// How far a job has read the journal, and up to which instant it has looked at what comes due by itself.
MATCH (j:Job {name: $name})
WHERE j.position IS NOT NULL
RETURN j.position AS position, j.looked_until AS looked_until

// name: stand
// returns: none
// Remembers how far a job has come.
MERGE (j:Job {name: $name})
SET j.position = $position, j.looked_until = $looked_until
