/**
 * Lua: the five algorithms of `src/limits/algorithms`, over the same rows of numbers; the tests compare each step of both.
 *
 * What they do and why stands there, with their invariants. Here `s` is where the row begins, and `r` is the rate with
 * `size`, the length of its row. Needs `NUMBERS_LUA`.
 */
import type { RateAlgorithmName } from "../../../limits/rate.js";

/** What all need. */
const COMMON = /* lua */ `
local INF = math.huge
local ROUNDING = 1 + 1024 * 2 ^ -52
local max, min, floor, ceil = math.max, math.min, math.floor, math.ceil
local RATES = {}

local function largest(r) return max(r.capacity, r.burst) end
local function excess(r, sum) return max(0, sum - r.capacity * ROUNDING) end
local function life(r) return r.window + r.guard end
`;

const SLIDING_WINDOW = /* lua */ `
do -- sliding-window: head, tail, total, then pairs of time and weight
  local function placeOf(s, r, pair) return s + 3 + 2 * (pair % floor((r.size - 3) / 2)) end
  local function weightAt(s, r, pair) return get(placeOf(s, r, pair) + 1) end
  local function hasExpired(s, r, now, pair) return get(placeOf(s, r, pair)) + life(r) <= now end

  local function sumOf(s, r, from, to)
    local sum = 0
    for pair = from, to - 1 do sum = sum + weightAt(s, r, pair) end
    return sum
  end

  local function dropExpired(s, r, now)
    local from, tail = get(s), get(s + 1)
    local head, dropped = from, 0
    while head < tail and (hasExpired(s, r, now, head) or weightAt(s, r, head) == 0) do
      dropped = dropped + weightAt(s, r, head)
      head = head + 1
    end
    if head > from then
      put(s, head)
      local pairsIn = floor((r.size - 3) / 2)
      local cameRound = floor(head / pairsIn) > floor(from / pairsIn)
      put(s + 2, cameRound and sumOf(s, r, head, tail) or get(s + 2) - dropped)
    end
    if head == tail then put(s + 2, 0) end
  end

  local function isShared(s, r, now, amount)
    local tail = get(s + 1)
    local count = tail - get(s)
    if count == 0 then return false end
    local newest = get(placeOf(s, r, tail - 1))
    local pairsIn = floor((r.size - 3) / 2)
    if newest >= now or count == pairsIn then return true end
    if 2 * r.capacity <= pairsIn and amount % 1 == 0 then return false end
    local granule = life(r) / (pairsIn - 1)
    return floor(newest / granule) == floor(now / granule)
  end

  local function add(s, r, now, amount)
    if amount == 0 then return end
    local tail = get(s + 1)
    put(s + 2, get(s + 2) + amount)
    if isShared(s, r, now, amount) then
      local newest = placeOf(s, r, tail - 1)
      if get(newest) < now then put(newest, now) end
      put(newest + 1, get(newest + 1) + amount)
      return
    end
    local place = placeOf(s, r, tail)
    put(place, now)
    put(place + 1, amount)
    put(s + 1, tail + 1)
  end

  local function addTo(s, r, pair, amount)
    put(s + 2, get(s + 2) + amount)
    local place = placeOf(s, r, pair)
    put(place + 1, get(place + 1) + amount)
  end

  local function firstSince(s, r, time)
    local low, high = get(s), get(s + 1)
    while low < high do
      local middle = floor((low + high) / 2)
      if get(placeOf(s, r, middle)) >= time then high = middle else low = middle + 1 end
    end
    return low
  end

  local function giveBack(s, r, from, refund)
    local head, tail = get(s), get(s + 1)
    local left, pair = refund, from
    while pair < tail and left > 0 do
      local place = placeOf(s, r, pair)
      local given = min(get(place + 1), left)
      put(place + 1, get(place + 1) - given)
      put(s + 2, get(s + 2) - given)
      left = left - given
      pair = pair + 1
    end
    while tail > head and weightAt(s, r, tail - 1) == 0 do tail = tail - 1 end
    put(s + 1, tail)
    if tail == head then put(s + 2, 0) end
  end

  RATES['sliding-window'] = {
    reset = function(s)
      put(s, 0)
      put(s + 1, 0)
      put(s + 2, 0)
    end,
    available = function(s, r, now)
      local head, tail, total = get(s), get(s + 1), get(s + 2)
      while head < tail and hasExpired(s, r, now, head) do
        total = total - weightAt(s, r, head)
        head = head + 1
      end
      if head == tail then return r.capacity end
      return r.capacity - total
    end,
    wait = function(s, r, now, amount)
      if excess(r, amount) > 0 then return INF end
      local tail, total = get(s + 1), get(s + 2)
      if excess(r, total + amount) == 0 then return 0 end
      for pair = get(s), tail - 1 do
        total = total - weightAt(s, r, pair)
        if pair == tail - 1 or excess(r, total + amount) == 0 then
          return max(0, get(placeOf(s, r, pair)) + life(r) - now)
        end
      end
      return 0
    end,
    take = function(s, r, now, amount)
      dropExpired(s, r, now)
      add(s, r, now, amount)
    end,
    settle = function(s, r, now, takenAt, difference)
      dropExpired(s, r, now)
      local pair = firstSince(s, r, takenAt)
      local isGone = pair == get(s + 1) or takenAt + life(r) <= now
      if difference < 0 then
        if not isGone then giveBack(s, r, pair, -difference) end
      elseif isGone then
        add(s, r, now, difference)
      else
        addTo(s, r, pair, difference)
      end
    end,
    postpone = function(s, r, since, untilTime, amount)
      dropExpired(s, r, since)
      local first, last = firstSince(s, r, since), firstSince(s, r, untilTime)
      local sum = sumOf(s, r, first, last)
      if amount >= sum and last == get(s + 1) then
        for pair = last - 1, first, -1 do put(placeOf(s, r, pair), untilTime) end
        return
      end
      local moved = min(amount, sum)
      if moved == 0 then return end
      if last == get(s + 1) then add(s, r, untilTime, moved) else addTo(s, r, last, moved) end
      giveBack(s, r, first, moved)
    end,
    cap = function(s, r, now, remaining)
      dropExpired(s, r, now)
      local missing = r.capacity - remaining - get(s + 2)
      if missing > 0 then add(s, r, now, missing) end
    end,
  }
end
`;

