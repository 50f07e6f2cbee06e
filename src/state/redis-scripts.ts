/** What Redis runs for us, each one round trip and atomic. Times are epoch milliseconds of the store. */

const NOW = `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`;

/**
 * KEYS: own facts, index of beats, identity of the store. ARGV: instance id, facts, time to live, identity to give a
 * store that has none, prefix of facts. Answers now, the identity, whether it was given just now, and of each other
 * process its id, last beat and facts.
 */
export const BEAT = `${NOW}
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. (now - ARGV[3]))
local fresh = redis.call('SET', KEYS[3], ARGV[4], 'NX') and 1 or 0
local answer = { now, redis.call('GET', KEYS[3]), fresh }
local beats = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
for i = 1, #beats, 2 do
  if beats[i] ~= ARGV[1] then
    local facts = redis.call('GET', ARGV[5] .. beats[i])
    if facts then
      answer[#answer + 1] = beats[i]
      answer[#answer + 1] = beats[i + 1]
      answer[#answer + 1] = facts
    end
  end
end
return answer`;

/** KEYS: own facts, index of beats. ARGV: instance id. */
export const LEAVE = `redis.call('DEL', KEYS[1])
return redis.call('ZREM', KEYS[2], ARGV[1])`;

/**
 * KEYS: kept notices. ARGV: channel, field, age, time to live, content, most to keep. The later one of a field stays,
 * whoever comes first; one that is overtaken is not told.
 */
export const POST = `${NOW}
local at = now - ARGV[3]
local left = ARGV[4] - ARGV[3]
local held = redis.call('HGET', KEYS[1], ARGV[2])
if held and tonumber(string.match(held, '^%d+')) > at then return 0 end
if left > 0 then
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) and not held then return -1 end
  redis.call('HSET', KEYS[1], ARGV[2], string.format('%.0f %.0f %s', at, now + left, ARGV[5]))
  redis.call('PEXPIRE', KEYS[1], 2592000000)
elseif held then
  redis.call('HDEL', KEYS[1], ARGV[2])
end
redis.call('PUBLISH', ARGV[1], string.format('%.0f %.0f %s', at, math.max(left, 0), ARGV[5]))
return 1`;

/** KEYS: kept notices. Answers of each that still matters when it was told, how long it matters, and its content. */
export const KEPT = `${NOW}
local all = redis.call('HGETALL', KEYS[1])
local answer = {}
for i = 1, #all, 2 do
  local at, til, content = string.match(all[i + 1], '^(%d+) (%d+) (.*)$')
  local left = til and (til - now) or 0
  if left > 0 then
    answer[#answer + 1] = string.format('%s %.0f %s', at, left, content)
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return answer`;

/**
 * KEYS: one for each binding. ARGV: channel, message, and for each binding when it was made, for how long it is kept
 * (0 = it is taken away) and its value. The later one stays.
 */
export const BIND = `for i = 1, #KEYS do
  local at, ttl, value = ARGV[i * 3], tonumber(ARGV[i * 3 + 1]), ARGV[i * 3 + 2]
  local held = redis.call('GET', KEYS[i])
  if not held or tonumber(string.match(held, '^%d+')) <= tonumber(at) then
    if ttl > 0 then redis.call('SET', KEYS[i], at .. ' ' .. value, 'PX', ttl)
    elseif held then redis.call('DEL', KEYS[i]) end
  end
end
return redis.call('PUBLISH', ARGV[1], ARGV[2])`;
