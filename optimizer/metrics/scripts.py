"""What runs inside Valkey: a step of the ledger is one script: it happens whole or not at all.

Every key begins with one prefix, KEYS[1], which holds a hash tag: the ledger stays on one node of a
cluster. Numbers travel as text and are added by HINCRBY, so that none is rounded to a double.
"""

# ARGV: process, sequence (0: no deltas), arrival minute, deltas as {minute: {field: number}},
#       gauges ("" or "total,active,idle"), for how many seconds gauges and sequences are kept
POST = """
local prefix, process, sequence, arrival = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local now = tonumber(redis.call('TIME')[1])
-- A minute that is stored and no longer held cannot grow: its latecomers count when they arrive.
local floor = tonumber(redis.call('GET', prefix .. 'floor') or '0')
if tonumber(arrival) < floor then arrival = floor end
redis.call('SETNX', prefix .. 'since', now)
redis.call('HINCRBY', prefix .. 'open', arrival, 1)
redis.call('ZADD', prefix .. 'held', arrival, arrival)
if ARGV[5] ~= '' then
  redis.call('HSET', prefix .. 'gauges', process, (now + tonumber(ARGV[6])) .. ',' .. ARGV[5])
end
if sequence == '0' then return 0 end
local seen = prefix .. 'seen:' .. process
if redis.call('SETBIT', seen, sequence, 1) == 1 then return 0 end
redis.call('EXPIRE', seen, ARGV[7])
for minute, fields in pairs(cjson.decode(ARGV[4])) do
  if tonumber(minute) < floor then minute = arrival end
  redis.call('HINCRBY', prefix .. 'open', minute, 1)
  redis.call('ZADD', prefix .. 'held', minute, minute)
  for field, number in pairs(fields) do
    redis.call('HINCRBY', prefix .. 'minute:' .. minute, field, number)
    redis.call('HINCRBY', prefix .. 'totals', field, number)
  end
end
return 1
"""

# Returns: since, now, totals, gauges of the processes that reported lately
TOTALS = """
local prefix = KEYS[1]
local now = tonumber(redis.call('TIME')[1])
local gauges, alive = redis.call('HGETALL', prefix .. 'gauges'), {}
for i = 1, #gauges, 2 do
  local expires, values = string.match(gauges[i + 1], '^(%d+),(.*)$')
  if tonumber(expires) >= now then table.insert(alive, values)
  else redis.call('HDEL', prefix .. 'gauges', gauges[i]) end
end
return {redis.call('GET', prefix .. 'since') or '', now,
        redis.call('HGETALL', prefix .. 'totals'), alive}
"""

# ARGV: minute, version. A minute that grew since it was read stays open and is stored again.
CLOSE = """
local open = KEYS[1] .. 'open'
if redis.call('HGET', open, ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', open, ARGV[1])
"""

# ARGV: the first minute to keep. Stops at a minute that is not stored yet.
FORGET = """
local prefix, forgotten = KEYS[1], 0
for _, minute in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'held', '-inf', '(' .. ARGV[1])) do
  if redis.call('HEXISTS', prefix .. 'open', minute) == 1 then break end
  redis.call('DEL', prefix .. 'minute:' .. minute)
  redis.call('ZREM', prefix .. 'held', minute)
  redis.call('SET', prefix .. 'floor', tonumber(minute) + 60)
  forgotten = forgotten + 1
end
return forgotten
"""
