"""What runs inside Valkey: a step of the ledger is one script: it happens whole or not at all.

Every key begins with one prefix, KEYS[1], which holds a hash tag: the ledger stays on one node of a
cluster. Numbers travel as text and are added by HINCRBY, so that none is rounded to a double.

What is counted is kept under a *ledger id*: each life of a server has its own. A server that comes
back, from whatever state, begins a new id at zero; what the old one still holds is stored under the
old id. So a count that was stored is never counted down, hidden or doubled by a restart.
"""

from optimizer.domain.facts import MissReason
from optimizer.domain.tally import OTHER

_REASONS = ", ".join(f"'{reason}'" for reason in MissReason)
TOP_SHAPES = 300  # told apart in one day
SHAPE_SECONDS = 15 * 24 * 3600
SAMPLES = 200  # the latest

# Finds the id of this life, or makes one: `fresh` is a random name in case it is needed.
_ID = """
local function ledger_id(prefix, fresh, now)
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '?'
  local known = redis.call('GET', prefix .. 'life')
  local old_run, id = string.match(known or '', '^(.-):(.*)$')
  if old_run == run then return id end
  redis.call('SET', prefix .. 'life', run .. ':' .. fresh)
  redis.call('ZADD', prefix .. 'ledgers', now, fresh)
  return fresh
end
"""

# The relations that all processes together tell apart in some thirty days; half of the places are
# open to names that only failed, which anybody may invent. The rest is counted together.
MAX_RELATIONS = 2000
_NAMES = f"""
local function named(prefix, minutes, now)
  local names = prefix .. 'relations:' .. math.floor(now / {30 * 86_400})
  local found, good = {{}}, {{}}
  local function parts(field) return string.match(field, '^([^\\31]*)\\31([^\\31]*)\\31(.*)$') end
  for _, fields in pairs(minutes) do
    for field in pairs(fields) do
      local _, relation, rest = parts(field)
      local outcome = string.match(rest, '^[^\\31]*\\31([^\\31]*)')
      good[relation] = good[relation] or not (
        outcome == 'error' or outcome == 'refused' or outcome == 'unknown')
    end
  end
  for relation, is_good in pairs(good) do
    local places = is_good and {MAX_RELATIONS} or {MAX_RELATIONS // 2}
    found[relation] = relation
    if relation ~= '' and redis.call('SISMEMBER', names, relation) == 0 then
      if redis.call('SCARD', names) < places then
        redis.call('SADD', names, relation)
        redis.call('EXPIRE', names, {60 * 86_400})
      else
        found[relation] = '{OTHER}'
      end
    end
  end
  return function(field)
    local step, relation, rest = parts(field)
    return step .. '\\31' .. found[relation] .. '\\31' .. rest
  end
end
"""

# ARGV: process, sequence (0: no deltas), arrival minute, deltas as {minute: {field: number}},
#       gauges ("" or "total,active,idle"), for how many seconds gauges and sequences are kept,
#       a fresh id, how many facts the deltas hold, "1" where the process says goodbye,
#       for how many seconds an event's minute may lie back, then what is noted beside the counts:
#       the day, [[shape, count, misses, ns, bytes, {reason: number}] …], [sample …]
POST = f"""{_ID}{_NAMES}
local prefix, process, sequence, arrival = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local now = tonumber(redis.call('TIME')[1])
local here = prefix .. ledger_id(prefix, ARGV[8], now) .. ':'
-- A minute that is stored and no longer held cannot grow: its latecomers count when they arrive.
local floor = tonumber(redis.call('GET', here .. 'floor') or '0')
if tonumber(arrival) < floor then arrival = floor end
local oldest = math.max(floor, tonumber(arrival) - tonumber(ARGV[11]))
redis.call('SETNX', prefix .. 'since', now)
redis.call('HINCRBY', here .. 'open', arrival, 1)
redis.call('ZADD', here .. 'held', arrival, arrival)
if ARGV[10] == '1' then
  redis.call('HDEL', prefix .. 'gauges', process)
elseif ARGV[5] ~= '' then
  local entry = (now + tonumber(ARGV[6])) .. ',' .. ARGV[9] .. ',' .. ARGV[5]
  redis.call('HSET', prefix .. 'gauges', process, entry)
end
if sequence == '0' then return 0 end
local seen = prefix .. 'seen:' .. process
if redis.call('SETBIT', seen, sequence, 1) == 1 then return 0 end
redis.call('EXPIRE', seen, ARGV[7])
local minutes = cjson.decode(ARGV[4])
local name = named(prefix, minutes, now)
for minute, fields in pairs(minutes) do
  if tonumber(minute) < oldest then minute = arrival end
  redis.call('HINCRBY', here .. 'open', minute, 1)
  redis.call('ZADD', here .. 'held', minute, minute)
  for field, number in pairs(fields) do
    field = name(field)
    redis.call('HINCRBY', here .. 'minute:' .. minute, field, number)
    redis.call('HINCRBY', here .. 'totals', field, number)
  end
end
-- The top shapes of a day, by the SpaceSaving rule: a newcomer takes the place of the least and
-- inherits its count as its possible error.
local shapes, numbers = prefix .. 'shapes:' .. ARGV[12], prefix .. 'shapes:n:' .. ARGV[12]
local columns = {{'count', 'misses', 'nanoseconds', 'received'}}
local reasons = {{{_REASONS}}}
for _, noted in ipairs(cjson.decode(ARGV[13])) do
  local shape, inherited = noted[1], 0
  if not redis.call('ZSCORE', shapes, shape) and redis.call('ZCARD', shapes) >= {TOP_SHAPES} then
    local least = redis.call('ZPOPMIN', shapes)
    inherited = tonumber(least[2])
    for _, column in ipairs(columns) do
      redis.call('HDEL', numbers, least[1] .. '\\31' .. column)
    end
    for _, reason in ipairs(reasons) do
      redis.call('HDEL', numbers, least[1] .. '\\31reason:' .. reason)
    end
    redis.call('HDEL', numbers, least[1] .. '\\31error')
    redis.call('HSET', numbers, shape .. '\\31error', inherited)
  end
  redis.call('ZINCRBY', shapes, noted[2] + inherited, shape)
  for i, column in ipairs(columns) do
    redis.call('HINCRBY', numbers, shape .. '\\31' .. column, string.format('%.0f', noted[i + 1]))
  end
  for reason, number in pairs(noted[6]) do
    local field = shape .. '\\31reason:' .. reason
    redis.call('HINCRBY', numbers, field, string.format('%.0f', number))
  end
end
for _, key in ipairs({{shapes, numbers}}) do redis.call('EXPIRE', key, {SHAPE_SECONDS}) end
for _, sample in ipairs(cjson.decode(ARGV[14])) do
  redis.call('LPUSH', prefix .. 'samples', sample)
end
redis.call('LTRIM', prefix .. 'samples', 0, {SAMPLES} - 1)
return 1
"""

