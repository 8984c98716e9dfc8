/*
 * What Redis runs in one step.
 */

/** Gives the epoch a new value, unless that was done already. KEYS[1] is the epoch; ARGV has the old value and the new one. */
export const RENEW = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])`

/** Writes a session, and returns 1, unless the stored one begins otherwise. KEYS[1] is the session; ARGV has its text, ttl and head. */
export const PUT_SESSION = `local stored = redis.call('GET', KEYS[1])
if stored and string.sub(stored, 1, #ARGV[3]) ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`
