/**
 * What all scripts about members share. All of their state lies in these keys, under `<prefix>:members`:
 *
 *     node-leases, owner-leases   sorted sets: id → until when its lease lasts (ms, clock of the server)
 *     owners                      hash: id → JSON {host, pid, since}
 *     rooms                       hash: node → {total, free, workers, format, draining} (msgpack)
 *     definition:<name>           hash: node → version it has
 *     workers                     hash: worker → {owner, shape, node} (msgpack); without a node it waits
 *     node-workers:<node>         set: who is placed there
 *     owner-workers:<owner>       set: whose workers are placed or wait
 *     lines                       hash: digest of a shape → the shape, for shapes of which workers wait
 *     line:<digest>               sorted set: waiting worker → its number in the order of arrival
 *     order                       the last number
 *     tomb:<node>                 the last entry that the inbox of a dead node had delivered; for an hour
 *     pulse                       hash: at → the last beat of anyone, since → since when beats come without a gap
 *
 * S1. The free room of a node is its total minus what the workers placed there need. Only `take` and `free` change it.
 * S2. No worker waits that would fit on a node which is alive: whatever gives room to a node calls `fill` for it.
 * S3. A worker is placed or waits only while its owner has a lease, or its node has not yet said that it ended.
 * S4. The id of a node that is gone is never used again: its tomb says what it may have received.
 * S5. Nobody is reaped before beats came without a gap for as long as a lease: after a pause of the server all leases look
 *     expired, and everyone needs the time to renew theirs.
 */
import type { Keys } from "../../broker/keys.js";
import { Script } from "../../broker/script.js";

/** The keys that each of the scripts is given. */
export function memberKeys(keys: Keys): readonly string[] {
  return [keys.of("members"), keys.nodes, keys.inbox("")];
}

/** What stands in a tomb when nobody knows what the node had received: it may be all. */
export const LAST_ENTRY = "18446744073709551615-18446744073709551615";

/** In a server without free memory: `"runs"` for what keeps things alive or makes room, `"refused"` for what adds. */
type WhenFull = "runs" | "refused" | "reads";

const FLAGS: Record<WhenFull, string> = {
  runs: "#!lua flags=allow-oom\n",
  refused: "#!lua\n",
  reads: "#!lua flags=no-writes\n",
};

/** A script that begins with the functions below. */
export function memberScript(whenFull: WhenFull, body: string): Script {
  return new Script(FLAGS[whenFull] + BASE + SURVEY + CHANGES + ENDS + body);
}

const BASE = `
local MEMBERS, NODES, INBOX = KEYS[1], KEYS[2], KEYS[3]
local TIME = redis.call("TIME")
local NOW = TIME[1] * 1000 + math.floor(TIME[2] / 1000)
math.randomseed(tonumber(TIME[2]))

local function key(part, id)
  return MEMBERS .. ":" .. part .. (id and ":" .. id or "")
end

local function unpackAt(part, field)
  local packed = redis.call("HGET", key(part), field)
  return packed and cmsgpack.unpack(packed) or nil
end

local function packAt(part, field, value)
  redis.call("HSET", key(part), field, cmsgpack.pack(value))
end

local function isMember(leases, id)
  return redis.call("ZSCORE", key(leases), id) ~= false
end

local function setOf(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

local function mapOf(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end
`;

