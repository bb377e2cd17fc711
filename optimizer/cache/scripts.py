"""The steps of the protocol in Valkey, one Lua script each; see `docs/protocol.md`.

All keys carry one hash tag, so that a cluster keeps them together:

    {canvalo}:s:<tag>      the tag's stamp, a random string
    {canvalo}:m:<tag>      a hash: writer → deadline in ms; one marker a writer, no key expiry
    {canvalo}:e:<key>      a hash: stamps, value; always with an expiry
    {canvalo}:entries      a sorted set: entry key → expiry in ms, for counts and bounds

Each answer's stamps begin with the server's run id: after a restart, from whatever state, no entry
of before is served, because a stamp that was set in the last instant may have been lost.
"""

_NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
"""

# KEYS: entry, index, then (stamp, marker) for each tag.  ARGV: stamps known to L1, a fresh stamp.
# Answer: {what, stamps, value}. What: 0 cold, 1 L1 stands, 2 value, 3 a writer is at work,
# 4 expired, 5 invalidated.
LOOK = (
    _NOW
    + """
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local stamps, busy = {run}, false
for i = 3, #KEYS, 2 do
  local marks = redis.call('HGETALL', KEYS[i + 1])
  for m = 1, #marks, 2 do
    if tonumber(marks[m + 1]) <= now then
      redis.call('HDEL', KEYS[i + 1], marks[m])
      redis.call('SET', KEYS[i], ARGV[2])
    else
      busy = true
    end
  end
  local stamp = redis.call('GET', KEYS[i])
  if not stamp then
    stamp = ARGV[2]
    redis.call('SET', KEYS[i], stamp)
  end
  stamps[#stamps + 1] = stamp
end
local joined = table.concat(stamps, ' ')
if busy then return {3, joined, false} end
if joined == ARGV[1] then return {1, joined, false} end
local entry = redis.call('HMGET', KEYS[1], 'stamps', 'value')
if entry[1] == joined then return {2, joined, entry[2]} end
if entry[1] then return {5, joined, false} end
local expiry = redis.call('ZSCORE', KEYS[2], KEYS[1])
if expiry and tonumber(expiry) <= now then return {4, joined, false} end
return {0, joined, false}
"""
)

# KEYS: entry, index.  ARGV: stamps, value, ttl in ms, how many entries at most.
FILL = (
    _NOW
    + """
redis.call('HSET', KEYS[1], 'stamps', ARGV[1], 'value', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], now + ARGV[3], KEYS[1])
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
if over > 0 then
  local popped = redis.call('ZPOPMIN', KEYS[2], over)
  for i = 1, #popped, 2 do redis.call('DEL', popped[i]) end
end
return over
"""
)

# KEYS: the markers of the tags.  ARGV: writer, life in ms.
BEGIN = (
    _NOW
    + """
for i = 1, #KEYS do redis.call('HSET', KEYS[i], ARGV[1], now + ARGV[2]) end
return now
"""
)

# KEYS: (stamp, marker) for each tag.  ARGV: writer, a fresh stamp.
END = """
for i = 1, #KEYS, 2 do
  redis.call('SET', KEYS[i], ARGV[2])
  redis.call('HDEL', KEYS[i + 1], ARGV[1])
end
return 1
"""

# KEYS: the stamps of the tags.  ARGV: a fresh stamp.
TOUCH = """
for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[1]) end
return #KEYS
"""

# KEYS: index.  ARGV: none.  Answer: {active, expired}.
SIZES = (
    _NOW
    + """
local expired = redis.call('ZCOUNT', KEYS[1], '-inf', now)
return {redis.call('ZCARD', KEYS[1]) - expired, expired}
"""
)

# KEYS: index.  ARGV: how many at most.  Expired entries are gone already; their names go here.
CLEAN = (
    _NOW
    + """
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for i = 1, #gone do redis.call('ZREM', KEYS[1], gone[i]) end
return #gone
"""
)