const FIXED_WINDOW = /* lua */ `
do -- fixed-window: when it started, what is used of it
  local function passed(s, r, now)
    local start = get(s)
    local windows = max(0, floor((now - start) / life(r)))
    if start + (windows + 1) * life(r) <= now then return windows + 1 end
    return windows
  end

  local function usedAt(s, r, now)
    if get(s + 1) == 0 then return 0 end
    return max(0, get(s + 1) - passed(s, r, now) * r.capacity)
  end

  local function add(s, r, now, amount)
    local used = usedAt(s, r, now)
    if used > 0 then put(s, get(s) + passed(s, r, now) * life(r)) else put(s, now) end
    put(s + 1, used + amount)
  end

  RATES['fixed-window'] = {
    reset = function(s)
      put(s, -INF)
      put(s + 1, 0)
    end,
    available = function(s, r, now) return r.capacity - usedAt(s, r, now) end,
    wait = function(s, r, now, amount)
      if excess(r, amount) > 0 then return INF end
      local above = excess(r, usedAt(s, r, now) + amount)
      if above == 0 then return 0 end
      local windows = passed(s, r, now) + ceil(above / r.capacity)
      return max(0, get(s) + windows * life(r) - now)
    end,
    take = add,
    settle = function(s, r, now, takenAt, difference)
      if difference >= 0 then
        add(s, r, now, difference)
      elseif takenAt >= get(s) then
        put(s + 1, max(0, get(s + 1) + difference))
      end
    end,
    resize = function(s, before, after, now) add(s, before, now, 0) end,
    cap = function(s, r, now, remaining)
      local missing = r.capacity - remaining - usedAt(s, r, now)
      if missing > 0 then add(s, r, now, missing) end
    end,
  }
end
`;

/** What the buckets need. */
const LOWS = /* lua */ `
-- The lows of a bucket: their number at f, then pairs of time and low.
local LOWS = 8

local function mergeTwo(f)
  local into, nearest = f + 1, -1
  for at = f + 1, f + 2 * LOWS - 3, 2 do
    local ratio = get(at + 1) / get(at + 3)
    if ratio > nearest then
      nearest = ratio
      into = at
    end
  end
  put(into + 1, min(get(into + 1), get(into + 3)))
  put(into, get(into + 2))
  for at = into + 2, f + 2 * LOWS - 3, 2 do
    put(at, get(at + 2))
    put(at + 1, get(at + 3))
  end
end

local function noteLow(f, now, low)
  local count = get(f)
  while count > 0 and get(f + 2 * count) >= low do count = count - 1 end
  if count > 0 and get(f + 2 * count - 1) >= now then return end
  if count == LOWS then
    mergeTwo(f)
    count = count - 1
  end
  put(f + 2 * count + 2, low)
  put(f + 2 * count + 1, now)
  put(f, count + 1)
end

local function refundable(f, takenAt, refund)
  local least = refund
  for at = f + 2 * get(f), f + 1, -2 do
    if get(at - 1) > takenAt then least = min(least, get(at)) end
  end
  return least
end

local function lessenLows(f, takenAt, refund)
  for at = f + 2 * get(f), f + 1, -2 do
    if get(at - 1) > takenAt then put(at, get(at) - refund) end
  end
end

local function stretchLows(f, factor)
  for at = f + 2 * get(f), f + 1, -2 do put(at, get(at) * factor) end
end
`;

