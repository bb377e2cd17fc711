"""The steps of the protocol in Valkey, one Lua script each; see `docs/protocol.md`.

All keys carry one hash tag, so that a cluster keeps them together:

    {canvalo}:epoch        a hash: the server's run id, the epoch, the position of the last change,
                           when the quarantine ends (ms), whether it took itself for the first
    {canvalo}:changes      the stream of changes; ids are `position-1`, dense, trimmed
    {canvalo}:s:<tag>      the tag's stamp, a random string; one that expires is made anew
    {canvalo}:m:<tag>      a hash: writer → deadline in ms; one marker a writer, no key expiry
    {canvalo}:marked       a sorted set: tag → the latest deadline of its markers in ms
    {canvalo}:e:<project><key>  a hash: stamps, value; always with an expiry
    {canvalo}:f:<project><key>  who fetches an entry at present, and under which stamps
    {canvalo}:q:<relation> a hash: tag of filters → the filters, for those who write
    {canvalo}:doubted      a hash: relation → its columns that answers show otherwise than declared
    {canvalo}:outlines     a hash: relation → its key and the types of its columns, as last learnt
    {canvalo}:entries      a sorted set: entry key → expiry in ms, for counts and bounds
    {canvalo}:entries:gone the same of entries that are gone, so that a miss can say why: what was
                           pushed out has its expiry still before it

Each script begins with the epoch (KEYS: epoch, stream; ARGV: a fresh random string, a marker's life
in ms, the epoch that the caller knows) and answers with it and the position of the last change. A
server that has restarted or taken over, from whatever state, has another run id and begins another
epoch: no entry of before is served, and for one marker's life nothing is kept, because markers may
be lost.
"""

NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
"""

EPOCH = (
    NOW
    + """
local info = redis.call('INFO', 'server')
local run = string.match(info, 'run_id:(%x+)')
local e = redis.call('HMGET', KEYS[1], 'run', 'epoch', 'position', 'quiet')
if e[1] ~= run then
  -- Markers can have been lost until the server started; where an epoch is known to have been
  -- there, until now.
  local quiet, first = now + ARGV[2], 0
  if not e[1] and ARGV[3] == '' then
    quiet, first = quiet - tonumber(string.match(info, 'uptime_in_seconds:(%d+)')) * 1000, 1
  end
  e = {run, ARGV[1], e[3] or '0', tostring(quiet)}
  redis.call('HSET', KEYS[1], 'run', run, 'epoch', e[2], 'position', e[3], 'quiet', e[4],
             'first', first)
  redis.call('DEL', KEYS[2])
end
local epoch, position, quiet = e[2], tonumber(e[3]), tonumber(e[4]) > now
"""
)

# How long a stamp is kept, in ms: longer than any entry under it.
_STAMP_LIFE = 2 * 86_400_000

# Remembers the names of entries that are gone, the last to expire the longest.
_REMEMBERED = 10_000  # about 1.5 MB
REMEMBER = f"""
local function remember(index, names)
  local gone = index .. ':gone'
  for i = 1, #names, 2 do redis.call('ZADD', gone, names[i + 1], names[i]) end
  local over = redis.call('ZCARD', gone) - {_REMEMBERED}
  if over > 0 then redis.call('ZREMRANGEBYRANK', gone, 0, over - 1) end
  redis.call('EXPIRE', gone, 86400)
end
"""

# Sets a stamp.
STAMPING = f"""
local function set_stamp(key, stamp) redis.call('SET', key, stamp, 'PX', {_STAMP_LIFE}) end
"""

# Whoever meets a dead writer's marker removes it and sets a new stamp; how many are dead and alive.
MARKERS = (
    STAMPING
    + """
local function bury(stamp_key, marker_key, stamp)
  local dead, alive = 0, 0
  local marks = redis.call('HGETALL', marker_key)
  for m = 1, #marks, 2 do
    if tonumber(marks[m + 1]) <= now then
      redis.call('HDEL', marker_key, marks[m])
      set_stamp(stamp_key, stamp)
      dead = dead + 1
    else
      alive = alive + 1
    end
  end
  return dead, alive
