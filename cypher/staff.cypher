// name: account
// returns: maybe Account
// A staff account by its name.
MATCH (a:StaffAccount {name: $name})
RETURN a.name AS name, a.roles AS roles, a.locale AS locale, a.active AS active, a.attempts AS attempts, a.waits_until AS waits_until, a.subject AS subject, a.version AS version, a.made_by AS made_by, a.created_at AS created_at, a.signed_in_at AS signed_in_at

// name: accounts
// returns: many Account
// Staff accounts after a name.
MATCH (a:StaffAccount)
WHERE a.name > $after
RETURN a.name AS name, a.roles AS roles, a.locale AS locale, a.active AS active, a.attempts AS attempts, a.waits_until AS waits_until, a.subject AS subject, a.version AS version, a.made_by AS made_by, a.created_at AS created_at, a.signed_in_at AS signed_in_at
ORDER BY a.name LIMIT $first

// name: put
// returns: none
// Makes an account, or gives it other properties.
MERGE (a:StaffAccount {name: $name})
ON CREATE SET a.created_at = $at, a.attempts = 0, a.active = true
SET a += $properties

// name: attempt
// returns: maybe Attempt
// Counts an attempt to sign in before anybody knows how it ends, so that a hundred at once are a hundred; while the account waits, none is counted and none can succeed.
MATCH (a:StaffAccount {name: $name})
SET a.asked_at = $at
WITH a, a.active AND coalesce(a.waits_until, 0) <= $at AS heard
FOREACH (wait_us IN CASE WHEN heard THEN [$waits_us[CASE WHEN a.attempts < size($waits_us) THEN a.attempts ELSE size($waits_us) - 1 END]] ELSE [] END |
  SET a.attempts = a.attempts + 1
  SET a.waits_until = CASE WHEN wait_us > 0 THEN $at + wait_us ELSE 0 END)
RETURN heard AS heard, a.attempts AS attempts, a.password_sealed AS password_sealed, a.version AS version

// name: begin_session
// returns: maybe Began
// Lets somebody in who has shown the password of this version: no other has been set and nobody has ended the account meanwhile.
MATCH (a:StaffAccount {name: $name, active: true, version: $version})
SET a.attempts = 0, a.waits_until = null, a.signed_in_at = $at
MERGE (s:StaffSession {id: $id})
ON CREATE SET s.name = $name, s.version = $version, s.role = CASE WHEN $role IN a.roles THEN $role ELSE a.roles[0] END,
  s.began_at = $at, s.seen_at = $at, s.ends_at = $ends_at
RETURN s.role AS role

// name: session
// returns: maybe Session
// A session that is still one, with whose it is: not ended, not idle for too long, the account as it was.
MATCH (s:StaffSession {id: $id})
WHERE s.ends_at > $at AND s.seen_at > $idle_since
MATCH (a:StaffAccount {name: s.name, active: true, version: s.version})
WHERE s.role IN a.roles
RETURN s.name AS name, s.role AS role, s.seen_at AS seen_at, s.ends_at AS ends_at, a.roles AS roles, a.locale AS locale

// name: see_session
// returns: none
// Remembers that a session is in use.
MATCH (s:StaffSession {id: $id})
SET s.seen_at = $at

// name: change_session
// returns: maybe Began
// Another role for a session, one that its account has, under another id: what a role could do ends with it.
MATCH (s:StaffSession {id: $id})
MATCH (a:StaffAccount {name: s.name})
WHERE $role IN a.roles
SET s.id = $new_id, s.role = $role, s.seen_at = $at
RETURN s.role AS role

// name: end_session
// returns: maybe Ended
// Ends a session; whose it was.
MATCH (s:StaffSession {id: $id})
WITH s, s.name AS name, s.role AS role
DELETE s
RETURN name AS name, role AS role

// name: sweep
// returns: none
// Removes sessions that are over, a bounded number, and with `name` all of an account.
MATCH (s:StaffSession)
WHERE s.ends_at <= $at OR s.name = $name
WITH s LIMIT 1000
DELETE s