/** Both that keep an instant. */
const GCRA = /* lua */ `
do -- gcra: when it is full, then the lows; leaky-bucket: the same, when the next may be taken
  local function noteTake(s, r, now, amount, earliest)
    local from = max(get(s), earliest)
    noteLow(s + 1, now, from - earliest)
    put(s, from + amount / r.perMs)
  end

  local function settleTake(s, r, takenAt, difference, earliest)
    local full = get(s)
    if difference >= 0 then
      put(s, full + difference / r.perMs)
    elseif full > earliest then
      local refund = refundable(s + 1, takenAt, min(-difference / r.perMs, full - earliest))
      lessenLows(s + 1, takenAt, refund)
      put(s, full - refund)
    end
  end

  local gcra = {
    reset = function(s)
      put(s + 1, 0)
      put(s, -INF)
    end,
    available = function(s, r, now) return r.burst - max(0, get(s) - now) * r.perMs end,
    wait = function(s, r, now, amount)
      if amount > largest(r) then return INF end
      return max(0, get(s) - now + (amount - r.burst) / r.perMs)
    end,
    take = function(s, r, now, amount) noteTake(s, r, now, amount, now) end,
    settle = function(s, r, now, takenAt, difference) settleTake(s, r, takenAt, difference, takenAt) end,
    postpone = function(s, r, since, untilTime, amount) put(s, max(get(s), untilTime + amount / r.perMs)) end,
    resize = function(s, before, after, now)
      local factor = before.perMs / after.perMs
      stretchLows(s + 1, factor)
      put(s, now + (get(s) - now) * factor)
    end,
    cap = function(s, r, now, remaining) put(s, max(get(s), now + (r.burst - remaining) / r.perMs)) end,
  }
  RATES['gcra'] = gcra
  RATES['leaky-bucket'] = {
    reset = gcra.reset,
    resize = gcra.resize,
    cap = gcra.cap,
    available = function(s, r, now)
      local level = gcra.available(s, r, now)
      if get(s) > now then return min(0, level) end
      return level
    end,
    wait = function(s, r, now, amount)
      if amount > largest(r) then return INF end
      return max(0, get(s) - now + max(0, amount - r.burst) / r.perMs)
    end,
    take = function(s, r, now, amount) noteTake(s, r, now, amount, now - r.slack) end,
    settle = function(s, r, now, takenAt, difference)
      settleTake(s, r, takenAt, difference, takenAt - r.slack)
    end,
    postpone = function(s, r, since, untilTime, amount)
      put(s, max(get(s), untilTime - r.slack + amount / r.perMs))
    end,
  }
end
`;

const TOKEN_BUCKET = /* lua */ `
do -- token-bucket: tokens, when they were counted, then the lows
  local function tokensAt(s, r, now) return get(s) + (now - get(s + 1)) * r.perMs end
  local function count(s, now, tokens)
    put(s + 1, now)
    put(s, tokens)
  end

  RATES['token-bucket'] = {
    reset = function(s, r, now)
      put(s + 2, 0)
      put(s + 1, now)
      put(s, INF)
    end,
    available = function(s, r, now) return min(r.burst, tokensAt(s, r, now)) end,
    wait = function(s, r, now, amount)
      if amount > largest(r) then return INF end
      return max(0, (amount - tokensAt(s, r, now)) / r.perMs)
    end,
    take = function(s, r, now, amount)
      local tokens = min(r.burst, tokensAt(s, r, now))
      noteLow(s + 2, now, (r.burst - tokens) / r.perMs)
      count(s, now, tokens - amount)
    end,
    settle = function(s, r, now, takenAt, difference)
      local tokens = tokensAt(s, r, now)
      if difference >= 0 then
        count(s, now, tokens - difference)
        return
      end
      local lacking = now - takenAt + (r.burst - tokens) / r.perMs
      if lacking <= 0 then return end
      local refund = refundable(s + 2, takenAt, min(-difference / r.perMs, lacking))
      lessenLows(s + 2, takenAt, refund)
      count(s, now, tokens + refund * r.perMs)
    end,
    postpone = function(s, r, since, untilTime, amount)
      local left = r.burst - amount
      if tokensAt(s, r, untilTime) > left then count(s, untilTime, left) end
    end,
    resize = function(s, before, after, now)
      stretchLows(s + 2, before.perMs / after.perMs)
      count(s, now, tokensAt(s, before, now) - before.burst + after.burst)
    end,
    cap = function(s, r, now, remaining)
      local tokens = tokensAt(s, r, now)
      if tokens > remaining then count(s, now, remaining) end
    end,
  }
end
`;

const ALGORITHMS: Readonly<Record<RateAlgorithmName, readonly string[]>> = {
  "sliding-window": [SLIDING_WINDOW],
  "fixed-window": [FIXED_WINDOW],
  gcra: [LOWS, GCRA],
  "leaky-bucket": [LOWS, GCRA],
  "token-bucket": [LOWS, TOKEN_BUCKET],
};

/** Those of these names: the server makes the functions of a script anew each time it runs. */
export function ratesLua(names: readonly RateAlgorithmName[]): string {
  return [COMMON, ...new Set(names.flatMap((name) => ALGORITHMS[name]))].join("");
}