# Returns: since, now, gauges of the processes that reported lately, then id, totals, id, totals …
TOTALS = """
local prefix = KEYS[1]
local now = tonumber(redis.call('TIME')[1])
local gauges, alive = redis.call('HGETALL', prefix .. 'gauges'), {}
for i = 1, #gauges, 2 do
  local expires, values = string.match(gauges[i + 1], '^(%d+),%d+,(.*)$')
  if expires and tonumber(expires) >= now then table.insert(alive, values) end
end
local answer = {redis.call('GET', prefix .. 'since') or '', now, alive}
for _, id in ipairs(redis.call('ZRANGE', prefix .. 'ledgers', 0, -1)) do
  table.insert(answer, id)
  table.insert(answer, redis.call('HGETALL', prefix .. id .. ':totals'))
end
return answer
"""

# ARGV: the minute in which the missing are counted, a fresh id, the fields of a vanished process:
#       how many, and how many facts they may have taken with them. Returns how many vanished.
REAP = f"""{_ID}
local prefix, minute = KEYS[1], ARGV[1]
local now = tonumber(redis.call('TIME')[1])
local gauges, gone, facts = redis.call('HGETALL', prefix .. 'gauges'), 0, 0
for i = 1, #gauges, 2 do
  local expires, last = string.match(gauges[i + 1], '^(%d+),(%d+),')
  if not expires or tonumber(expires) < now then
    redis.call('HDEL', prefix .. 'gauges', gauges[i])
    gone, facts = gone + 1, facts + tonumber(last or '0')
  end
end
if gone == 0 then return 0 end
local here = prefix .. ledger_id(prefix, ARGV[2], now) .. ':'
redis.call('HINCRBY', here .. 'open', minute, 1)
redis.call('ZADD', here .. 'held', minute, minute)
for _, key in ipairs({{'minute:' .. minute, 'totals'}}) do
  redis.call('HINCRBY', here .. key, ARGV[3], gone)
  redis.call('HINCRBY', here .. key, ARGV[4], facts)
end
return gone
"""

# ARGV: id, minute, version. A minute that grew since it was read stays open and is stored again.
CLOSE = """
local open = KEYS[1] .. ARGV[1] .. ':open'
if redis.call('HGET', open, ARGV[2]) ~= ARGV[3] then return 0 end
return redis.call('HDEL', open, ARGV[2])
"""

# ARGV: id, minute, the minute into which its counts go. None is counted twice or lost.
MOVE = """
local here = KEYS[1] .. ARGV[1] .. ':'
local old, new = here .. 'minute:' .. ARGV[2], here .. 'minute:' .. ARGV[3]
local fields = redis.call('HGETALL', old)
for i = 1, #fields, 2 do redis.call('HINCRBY', new, fields[i], fields[i + 1]) end
redis.call('DEL', old)
redis.call('HDEL', here .. 'open', ARGV[2])
redis.call('ZREM', here .. 'held', ARGV[2])
redis.call('HINCRBY', here .. 'open', ARGV[3], 1)
redis.call('ZADD', here .. 'held', ARGV[3], ARGV[3])
return #fields / 2
"""

# ARGV: id, the first minute to keep. Stops at a minute that is not stored yet.
FORGET = """
local prefix, id, forgotten = KEYS[1], ARGV[1], 0
local here = prefix .. id .. ':'
for _, minute in ipairs(redis.call('ZRANGEBYSCORE', here .. 'held', '-inf', '(' .. ARGV[2])) do
  if redis.call('HEXISTS', here .. 'open', minute) == 1 then break end
  redis.call('DEL', here .. 'minute:' .. minute)
  redis.call('ZREM', here .. 'held', minute)
  redis.call('SET', here .. 'floor', tonumber(minute) + 60)
  forgotten = forgotten + 1
end
return forgotten
"""

# ARGV: id. Only one of an earlier life that holds no minute any more.
DROP = """
local prefix, id = KEYS[1], ARGV[1]
local here = prefix .. id .. ':'
local current = string.match(redis.call('GET', prefix .. 'life') or '', ':(.*)$')
if id == current or redis.call('ZCARD', here .. 'held') > 0 then return 0 end
redis.call('DEL', here .. 'open', here .. 'held', here .. 'floor', here .. 'totals')
return redis.call('ZREM', prefix .. 'ledgers', id)
"""
