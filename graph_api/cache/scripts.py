"""What Redis does in one step.

Keys of one store and epoch, all of one cluster slot (a budget has a slot by its payer):
- meta `{pg:STORE}:meta`: `epoch`, `applied`, its `mark`, `paths_seq`, `closes_seq`; `head`, which all processes tell when they have
  committed, and the `bookmarks` of that commit;
- inv `{pg:STORE}:EPOCH:inv`: `#from`, and per code `:CODE` the position up to which a fold ended its values;
- `{pg:STORE}:EPOCH:p:CODE`: the values of one promoter, field → `position|json`.

`inv` is one hash and not a field of each promoter's: those may expire or be evicted while a slow reader still holds
an older answer. Whoever finds `#from` missing has lost `inv` and must begin a new epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha1


@dataclass(frozen=True, slots=True)
class Script:
    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", sha1(self.text.encode(), usedforsecurity=False).hexdigest())


READ = Script("""
-- KEYS: meta, hashes. ARGV: epoch, then for each hash how many fields and their names.
-- Positions and values are of one moment; without the values if the epoch is another.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'applied', 'mark', 'paths_seq', 'closes_seq', 'head', 'bookmarks')
if meta[1] ~= ARGV[1] then return {meta} end
local found, at = {meta}, 2
for k = 2, #KEYS do
  local last = at + tonumber(ARGV[at])
  found[k] = redis.call('HMGET', KEYS[k], unpack(ARGV, at + 1, last))
  at = last + 1
end
return found
""")

KEEP = Script("""
-- KEYS: meta, inv, hashes. ARGV: epoch, position, ttl_ms, fields_max, then for each hash its code,
-- how many values, and field, value of each. Answers how many hashes took theirs; -1: inv is lost.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
local since = redis.call('HGET', KEYS[2], '#from')
if not since then return -1 end
local position, kept, at = tonumber(ARGV[2]), 0, 5
if position < tonumber(since) then return 0 end
for k = 3, #KEYS do
  local last = at + 1 + 2 * tonumber(ARGV[at + 1])
  local ended = redis.call('HGET', KEYS[2], ':' .. ARGV[at])
  if not ended or tonumber(ended) <= position then
    if redis.call('HLEN', KEYS[k]) >= tonumber(ARGV[4]) then redis.call('UNLINK', KEYS[k]) end
    redis.call('HSET', KEYS[k], unpack(ARGV, at + 2, last))
    redis.call('PEXPIRE', KEYS[k], ARGV[3])
    kept = kept + 1
  end
  at = last + 1
end
return kept
""")

END = Script("""
-- KEYS: meta, inv, hashes. ARGV: epoch, upto, codes_max, then the code of each hash.
-- Deletes the hashes and lets nothing computed before `upto` in again. Repeating it does no harm.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
if redis.call('HLEN', KEYS[2]) > tonumber(ARGV[3]) then
  redis.call('UNLINK', KEYS[2])
  redis.call('HSET', KEYS[2], '#from', ARGV[2])
end
for k = 3, #KEYS do
  redis.call('UNLINK', KEYS[k])
  local code = ':' .. ARGV[k + 1]
  local ended = redis.call('HGET', KEYS[2], code)
  if not ended or tonumber(ended) < tonumber(ARGV[2]) then redis.call('HSET', KEYS[2], code, ARGV[2]) end
end
return 1
""")

APPLY = Script("""
-- KEYS: meta, inv. ARGV: epoch, applied as it was, applied, mark, paths_seq, closes_seq, inv_ttl_ms.
-- The last step of a fold: only if nobody else has folded or gone back meanwhile.
local meta = redis.call('HMGET', KEYS[1], 'epoch', 'applied')
if meta[1] ~= ARGV[1] or meta[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'applied', ARGV[3], 'mark', ARGV[4], 'paths_seq', ARGV[5], 'closes_seq', ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
return 1
""")

BEGIN = Script("""
-- KEYS: meta, inv of the new epoch, inv of the old one. ARGV: epoch seen ('' for none), the new one,
-- applied, mark, paths_seq, closes_seq, inv_ttl_ms, 1 if a head beyond `applied` is of a past that was undone.
-- Begins an epoch unless somebody else just has.
local seen = redis.call('HGET', KEYS[1], 'epoch') or ''
if seen ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[3])
redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'applied', ARGV[3], 'mark', ARGV[4], 'paths_seq', ARGV[5], 'closes_seq', ARGV[6])
if ARGV[8] == '1' then
  redis.call('HSET', KEYS[1], 'head', ARGV[3])
  redis.call('HDEL', KEYS[1], 'bookmarks')
end
redis.call('HSET', KEYS[2], '#from', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
return 1
""")

TELL = Script("""
-- KEYS: meta. ARGV: head, bookmarks. Another's later head stays.
local head = redis.call('HGET', KEYS[1], 'head')
if head and tonumber(head) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'head', ARGV[1], 'bookmarks', ARGV[2])
return 1
""")

TAKE = Script("""
-- KEYS: bucket. ARGV: size, window_ms, least, wanted. A bucket is the instant at which it will have leaked empty.
-- Answers what was taken (0 if less than `least` fits), what still fits, and in how many ms `least` would.
local time = redis.call('TIME')
local now, window = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[2])
local unit = window / tonumber(ARGV[1])
local empty_at = tonumber(redis.call('GET', KEYS[1]) or '0')
empty_at = math.min(math.max(empty_at, now), now + window)
local room, least = math.floor((now + window - empty_at) / unit + 0.000001), tonumber(ARGV[3])
if room < least then return {0, room, math.ceil(empty_at + least * unit - now - window)} end
local taken = math.min(tonumber(ARGV[4]), room)
empty_at = empty_at + taken * unit
redis.call('SET', KEYS[1], string.format('%.3f', empty_at), 'PX', math.ceil(empty_at - now) + 1000)
return {taken, room - taken, 0}
""")
