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
