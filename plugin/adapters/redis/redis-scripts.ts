/*
 * What Redis runs in one step.
 */

/**
 * Gives the epoch a new value, unless that was done already: also when there is none, as in a Redis that has restarted empty. KEYS[1] is
 * the epoch; ARGV has the old value and the new one.
 */
export const RENEW = `local stored = redis.call('GET', KEYS[1])
if stored and stored ~= ARGV[1] then return stored end
redis.call('SET', KEYS[1], ARGV[2])
return ARGV[2]`

/** Writes a session, and returns 1, unless the stored one begins otherwise. KEYS[1] is the session; ARGV has its text, ttl and head. */
export const PUT_SESSION = `local stored = redis.call('GET', KEYS[1])
if stored and string.sub(stored, 1, #ARGV[3]) ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`

/** The id of the last entry up to a position, without the entry, which may be long. KEYS[1] is the log; ARGV has the position. */
export const LAST_UP_TO = `local last = redis.call('XREVRANGE', KEYS[1], ARGV[1], '-', 'COUNT', 1)[1]
return last and last[1]`

/**
 * Appends an entry, and carries out what it changes of retained values, unless that was done. Returns the position. A set is a hash, and
 * a sorted set with the order of its keys if it keeps more than one.
 *
 * KEYS: the log, the number of the node's last entry with changes; for each set the hash and the sorted set.
 * ARGV: the oldest id to keep; node, number and body; how long the number is kept; for each change the place of its hash in KEYS, key,
 * value ('' to remove), most and ttl.
 */
export const APPEND_RETAINED = `local id = redis.call('XADD', KEYS[1], 'MINID', '~', ARGV[1], '*', 'n', ARGV[2], 'k', ARGV[3], 'b', ARGV[4])
if tonumber(ARGV[3]) <= tonumber(redis.call('GET', KEYS[2]) or 0) then return id end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[5])
for at = 6, #ARGV, 5 do
  local values, order = KEYS[tonumber(ARGV[at])], KEYS[tonumber(ARGV[at]) + 1]
  local key, value, most = ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3])
  if value == '' then
    redis.call('HDEL', values, key)
    redis.call('ZREM', order, key)
  elseif most == 1 then
    redis.call('DEL', values, order)
    redis.call('HSET', values, key, value)
  else
    local last = redis.call('ZREVRANGE', order, 0, 0, 'WITHSCORES')
    if not last[1] then
      for _, each in ipairs(redis.call('HKEYS', values)) do redis.call('ZADD', order, 0, each) end
    end
    redis.call('HSET', values, key, value)
    redis.call('ZADD', order, (last[2] or 0) + 1, key)
    local excess = redis.call('ZCARD', order) - most
    if excess > 0 then
      local dropped = redis.call('ZPOPMIN', order, excess)
      for each = 1, #dropped, 2 do redis.call('HDEL', values, dropped[each]) end
    end
  end
  redis.call('PEXPIRE', values, ARGV[at + 4])
  redis.call('PEXPIRE', order, ARGV[at + 4])
end
return id`

/** The id of a log's last entry, and of each set the keys and values in turn. KEYS are those of APPEND_RETAINED without the number. */
export const READ_RETAINED = `local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local sets = {}
for at = 2, #KEYS, 2 do
  local found = {}
  local order = redis.call('ZRANGE', KEYS[at + 1], 0, -1)
  for first = 1, #order, 1000 do
    local values = redis.call('HMGET', KEYS[at], unpack(order, first, math.min(first + 999, #order)))
    for place, value in ipairs(values) do
      if value then
        found[#found + 1] = order[first + place - 1]
        found[#found + 1] = value
      end
    end
  end
  if not order[1] then found = redis.call('HGETALL', KEYS[at]) end
  sets[#sets + 1] = found
end
return {last and last[1] or '0', sets}`