/** Looks for the best node. */
const SURVEY = `
local function fits(room, need)
  for kind, amount in pairs(need) do
    if (room.free[kind] or 0) < amount then return false end
  end
  return true
end

-- The smallest free share that the node has left of what the worker needs.
local function shareLeft(room, need)
  local share = 1
  for kind, amount in pairs(need) do
    share = math.min(share, (room.free[kind] - amount) / room.total[kind])
  end
  return share
end

local function increment(counts, name)
  counts[name] = (counts[name] or 0) + 1
end

local function addKinds(kinds, room, need)
  for kind in pairs(need) do
    local of = kinds[kind] or { total = 0, free = 0, most = 0, mostFree = 0 }
    local total, free = room.total[kind] or 0, math.max(0, room.free[kind] or 0)
    of.total, of.free = of.total + total, of.free + free
    of.most, of.mostFree = math.max(of.most, total), math.max(of.mostFree, free)
    kinds[kind] = of
  end
end

-- Returns the node to place a worker of the shape on, or nil and what was counted. Spreads: of the nodes with room, the one
-- that has the largest share left; then the one with fewest workers; then any.
local function survey(shape)
  local name, version, format, need = shape[1], shape[2], shape[3], shape[4]
  local versions = mapOf(redis.call("HGETALL", key("definition", name)))
  local silent = setOf(redis.call("ZRANGEBYSCORE", key("node-leases"), "-inf", "(" .. NOW))
  local counts = { silent = 0, stopping = 0, formats = {}, unknown = 0, versions = {}, usable = 0, roomy = 0, kinds = {} }
  local best, bestShare, bestWorkers, ties = nil, -1, 0, 0
  local rooms = redis.call("HGETALL", key("rooms"))
  for i = 1, #rooms, 2 do
    local id, room = rooms[i], cmsgpack.unpack(rooms[i + 1])
    if silent[id] then
      increment(counts, "silent")
    elseif room.draining then
      increment(counts, "stopping")
    elseif room.format ~= format then
      increment(counts.formats, tostring(room.format))
    elseif not versions[id] then
      increment(counts, "unknown")
    elseif versions[id] ~= version then
      increment(counts.versions, versions[id])
    else
      increment(counts, "usable")
      if fits(room, need) then
        local share = shareLeft(room, need)
        if share > bestShare or (share == bestShare and room.workers < bestWorkers) then
          best, bestShare, bestWorkers, ties = id, share, room.workers, 1
        elseif share == bestShare and room.workers == bestWorkers then
          ties = ties + 1
          if math.random(ties) == 1 then best = id end
        end
      elseif not best then
        if fits({ free = room.total }, need) then increment(counts, "roomy") end
        addKinds(counts.kinds, room, need)
      end
    end
  end
  if best then return best end
  return nil, counts
end
`;

/** Changes of who is placed where. */
const CHANGES = `
-- Takes room for a worker; what it needs may be more than what is free when a lost placement is restored.
local function take(worker, record, id, room)
  for kind, amount in pairs(cjson.decode(record.shape)[4]) do
    room.free[kind] = (room.free[kind] or 0) - amount
  end
  room.workers = room.workers + 1
  packAt("rooms", id, room)
  redis.call("SADD", key("node-workers", id), worker)
  redis.call("SADD", key("owner-workers", record.owner), worker)
  record.node = id
  packAt("workers", worker, record)
end

local function notify(owner, notice)
  redis.call("XADD", INBOX .. owner, "NOMKSTREAM", "*", "n", cjson.encode(notice))
end

local function enterLine(worker, record)
  local digest = redis.sha1hex(record.shape)
  redis.call("HSET", key("lines"), digest, record.shape)
  redis.call("ZADD", key("line", digest), redis.call("INCR", key("order")), worker)
  redis.call("SADD", key("owner-workers", record.owner), worker)
  packAt("workers", worker, record)
end

local function leaveLine(worker, record)
  local digest = redis.sha1hex(record.shape)
  redis.call("ZREM", key("line", digest), worker)
  if redis.call("EXISTS", key("line", digest)) == 0 then redis.call("HDEL", key("lines"), digest) end
end

-- Places a worker that waits, and tells its owner.
local function admit(worker, id, room)
  local record = unpackAt("workers", worker)
  leaveLine(worker, record)
  take(worker, record, id, room)
  notify(record.owner, { placed = { worker = worker, node = id } })
end

-- Gives the room of a node to those that wait: in the order of arrival, passing over those that do not fit (S2).
local function fill(id)
  local shapes = redis.call("HGETALL", key("lines"))
  if #shapes == 0 then return end
  local room = unpackAt("rooms", id)
  local untilWhen = redis.call("ZSCORE", key("node-leases"), id)
  if not room or room.draining or not untilWhen or tonumber(untilWhen) < NOW then return end
  local needs = {}
  for i = 1, #shapes, 2 do
    local shape = cjson.decode(shapes[i + 1])
    if shape[3] == room.format and redis.call("HGET", key("definition", shape[1]), id) == shape[2] then
      needs[shapes[i]] = shape[4]
    end
  end
  while true do
    local first, number
    for digest, need in pairs(needs) do
      local head = fits(room, need) and redis.call("ZRANGE", key("line", digest), 0, 0, "WITHSCORES") or {}
      if not head[1] then
        needs[digest] = nil
      elseif not first or tonumber(head[2]) < number then
        first, number = head[1], tonumber(head[2])
      end
    end
    if not first then return end
    admit(first, id, room)
  end
end

-- Takes a worker out, wherever it is; returns the node that has room again.
local function free(worker)
  local record = unpackAt("workers", worker)
  if not record then return nil end
  redis.call("HDEL", key("workers"), worker)
  redis.call("SREM", key("owner-workers", record.owner), worker)
  if not record.node then
    leaveLine(worker, record)
    return nil
  end
  redis.call("SREM", key("node-workers", record.node), worker)
  local room = unpackAt("rooms", record.node)
  if not room then return nil end
  for kind, amount in pairs(cjson.decode(record.shape)[4]) do
    room.free[kind] = (room.free[kind] or 0) + amount
  end
  room.workers = room.workers - 1
  packAt("rooms", record.node, room)
  return record.node
end
`;

