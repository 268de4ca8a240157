/**
 * Lua: a set of limits, and what each of its holders has. Needs `NUMBERS_LUA` and `ratesLua`; see `stepLua` for what is
 * given, and for the invariants.
 *
 * A holder's record: `e` when its lease ends, `s` its last step, `n` how many of its requests are in the queue, `h` what it
 * holds of each limit, `p` what it was granted and has not confirmed: request, when it was taken, when it may have begun at
 * the earliest, then the amounts.
 */
export const SET_LUA = /* lua */ `
local META, QUEUE, REQUESTS, HOLDERS = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local ME, STEP, LEASE, MAY_REAP, CHANNELS = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1', ARGV[8]
local asks = cjson.decode(ARGV[7])

-- The places of the numbers; those of the limits follow.
local ORIGIN, LAST, SHIFT, PAUSED_UNTIL, STEP_SIZE, STEP_LEFT, STEP_ENDS = 0, 1, 2, 3, 4, 5, 6
local SERVE_AT, ORDER, GRANTED, LEAST_LEASE, LEAST_BEGAN, EXPIRES_AT, SIZES, WAKES_AT, MARK = 7, 8, 9, 10, 11, 12, 13, 14, 15
local FIRST_LIMIT = 16
local NEGLIGIBLE_MS = 0.1
local STEP_MS = 50
local UNBOUNDED_FROM = 1024
local HELD_ROUNDING = 1e-9

-- Each as { resource = true, at } or { alg, at, s, r }, where at is the first of its numbers and s that of its row.
local limits = {}
local now, knownOtherwise
local mine
local isRepeated = false
-- Whether those that wait may find more than before.
local isFreed = false
local messages = {}

local function readRate(at, size)
  return {
    capacity = get(at + 1), window = get(at + 2), burst = get(at + 3), perMs = get(at + 4),
    guard = get(at + 5), slack = get(at + 6), size = size,
  }
end

local function readLimits()
  local at = FIRST_LIMIT
  for i, one in ipairs(cjson.decode(ARGV[1])) do
    if one[2] == 'resource' then
      limits[i] = { resource = true, at = at, given = { one[3] } }
      at = at + 2
    else
      limits[i] = { alg = RATES[one[2]], at = at, s = at + 7, size = one[3], given = one[4] }
      at = at + 7 + one[3]
    end
  end
end

local function readTime()
  if tonumber(ARGV[2]) > 0 then return tonumber(ARGV[2]) end
  local time = redis.call('TIME')
  local seconds, fraction = tonumber(time[1]), tonumber(time[2]) / 1000
  -- From an origin of its own, so that fractions of a ms are exact.
  if get(ORIGIN) == 0 then put(ORIGIN, seconds) end
  local read = (seconds - get(ORIGIN)) * 1000 + fraction + get(SHIFT)
  if read < get(LAST) then -- L4
    put(SHIFT, get(SHIFT) + get(LAST) - read)
    read = get(LAST)
  end
  put(LAST, read)
  return read
end

local function unpackRecord(packed)
  if not packed or packed == '' then return false end
  return cmsgpack.unpack(packed)
end

local records, touched = {}, {}
local function recordOf(holder)
  local record = records[holder]
  if record == nil then
    record = unpackRecord(redis.call('HGET', HOLDERS, holder))
    records[holder] = record
  end
  return record
end

local function eachRecord(visit)
  local all = redis.call('HKEYS', HOLDERS)
  for _, holder in ipairs(all) do
    local record = holder ~= '' and recordOf(holder)
    if record then visit(holder, record) end
  end
end

local function create()
  redis.call('DEL', NUMBERS, META, QUEUE, REQUESTS, HOLDERS)
  chunks, written, records = {}, {}, {}
  now = readTime()
  redis.call('HSET', META, 'definition', ARGV[1])
  -- So that they are never empty, and keep their time to live.
  redis.call('HSET', REQUESTS, '', '')
  redis.call('HSET', HOLDERS, '', '')
  put(PAUSED_UNTIL, -INF)
  put(SERVE_AT, INF)
  put(LEAST_LEASE, INF)
  put(LEAST_BEGAN, INF)
  put(WAKES_AT, INF)
  put(MARK, 1)
  for _, limit in ipairs(limits) do
    if limit.resource then
      put(limit.at + 1, limit.given[1])
    else
      put(limit.at, -INF)
      for k = 1, 6 do put(limit.at + k, limit.given[k]) end
      limit.alg.reset(limit.s, readRate(limit.at, limit.size), now)
    end
  end
end

-- Reads what there is; false when it was defined otherwise, by somebody who is still there.
local function agree()
  readLimits()
  local known = redis.call('HGET', META, 'definition')
  if known == ARGV[1] and get(MARK) == 1 then
    now = readTime()
  else
    if known and get(MARK) == 1 then
      now = readTime()
      eachRecord(function(_, record) if record.e > now then knownOtherwise = known end end)
      if knownOtherwise then return false end
    end
    create()
  end
  for _, limit in ipairs(limits) do
    if limit.resource then
      limit.inUse = get(limit.at)
    else
      limit.r = readRate(limit.at, limit.size)
    end
  end
  return true
end

-- What a holder has of a resource in all.
local function totalOf(record, i)
  local total = record.h[i]
  for _, one in ipairs(record.p) do total = total + one[3 + i] end
  return total
end

local function addInUse(limit, amount)
  local sum = get(limit.at) + amount
  if math.abs(sum) < get(limit.at + 1) * HELD_ROUNDING then sum = 0 end
  put(limit.at, sum)
end

local function countInUse()
  for i, limit in ipairs(limits) do
    if limit.resource then
      local sum = 0
      eachRecord(function(_, record) sum = sum + totalOf(record, i) end)
      put(limit.at, 0)
      addInUse(limit, sum)
    end
  end
end

-- What was granted, and may have begun at 'since' at the earliest, has begun by now or later.
local function postpone(since, amounts)
  if now - since < NEGLIGIBLE_MS then return end
  for i, limit in ipairs(limits) do
    if limit.alg and limit.alg.postpone and amounts[i] > 0 then
      limit.alg.postpone(limit.s, limit.r, since, now, amounts[i])
    end
  end
end

local function amountsOf(entries)
  local since, sums = INF, {}
  for i in ipairs(limits) do sums[i] = 0 end
  for _, one in ipairs(entries) do
    since = min(since, one[3])
    for i in ipairs(limits) do sums[i] = sums[i] + one[3 + i] end
  end
  return since, sums
end

-- L3
local function catchUp()
  local isDue = false
  for _, limit in ipairs(limits) do
    if limit.alg and limit.alg.postpone and now - get(LEAST_BEGAN) >= limit.r.window / 2 then isDue = true end
  end
  if not isDue then return end
  put(LEAST_BEGAN, INF)
  eachRecord(function(holder, record)
    if #record.p == 0 then return end
    postpone(amountsOf(record.p))
    for _, one in ipairs(record.p) do one[3] = now end
    touched[holder] = true
    put(LEAST_BEGAN, now)
  end)
end

local function beginStep()
  mine = recordOf(ME)
  local isNew = not mine
  if isNew then
    mine = { s = 0, n = 0, h = {}, p = {} }
    for i in ipairs(limits) do mine.h[i] = 0 end
    records[ME] = mine
  end
  touched[ME] = true
  isRepeated = STEP <= mine.s
  mine.s = STEP
  mine.e = now + LEASE
  put(LEAST_LEASE, min(get(LEAST_LEASE), mine.e))
  catchUp()
  return isNew
end

local function removeRequestsOf(holder)
  for _, member in ipairs(redis.call('HKEYS', REQUESTS)) do
    if string.sub(member, 1, #holder + 1) == holder .. ' ' then
      redis.call('HDEL', REQUESTS, member)
      redis.call('ZREM', QUEUE, member)
    end
  end
end

-- What holders had whose lease is over is free again.
local function reap()
  if not MAY_REAP or now < get(LEAST_LEASE) then return end
  local least, dead = INF, {}
  eachRecord(function(holder, record)
    if record.e < now then dead[#dead + 1] = holder else least = min(least, record.e) end
  end)
  put(LEAST_LEASE, least)
  if #dead == 0 then return end
  for _, holder in ipairs(dead) do
    if records[holder].n > 0 then removeRequestsOf(holder) end
    redis.call('HDEL', HOLDERS, holder)
    records[holder] = false
    touched[holder] = nil
  end
  countInUse()
  isFreed = true
end

-- These grants are known to their holder, and what they are for has begun; as have these amounts of others.
local function confirm(ids, began)
  local isConfirmed, gone, left = {}, {}, {}
  for _, id in ipairs(ids) do isConfirmed[id] = true end
  for _, one in ipairs(mine.p) do
    if isConfirmed[one[1]] then gone[#gone + 1] = one else left[#left + 1] = one end
  end
  if #gone > 0 then
    postpone(amountsOf(gone))
    for i, limit in ipairs(limits) do
      if limit.resource then
        for _, one in ipairs(gone) do addInUse(limit, -one[3 + i]) end
      end
    end
    mine.p = left
  end
  if isRepeated then return end
  for _, one in ipairs(began) do
    local since = table.remove(one, 1)
    postpone(since, one)
  end
end

-- L2
local function hold(amounts)
  for i, limit in ipairs(limits) do
    if limit.resource then
      addInUse(limit, amounts[i] - mine.h[i])
      if get(limit.at) < limit.inUse then isFreed = true end
    end
    mine.h[i] = amounts[i]
  end
end

local function settle(one)
  for i, limit in ipairs(limits) do
    local difference = one[1 + i]
    if limit.alg and difference ~= 0 then limit.alg.settle(limit.s, limit.r, now, one[1], difference) end
    if difference < 0 then isFreed = true end
  end
end

local function capLimit(cap)
  local limit, remaining, resetAfter = limits[cap[1]], cap[2], cap[3]
  if remaining >= 1 or resetAfter < 0 then
    limit.alg.cap(limit.s, limit.r, now, remaining)
  else
    put(limit.at, max(get(limit.at), now + resetAfter))
  end
  put(EXPIRES_AT, 0)
end

local function messageTo(holder)
  local message = messages[holder]
  if not message then
    message = { granted = {}, wake = -1, sizes = false }
    messages[holder] = message
  end
  return message
end

local function resize(change)
  local limit = limits[change[1]]
  if limit.resource then
    put(limit.at + 1, change[2])
  else
    local before = limit.r
    for k = 1, 6 do put(limit.at + k, change[1 + k]) end
    limit.r = readRate(limit.at, limit.size)
    if not isRepeated and limit.alg.resize then limit.alg.resize(limit.s, before, limit.r, now) end
  end
  put(SIZES, get(SIZES) + 1)
  put(EXPIRES_AT, 0)
  isFreed = true
  eachRecord(function(holder) if holder ~= ME then messageTo(holder).sizes = true end end)
end

-- A pause, and the gentle start after it, as in src/limits/recovery.ts.
local function pause(ms)
  if now + ms <= get(PAUSED_UNTIL) then return end
  put(PAUSED_UNTIL, now + ms)
  put(STEP_SIZE, 1)
  put(STEP_LEFT, 1)
  put(STEP_ENDS, now + ms + STEP_MS)
  put(EXPIRES_AT, 0)
end

local function pausedFor()
  if get(STEP_SIZE) == 0 then return 0 end
  if now < get(PAUSED_UNTIL) then return get(PAUSED_UNTIL) - now end
  while get(STEP_SIZE) > 0 and now >= get(STEP_ENDS) do
    if get(STEP_LEFT) < get(STEP_SIZE) then put(STEP_SIZE, get(STEP_SIZE) * 2) end
    put(STEP_LEFT, get(STEP_SIZE))
    put(STEP_ENDS, max(get(STEP_ENDS), now - STEP_MS) + STEP_MS)
    if get(STEP_SIZE) >= UNBOUNDED_FROM then put(STEP_SIZE, 0) end
  end
  if get(STEP_SIZE) == 0 or get(STEP_LEFT) > 0 then return 0 end
  return get(STEP_ENDS) - now
end

-- The ms until so much of a limit can be taken.
local function waitFor(i, amount)
  local limit = limits[i]
  if limit.alg then
    return max(0, get(limit.at) - now, limit.alg.wait(limit.s, limit.r, now, amount))
  end
  local capacity = get(limit.at + 1)
  if get(limit.at) + amount - capacity <= capacity * HELD_ROUNDING then return 0 end
  return INF
end
`;
