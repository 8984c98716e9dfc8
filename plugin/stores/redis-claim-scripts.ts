/*
 * What Redis runs in one step for a store. A claim is a hash: `t` its token, `f` the fingerprint, `l` and `k` how long its lease and its ack
 * last, `w` if somebody waits, `a` the ack once it is settled. The hash expires with the lease, or with the ack. KEYS[1] is the hash; whoever
 * is told of its end listens on the channel.
 */

/** ARGV: token, fingerprint, leaseMs, ttlMs. Replies with the token, the ack, or the rest of the lease; or with nothing for a mismatch. */
export const CLAIM = `local held = redis.call('HMGET', KEYS[1], 't', 'f', 'a')
if not held[1] then
  redis.call('HSET', KEYS[1], 't', ARGV[1], 'f', ARGV[2], 'l', ARGV[3], 'k', ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return {'token', ARGV[1]}
end
if held[2] ~= ARGV[2] then return {'mismatch', ''} end
if held[3] then return {'ack', held[3]} end
if held[1] == ARGV[1] then return {'token', ARGV[1]} end
redis.call('HSET', KEYS[1], 'w', '1')
return {'wait', tostring(redis.call('PTTL', KEYS[1]))}`

/** ARGV: token. */
export const RENEW_CLAIM = `local held = redis.call('HMGET', KEYS[1], 't', 'l', 'a')
if held[1] ~= ARGV[1] or held[3] then return 0 end
return redis.call('PEXPIRE', KEYS[1], held[2])`

/** ARGV: token, ack, channel, message. Settling once more with the same token replies 1. */
export const SETTLE = `local held = redis.call('HMGET', KEYS[1], 't', 'k', 'w', 'a')
if held[1] ~= ARGV[1] then return 0 end
if held[4] then return 1 end
redis.call('HSET', KEYS[1], 'a', ARGV[2])
redis.call('PEXPIRE', KEYS[1], held[2])
if held[3] then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
return 1`

/** ARGV: token, channel, message. */
export const RELEASE = `local held = redis.call('HMGET', KEYS[1], 't', 'w', 'a')
if held[1] ~= ARGV[1] or held[3] then return 0 end
redis.call('DEL', KEYS[1])
if held[2] then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return 1`
