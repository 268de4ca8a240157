/**
 * Lua: those that wait for a set of limits, of all holders. Needs `SET_LUA`.
 *
 * In order of their rank, those first that hold something already. One whose turn it is and that is blocked has a claim, one
 * of the holders of something and one of the others, and is overtaken by at most 16 that came later: as `LimitSet` does.
 *
 * A request in the hash: when it came, whether its call holds something (1 or 0), then the amounts.
 *
 * K1. After `serve` nobody waits for what is there, but for those behind 64 that are blocked.
 * K2. While anybody waits and time alone can help, somebody has been told to wake at that time, or before.
 */
export const QUEUE_LUA = /* lua */ `
local LOOKAHEAD = 64
local OVERTAKINGS = 16
local MOST_GRANTS = 1024
-- Those that hold something go before all others.
local HOLDERS_FIRST = 1e13
-- How much later, in ms, the others look who are not the one that was told to.
local BACKUP_MS = 25
local HOUR_MS = 3600000

local claims
-- The least amount of each limit that was found missing, and for how long.
local missingFrom, missingFor = {}, {}
-- Who waits for what comes soonest.
local soonestHolder
local isClaimGone = false

local function loadClaims()
  if claims then return end
  claims = {}
  for room, packed in ipairs(redis.call('HMGET', META, 'claim1', 'claim2')) do
    claims[room] = packed and cmsgpack.unpack(packed) or false
  end
end

local function roomOf(request) return request.isHolder and 1 or 2 end

local function sharesLimit(claim, request)
  for i = 1, #limits do
    if request.need[i] > 0 and claim.need[i] > 0 then return true end
  end
  return false
end

local function mayOvertake(request)
  for _, claim in ipairs(claims) do
    if claim and claim.member ~= request.member and claim.order < request.order and claim.overtaken >= OVERTAKINGS and sharesLimit(claim, request) then
      return false
    end
  end
  return true
end

local function setClaim(room, claim)
  claims[room] = claim
  claims.isChanged = true
end

local function forget(member)
  loadClaims()
  for room = 1, 2 do
    if claims[room] and claims[room].member == member then
      setClaim(room, false)
      isClaimGone = true
    end
  end
end

local function readRequest(member, packed)
  local fields = cmsgpack.unpack(packed)
  local need = {}
  for i = 1, #limits do need[i] = fields[2 + i] end
  local space = string.find(member, ' ', 1, true)
  return {
    member = member, holder = string.sub(member, 1, space - 1), id = tonumber(string.sub(member, space + 1)),
    order = fields[1], isHolder = fields[2] == 1, need = need, isQueued = true,
  }
end

local function dequeue(request)
  redis.call('ZREM', QUEUE, request.member)
  redis.call('HDEL', REQUESTS, request.member)
  local record = recordOf(request.holder)
  if record then
    record.n = record.n - 1
    touched[request.holder] = true
  end
  forget(request.member)
end

local function grant(request)
  local entry = { request.id, now, now }
  for i, limit in ipairs(limits) do
    local amount = request.need[i]
    entry[3 + i] = amount
    if amount > 0 then
      if limit.alg then limit.alg.take(limit.s, limit.r, now, amount) else addInUse(limit, amount) end
    end
  end
  for _, claim in ipairs(claims) do
    if claim and claim.member ~= request.member and claim.order < request.order and sharesLimit(claim, request) then
      claim.overtaken = claim.overtaken + 1
      claims.isChanged = true
    end
  end
  if request.isQueued then dequeue(request) end
  local record = recordOf(request.holder)
  record.p[#record.p + 1] = entry
  touched[request.holder] = true
  if request.holder ~= ME then
    local granted = messageTo(request.holder).granted
    granted[#granted + 1] = entry
  end
  put(GRANTED, get(GRANTED) + 1)
  put(LEAST_BEGAN, min(get(LEAST_BEGAN), now))
  if get(STEP_SIZE) > 0 and now >= get(PAUSED_UNTIL) then put(STEP_LEFT, get(STEP_LEFT) - 1) end
end

-- The ms until all of it can be taken, or less.
local function waitForAll(need)
  local longest = 0
  for i = 1, #limits do
    if need[i] > 0 and missingFrom[i] and need[i] >= missingFrom[i] then longest = max(longest, missingFor[i]) end
  end
  if longest > 0 then return longest end
  for i = 1, #limits do
    local wait = need[i] > 0 and waitFor(i, need[i]) or 0
    if wait > 0 then
      missingFrom[i], missingFor[i] = need[i], wait
      longest = max(longest, wait)
    end
  end
  return longest
end

-- Grants it if that is possible; else sees to it that somebody looks again in time.
local function consider(request)
  local wait = pausedFor()
  local isFirst = true
  if wait == 0 then
    wait = waitForAll(request.need)
    isFirst = request.isHolder or mayOvertake(request)
    if wait == 0 and isFirst then
      grant(request)
      return true
    end
    if not claims[roomOf(request)] then
      setClaim(roomOf(request), { member = request.member, order = request.order, overtaken = 0, need = request.need })
    end
  end
  -- One that is held back by a claim is served when that has gone.
  if (wait > 0 or isFirst) and now + wait < get(SERVE_AT) then
    put(SERVE_AT, now + wait)
    soonestHolder = request.holder
  end
  return false
end

local function serveOnce()
  local looked, offset, grants = 0, 0, 0
  local isSeen = {}
  put(SERVE_AT, INF)
  for room = 1, 2 do
    local claim = claims[room]
    if claim and claim.overtaken >= OVERTAKINGS then
      isSeen[claim.member] = true
      local packed = redis.call('HGET', REQUESTS, claim.member)
      if not packed then forget(claim.member) else consider(readRequest(claim.member, packed)) end
    end
  end
  while looked < LOOKAHEAD do
    local members = redis.call('ZRANGE', QUEUE, offset, offset + LOOKAHEAD - 1)
    if #members == 0 then return end
    local packed = redis.call('HMGET', REQUESTS, unpack(members))
    for k, member in ipairs(members) do
      if looked >= LOOKAHEAD then return end
      local request = packed[k] and readRequest(member, packed[k])
      if not request or not recordOf(request.holder) then
        redis.call('ZREM', QUEUE, member)
        redis.call('HDEL', REQUESTS, member)
        forget(member)
      elseif isSeen[member] or not consider(request) then
        looked = looked + 1
        offset = offset + 1
      else
        grants = grants + 1
        if grants >= MOST_GRANTS then
          put(SERVE_AT, now)
          return
        end
      end
    end
  end
end

local function serve()
  loadClaims()
  for room = 1, 2 do -- Those of a holder that was reaped.
    if isFreed and claims[room] and redis.call('HEXISTS', REQUESTS, claims[room].member) == 0 then setClaim(room, false) end
  end
  if not isFreed and not isClaimGone and now < get(SERVE_AT) then return end
  repeat
    isClaimGone = false
    missingFrom, missingFor = {}, {}
    serveOnce()
  until not isClaimGone or get(SERVE_AT) == now
end

local function needOf(one, from)
  local need = {}
  for i = 1, #limits do need[i] = one[from + i] end
  return need
end

local function isPending(id)
  for _, one in ipairs(mine.p) do if one[1] == id then return true end end
  return false
end

local function requestOf(id, isHolder, need)
  put(ORDER, get(ORDER) + 1)
  return { member = ME .. ' ' .. id, holder = ME, id = id, order = get(ORDER), isHolder = isHolder, need = need }
end

-- A request { id, for how long it has waited, less its priority, whether it holds something, amounts }.
local function enqueue(one)
  local id = one[1]
  if isRepeated and (isPending(id) or redis.call('HEXISTS', REQUESTS, ME .. ' ' .. id) == 1) then return end -- L1
  local request = requestOf(id, one[3] == 1, needOf(one, 3))
  -- All that came before have been looked at.
  if consider(request) then return end
  local fields = { request.order, one[3] }
  for i = 1, #limits do fields[2 + i] = request.need[i] end
  redis.call('HSET', REQUESTS, request.member, cmsgpack.pack(fields))
  redis.call('ZADD', QUEUE, string.format('%.17g', now - one[2] - (request.isHolder and HOLDERS_FIRST or 0)), request.member)
  mine.n = mine.n + 1
end

-- A request { id, whether it holds something, amounts } that does not wait.
local function try(one)
  if isRepeated and isPending(one[1]) then return end
  local isHolder = one[2] == 1
  if pausedFor() > 0 or (not isHolder and redis.call('ZCARD', QUEUE) > 0) then return end
  local need = needOf(one, 2)
  if waitForAll(need) == 0 then grant(requestOf(one[1], isHolder, need)) end
end

local function leave(id)
  local member = ME .. ' ' .. id
  if redis.call('HEXISTS', REQUESTS, member) == 0 then return end
  dequeue({ member = member, holder = ME })
end

-- K2: returns in how many ms this holder is to look again, or -1.
local function planWake()
  local head = redis.call('ZRANGE', QUEUE, 0, 0)[1]
  if not head then
    put(WAKES_AT, INF)
    return -1
  end
  local at = get(SERVE_AT)
  if get(LEAST_LEASE) > now then at = min(at, get(LEAST_LEASE) + 1) end
  if at == INF then return -1 end
  local wakesAt = get(WAKES_AT)
  local waker = redis.call('HGET', META, 'waker')
  if mine.n > 0 and (waker == ME or soonestHolder == ME or wakesAt <= now) then
    if waker ~= ME then redis.call('HSET', META, 'waker', ME) end
    put(WAKES_AT, at)
    return at - now
  end
  if waker == ME or wakesAt <= now or wakesAt > at + 1 then
    local other = soonestHolder
    if not other or other == ME then other = string.sub(head, 1, string.find(head, ' ', 1, true) - 1) end
    redis.call('HSET', META, 'waker', other)
    put(WAKES_AT, at)
    messageTo(other).wake = at - now
  end
  return mine.n > 0 and at - now + BACKUP_MS or -1
end

local function exact(value) return string.format('%.17g', value) end

local function grantsText(entries)
  local parts = {}
  for k, one in ipairs(entries) do parts[k] = '[' .. exact(one[1]) .. ',' .. exact(one[2]) .. ']' end
  return '[' .. table.concat(parts, ',') .. ']'
end

local function statsText()
  local parts = {}
  for i, limit in ipairs(limits) do
    local capacity, inUse
    if limit.resource then
      capacity, inUse = get(limit.at + 1), get(limit.at)
    else
      capacity = limit.r.burst
      inUse = max(0, capacity - limit.alg.available(limit.s, limit.r, now))
    end
    parts[i] = '[' .. exact(capacity) .. ',' .. exact(inUse) .. ']'
  end
  return '{"limits":[' .. table.concat(parts, ',') .. '],"waiting":' .. redis.call('ZCARD', QUEUE) .. ',"granted":' ..
    exact(get(GRANTED)) .. ',"pausedFor":' .. exact(max(0, get(PAUSED_UNTIL) - now)) .. '}'
end

local function sizesText()
  local parts = {}
  for i, limit in ipairs(limits) do
    parts[i] = exact(limit.resource and get(limit.at + 1) or largest(limit.r))
  end
  return '[' .. table.concat(parts, ',') .. ']'
end

local function keepAlive()
  redis.call('PEXPIRE', QUEUE, 24 * HOUR_MS)
  if now < get(EXPIRES_AT) then return end
  local longest = max(HOUR_MS, 2 * LEASE, get(PAUSED_UNTIL) - now)
  for _, limit in ipairs(limits) do
    if limit.alg then longest = max(longest, 2 * life(limit.r), get(limit.at) - now) end
  end
  for k = 1, 5 do redis.call('PEXPIRE', KEYS[k], ceil(longest + HOUR_MS)) end
  put(EXPIRES_AT, now + HOUR_MS / 2)
end

local function finish(isNew)
  local wake = planWake()
  for holder, message in pairs(messages) do
    redis.call('PUBLISH', CHANNELS .. string.match(holder, '^[^/]+'), '{"holder":"' .. holder .. '","granted":' ..
      grantsText(message.granted) .. ',"wake":' .. exact(message.wake) .. ',"sizes":' .. tostring(message.sizes) .. '}')
  end
  if claims and claims.isChanged then
    for room = 1, 2 do
      if claims[room] then
        redis.call('HSET', META, 'claim' .. room, cmsgpack.pack(claims[room]))
      else
        redis.call('HDEL', META, 'claim' .. room)
      end
    end
  end
  local sizes = get(SIZES)
  local answer = '{"isNew":' .. tostring(isNew) .. ',"granted":' .. grantsText(mine.p) .. ',"wake":' .. exact(wake) ..
    ',"version":' .. exact(sizes) .. (sizes ~= asks.sizes and ',"sizes":' .. sizesText() or '') ..
    (asks.wantsStats and ',"stats":' .. statsText() or '') .. '}'
  for holder in pairs(touched) do
    local record = records[holder]
    if holder == ME and asks.isLast and #record.p == 0 and record.n == 0 then
      redis.call('HDEL', HOLDERS, holder)
    elseif record then
      redis.call('HSET', HOLDERS, holder, cmsgpack.pack(record))
    end
  end
  keepAlive()
  flush()
  return answer
end

local function refusal()
  return '{"differs":' .. cjson.encode(knownOtherwise) .. '}'
end
`;
