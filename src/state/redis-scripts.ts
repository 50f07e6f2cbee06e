/** What Redis runs for us, each one round trip and atomic. Times are epoch milliseconds of the store. */

const NOW = `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`;

/** When a value of ours was told; nil where it is none: of another type, of another program, or from a future. */
const TOLD = `local function told(value)
  local at = type(value) == 'string' and tonumber(string.match(value, '^(%d+) '))
  if at and at <= now + 3600000 then return at end
end
`;

/** A key that all processes share is made anew where it is of no use: one foreign value must not part them. */
const OURS = `local bad = 0
local function ours(key, kind)
  local found = redis.call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then
    redis.call('DEL', key)
    bad = bad + 1
  end
end
`;

/**
 * KEYS: own facts, index of beats, identity of the store. ARGV: instance id, facts, time to live, identity to give a
 * store that has none, prefix of facts. Answers now, the identity, whether it was given just now, how many values were not
 * ours, and of each other process its id, last beat and facts.
 */
export const BEAT = `${NOW}${OURS}
ours(KEYS[2], 'zset')
ours(KEYS[3], 'string')
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. (now - ARGV[3]))
local fresh = redis.call('SET', KEYS[3], ARGV[4], 'NX') and 1 or 0
local answer = { now, redis.call('GET', KEYS[3]), fresh, 0 }
local beats = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
for i = 1, #beats, 2 do
  if beats[i] ~= ARGV[1] then
    local facts = redis.pcall('GET', ARGV[5] .. beats[i])
    if type(facts) == 'table' then
      bad = bad + 1
    elseif facts then
      answer[#answer + 1] = beats[i]
      answer[#answer + 1] = beats[i + 1]
      answer[#answer + 1] = facts
    end
  end
end
answer[4] = bad
return answer`;

/** KEYS: own facts, index of beats. ARGV: instance id. */
export const LEAVE = `redis.call('DEL', KEYS[1])
return redis.pcall('ZREM', KEYS[2], ARGV[1])`;

/** Drops notices that are over; where that is not enough, a tenth of all, those first that end first. */
const ROOM = `local function room(key, most)
  local all = redis.call('HGETALL', key)
  local live = {}
  for i = 1, #all, 2 do
    local til = tonumber(string.match(all[i + 1], '^%d+ (%d+) ') or '')
    if til and til > now then live[#live + 1] = { til, all[i] }
    else redis.call('HDEL', key, all[i]) end
  end
  if #live < most then return end
  table.sort(live, function(a, b) return a[1] < b[1] end)
  for i = 1, math.ceil(#live / 10) do redis.call('HDEL', key, live[i][2]) end
end
`;

/**
 * KEYS: kept notices. ARGV: channel, field, age, time to live, content, most to keep. The later one of a field stays,
 * whoever comes first; one that is overtaken is not told. Answers how many values were not ours.
 */
export const POST = `${NOW}${TOLD}${OURS}${ROOM}
ours(KEYS[1], 'hash')
local at = now - ARGV[3]
local left = ARGV[4] - ARGV[3]
local held = redis.call('HGET', KEYS[1], ARGV[2])
local heldAt = told(held)
if held and not heldAt then bad = bad + 1 end
if heldAt and heldAt > at then return bad end
if left > 0 then
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) and not held then room(KEYS[1], tonumber(ARGV[6])) end
  redis.call('HSET', KEYS[1], ARGV[2], string.format('%.0f %.0f %s', at, now + left, ARGV[5]))
  redis.call('PEXPIRE', KEYS[1], 2592000000)
elseif held then
  redis.call('HDEL', KEYS[1], ARGV[2])
end
redis.call('PUBLISH', ARGV[1], string.format('%.0f %.0f %s', at, math.max(left, 0), ARGV[5]))
return bad`;

/**
 * KEYS: kept notices. Answers how many were not ours, and of each that still matters when it was told, how long it matters,
 * and its content.
 */
export const KEPT = `${NOW}${OURS}
ours(KEYS[1], 'hash')
local all = redis.call('HGETALL', KEYS[1])
local answer = { 0 }
for i = 1, #all, 2 do
  local at, til, content = string.match(all[i + 1], '^(%d+) (%d+) (.*)$')
  local left = til and (til - now) or 0
  if left > 0 and left <= 2592000000 then
    answer[#answer + 1] = string.format('%s %.0f %s', at, left, content)
  else
    if not til or left > 0 then bad = bad + 1 end
    redis.call('HDEL', KEYS[1], all[i])
  end
end
answer[1] = bad
return answer`;

/**
 * KEYS: one for each binding. ARGV: channel, message, and for each binding when it was made, for how long it is kept
 * (0 = it is taken away) and its value. The later one stays. Answers how many values were not ours.
 */
export const BIND = `${NOW}${TOLD}local bad = 0
for i = 1, #KEYS do
  local at, ttl, value = ARGV[i * 3], tonumber(ARGV[i * 3 + 1]), ARGV[i * 3 + 2]
  local held = redis.pcall('GET', KEYS[i])
  local heldAt = told(held)
  if held and not heldAt then bad = bad + 1 end
  if not heldAt or heldAt <= tonumber(at) then
    if ttl > 0 then redis.call('SET', KEYS[i], at .. ' ' .. value, 'PX', ttl)
    elseif held then redis.call('DEL', KEYS[i]) end
  end
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return bad`;