end
"""
)

# KEYS: epoch, stream, entry, index, fetcher, filters, then (stamp, marker) for each tag.  ARGV from
# 4: the stamps known to L1, who asks (nothing: it will not fetch), how long a fetch may take in ms,
# how many of the tags are held whatever the answer is, the tag of the question's filters (or
# nothing), the filters, how many may be known. The other tags are held by some answers only: an
# entry has the stamps of the former alone, or of all. Filters are known before they are fetched by.
# Answer: {epoch, position, what, stamps, value, ms of quarantine left, whether another fetches,
# whether a writer is at work under the other tags, whether writers do not know the filters}.
# What: 0 cold, 1 L1 stands, 2 value, 3 a writer is at work, 4 expired, 5 invalidated, 6 quarantine,
# 7 evicted: here, or by Valkey itself where its memory was full.
LOOK = (
    EPOCH
    + MARKERS
    + """
local stamps, busy, any_busy = {epoch}, false, false
local always = tonumber(ARGV[7])
for i = 7, #KEYS, 2 do
  local _, alive = bury(KEYS[i], KEYS[i + 1], ARGV[1])
  if alive > 0 then
    any_busy = true
    if (i - 7) / 2 < always then busy = true end
  end
  local stamp = redis.call('GET', KEYS[i])
  if not stamp then
    stamp = ARGV[1]
    set_stamp(KEYS[i], stamp)
  end
  stamps[#stamps + 1] = stamp
end
local joined = table.concat(stamps, ' ')
local core = table.concat(stamps, ' ', 1, always + 1)
local function stand(found) return found == core or (found == joined and not any_busy) end
local unknown = 0
if ARGV[8] ~= '' and redis.call('HEXISTS', KEYS[6], ARGV[8]) == 0 then
  if redis.call('HLEN', KEYS[6]) < tonumber(ARGV[10]) then
    redis.call('HSET', KEYS[6], ARGV[8], ARGV[9])
  else
    unknown = 1
  end
end
local left = quiet and tonumber(e[4]) - now or 0
local function answer(what, value, elsewhere)
  return {epoch, position, what, joined, value, left, elsewhere or 0, any_busy and 1 or 0, unknown}
end
if busy then return answer(3, false) end
if stand(ARGV[4]) then return answer(1, false) end
local entry = redis.call('HMGET', KEYS[3], 'stamps', 'value')
if entry[1] and stand(entry[1]) then return answer(2, entry[2]) end
if quiet then return answer(6, false) end
local what = 0
if entry[1] then
  what = 5
else
  local expiry = redis.call('ZSCORE', KEYS[4], KEYS[3])
    or redis.call('ZSCORE', KEYS[4] .. ':gone', KEYS[3])
  if expiry then what = tonumber(expiry) <= now and 4 or 7 end
end
if ARGV[5] == '' then return answer(what, false) end
local fetcher = redis.call('GET', KEYS[5])
local under = fetcher and string.match(fetcher, '^%S+ (.*)$')
if under == joined and string.match(fetcher, '^%S+') ~= ARGV[5] then
  return answer(what, false, 1)
end
redis.call('SET', KEYS[5], ARGV[5] .. ' ' .. joined, 'PX', ARGV[6])
return answer(what, false)
"""
)

# KEYS: entry, index, fetcher.  ARGV: stamps, value, ttl in ms, how many entries at most, who asked.
# An entry without a value says that the fetch has ended and nothing is to be kept.
FILL = (
    NOW
    + REMEMBER
    + """
local fetcher = redis.call('GET', KEYS[3])
if fetcher and ARGV[5] ~= '' and string.match(fetcher, '^%S+') == ARGV[5] then
  redis.call('DEL', KEYS[3])
end
if ARGV[1] == '' then return 0 end
redis.call('HSET', KEYS[1], 'stamps', ARGV[1], 'value', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], now + ARGV[3], KEYS[1])
redis.call('ZREM', KEYS[2] .. ':gone', KEYS[1])
local over = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
if over > 0 then
  local popped = redis.call('ZPOPMIN', KEYS[2], over)
  for i = 1, #popped, 2 do redis.call('DEL', popped[i]) end
  remember(KEYS[2], popped)
end
return over
"""
)

# KEYS: index.  ARGV: none.  Answer: {active, expired}.
SIZES = (
    NOW
    + """
local expired = redis.call('ZCOUNT', KEYS[1], '-inf', now)
return {redis.call('ZCARD', KEYS[1]) - expired, expired}
"""
)

# KEYS: index.  ARGV: how many at most.  Expired entries are gone already; their names go here.
CLEAN = (
    NOW
    + REMEMBER
    + """
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[1])
for i = 1, #gone, 2 do redis.call('ZREM', KEYS[1], gone[i]) end
if #gone > 0 then remember(KEYS[1], gone) end
return #gone / 2
"""
)
