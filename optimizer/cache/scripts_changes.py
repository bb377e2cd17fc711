"""The steps of writers and of those who follow them, one Lua script each; keys as in `scripts`."""

from optimizer.cache.scripts import EPOCH, MARKERS, NOW, STAMPING

_PUBLISH = """
local function publish(kind, tags)
  position = redis.call('HINCRBY', KEYS[1], 'position', 1)
  local id = string.format('%d-1', position)
  local event = {'XADD', KEYS[2], 'MAXLEN', '~', '10000', id, 'kind', kind, 'tags', tags}
  if redis.pcall(unpack(event)).err then
    redis.call('DEL', KEYS[2])  -- ids beyond ours: the stream is not of this epoch
    redis.call(unpack(event))
  end
end
"""

# KEYS: epoch, stream, marked, then the markers of the tags.  ARGV from 4: writer, the tags as JSON,
# then each tag.  Answer, as of END and TOUCH: {epoch, position}.
BEGIN = (
    EPOCH
    + _PUBLISH
    + """
for i = 4, #KEYS do
  redis.call('HSET', KEYS[i], ARGV[4], now + ARGV[2])
  redis.call('ZADD', KEYS[3], 'GT', now + ARGV[2], ARGV[i + 2])
end
publish('begin', ARGV[5])
return {epoch, position}
"""
)

# KEYS: epoch, stream, the stamps of the tags that were touched, the markers of all.  ARGV from 4:
# writer, the touched tags as JSON, how many those are.
END = (
    EPOCH
    + _PUBLISH
    + STAMPING
    + """
local markers = 3 + tonumber(ARGV[6])
for i = 3, markers - 1 do set_stamp(KEYS[i], ARGV[1]) end
for i = markers, #KEYS do redis.call('HDEL', KEYS[i], ARGV[4]) end
publish('end', ARGV[5])
return {epoch, position}
"""
)

# KEYS: epoch, stream, then the stamps of the tags.  ARGV from 4: the tags as JSON.
TOUCH = (
    EPOCH
    + _PUBLISH
    + STAMPING
    + """
for i = 3, #KEYS do set_stamp(KEYS[i], ARGV[1]) end
publish('touch', ARGV[4])
return {epoch, position}
"""
)

# KEYS: epoch, stream.  ARGV from 4: the position that the caller has applied, how many changes at
# most.  Answer: {epoch, position, changes or nothing where some are missing, replicas}.
SYNC = (
    EPOCH
    + """
local replicas = string.match(redis.call('INFO', 'replication'), 'connected_slaves:(%d+)')
local known = tonumber(ARGV[4])
if ARGV[3] ~= '' and redis.call('HGET', KEYS[1], 'first') == '1' and ARGV[3] ~= epoch then
  -- The caller knew an epoch before the one that took itself for the first: markers may be lost.
  epoch = ARGV[1]
  redis.call('HSET', KEYS[1], 'first', 0, 'epoch', epoch, 'quiet', now + ARGV[2])
end
if ARGV[3] ~= epoch or known > position or position - known > tonumber(ARGV[5]) then
  return {epoch, position, false, tonumber(replicas)}
end
local found = redis.call('XRANGE', KEYS[2], string.format('%d-1', known + 1), '+')
if #found ~= position - known then return {epoch, position, false, tonumber(replicas)} end
local changes = {}
for i = 1, #found do changes[i] = found[i][2][4] end
return {epoch, position, changes, tonumber(replicas)}
"""
)

# KEYS: epoch, stream, filters.  ARGV from 4: a stamp's prefix, whether all are to be forgotten.
# Answer: {epoch, position, filters, forgotten tags}. By filters whose tag has no stamp Valkey
# keeps nothing any more; they are forgotten, and so is what processes have kept by them.
ASKED = (
    EPOCH
    + _PUBLISH
    + """
local known, found, gone = redis.call('HGETALL', KEYS[3]), {}, {}
for i = 1, #known, 2 do
  local stamp = ARGV[4] .. known[i]
  if ARGV[5] == '' and redis.call('EXISTS', stamp) == 1 then
    found[#found + 1] = known[i + 1]
  else
    redis.call('HDEL', KEYS[3], known[i])
    redis.call('DEL', stamp)
    gone[#gone + 1] = known[i]
  end
end
if #gone > 0 then publish('touch', cjson.encode(gone)) end
return {epoch, position, found, gone}
"""
)

# KEYS: epoch, stream, outlines.  ARGV from 4: (name, outline, whether tags rest on it: 1) for each.
# Where another one was known of those, tags of before and of now do not meet: a new epoch begins.
AGREE = (
    EPOCH
    + """
local another = false
for i = 4, #ARGV, 3 do
  local known = redis.call('HGET', KEYS[3], ARGV[i])
  if known ~= ARGV[i + 1] then
    another = another or (known and ARGV[i + 2] == '1')
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
  end
end
if another then
  epoch = ARGV[1]
  redis.call('HSET', KEYS[1], 'first', 0, 'epoch', epoch, 'quiet', now + ARGV[2])
end
return {epoch, position}
"""
)

# KEYS: epoch, stream.  Declares that no writer of before is at work any more, so there is nothing
# to wait for; a new epoch begins.
OPEN = (
    EPOCH
    + """
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'quiet', 0, 'first', 0)
redis.call('DEL', KEYS[2])
return {ARGV[1], position}
"""
)

# KEYS: the tags that have markers.  ARGV: how many at most.  Answer: tags of which one may be over.
OVERDUE = (
    NOW
    + """
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
"""
)

# KEYS: the tags that have markers, then (stamp, marker) for each tag.  ARGV: a fresh stamp, then
# each tag.  What a dead writer left behind and nobody has asked about since.
SWEEP = (
    NOW
    + MARKERS
    + """
local swept = 0
for i = 2, #KEYS, 2 do
  swept = swept + bury(KEYS[i], KEYS[i + 1], ARGV[1])
  if redis.call('EXISTS', KEYS[i + 1]) == 0 then
    redis.call('ZREM', KEYS[1], ARGV[i / 2 + 1])
  end
end
return swept
"""
)
