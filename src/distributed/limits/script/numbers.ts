/**
 * Lua: numbers that live in one string of Redis, 8 bytes each, as a `Float64Array` has them.
 *
 * `get(i)` reads, `put(i, value)` writes, `flush()` sends what was written. What was never written is 0. Only the parts
 * that are looked at are read: a sliding window may have thousands.
 */
export const NUMBERS_LUA = /* lua */ `
local NUMBERS = KEYS[1]
local IN_CHUNK = 64
local chunks, written = {}, {}

local function get(i)
  local value = written[i]
  if value ~= nil then return value end
  local at = i % IN_CHUNK
  local first = i - at
  local chunk = chunks[first]
  if chunk == nil then
    chunk = redis.call('GETRANGE', NUMBERS, first * 8, (first + IN_CHUNK) * 8 - 1)
    chunks[first] = chunk
  end
  if #chunk < at * 8 + 8 then return 0 end
  return (struct.unpack('<d', chunk, at * 8 + 1))
end

local function put(i, value)
  written[i] = value
end

local function flush()
  local places = {}
  for i in pairs(written) do places[#places + 1] = i end
  table.sort(places)
  local k = 1
  while k <= #places do
    local first = places[k]
    local parts = {}
    while places[k] == first + #parts do
      parts[#parts + 1] = struct.pack('<d', written[places[k]])
      k = k + 1
    end
    redis.call('SETRANGE', NUMBERS, first * 8, table.concat(parts))
  end
end
`;