/** Leases and their ends. */
const ENDS = `
local LAST_ENTRY = "${LAST_ENTRY}"
local TOMB_MS = 3600000
local REAPED_AT_ONCE = 64

local function forgetDefinitions(id)
  local facts = redis.call("HGET", NODES, id)
  if not facts then return end
  for name in pairs(cjson.decode(facts).definitions) do
    redis.call("HDEL", key("definition", name), id)
  end
end

local function lastDelivered(id)
  local groups = redis.pcall("XINFO", "GROUPS", INBOX .. id)
  if groups.err or not groups[1] then return LAST_ENTRY end
  return mapOf(groups[1])["last-delivered-id"] or LAST_ENTRY
end

-- Ends a node: nothing reaches it any more, its workers are gone, their owners are told.
local function bury(id)
  if not isMember("node-leases", id) then return end
  local last = lastDelivered(id)
  redis.call("SET", key("tomb", id), last, "PX", TOMB_MS)
  redis.call("DEL", INBOX .. id)
  local owners = {}
  for _, worker in ipairs(redis.call("SMEMBERS", key("node-workers", id))) do
    owners[unpackAt("workers", worker).owner] = true
    free(worker)
  end
  forgetDefinitions(id)
  redis.call("HDEL", NODES, id)
  redis.call("HDEL", key("rooms"), id)
  redis.call("ZREM", key("node-leases"), id)
  for owner in pairs(owners) do notify(owner, { dead = { node = id, lastDelivered = last } }) end
end

-- Ends an owner: what waits for it waits no more; what is placed is ended by the nodes (S3).
local function dismiss(id)
  redis.call("DEL", INBOX .. id)
  for _, worker in ipairs(redis.call("SMEMBERS", key("owner-workers", id))) do
    if not unpackAt("workers", worker).node then free(worker) end
  end
  redis.call("HDEL", key("owners"), id)
  redis.call("ZREM", key("owner-leases"), id)
end

local function reap()
  local ended = function(leases)
    return redis.call("ZRANGEBYSCORE", key(leases), "-inf", "(" .. NOW, "LIMIT", 0, REAPED_AT_ONCE)
  end
  for _, id in ipairs(ended("node-leases")) do bury(id) end
  for _, id in ipairs(ended("owner-leases")) do dismiss(id) end
end

-- Whether beats came without a gap for as long as a lease (S5); this is one of them. The bound is below the 3/4 of a lease
-- that everyone who beats in time has left when the server pauses.
local function isSteady(lease)
  local at, since = unpack(redis.call("HMGET", key("pulse"), "at", "since"))
  if not at or NOW - at > lease * 0.6 then since = NOW end
  redis.call("HSET", key("pulse"), "at", NOW, "since", since)
  redis.call("PEXPIRE", key("pulse"), 10 * lease)
  return NOW - since >= lease
end

-- Renews a lease; says false when it is no more, else whether it had ended without being reaped. Then reaps.
local function beat(leases, id, lease, mayReap)
  local untilWhen = redis.call("ZSCORE", key(leases), id)
  if not untilWhen then return false end
  redis.call("ZADD", key(leases), NOW + lease, id)
  if isSteady(lease) and mayReap then reap() end
  return true, tonumber(untilWhen) < NOW
end
`;
