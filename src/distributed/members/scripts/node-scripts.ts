/** Scripts by which a node joins, stays and leaves. */
import { memberScript } from "./shared.js";

/** ARGV: id, facts (JSON), room (JSON amounts), lease. Again for the same id: what it gives is changed. */
export const JOIN_NODE = memberScript(
  "refused",
  `
local id, facts, total, lease = ARGV[1], ARGV[2], cjson.decode(ARGV[3]), tonumber(ARGV[4])
if redis.call("EXISTS", key("tomb", id)) == 1 then return 0 end
forgetDefinitions(id)
local said = cjson.decode(facts)
local room = { total = total, free = {}, workers = 0, format = said.format, draining = false }
for kind, amount in pairs(total) do room.free[kind] = amount end
local before = unpackAt("rooms", id)
if before then
  room.draining, room.workers = before.draining, before.workers
  for kind, amount in pairs(before.free) do
    room.free[kind] = (room.free[kind] or 0) - ((before.total[kind] or 0) - amount)
  end
end
packAt("rooms", id, room)
redis.call("HSET", NODES, id, facts)
for name, version in pairs(said.definitions) do redis.call("HSET", key("definition", name), id, version) end
redis.call("ZADD", key("node-leases"), NOW + lease, id)
fill(id)
return 1
`,
);

/** ARGV: id, lease, whether it may reap (`1`), owners of its workers (JSON). Returns whether it is a member, dead owners. */
export const BEAT_NODE = memberScript(
  "runs",
  `
local id, lease, mayReap, owners = ARGV[1], tonumber(ARGV[2]), ARGV[3] == "1", cjson.decode(ARGV[4])
local isRenewed, hadEnded = beat("node-leases", id, lease, mayReap)
if not isRenewed then return { 0, {} } end
local dead = {}
for _, owner in ipairs(owners) do
  if not isMember("owner-leases", owner) then table.insert(dead, owner) end
end
-- Of an owner that died before its worker was begun here nobody else would say that the worker is no more.
local has, hasRoom = setOf(owners), hadEnded
for _, worker in ipairs(redis.call("SMEMBERS", key("node-workers", id))) do
  local owner = unpackAt("workers", worker).owner
  if not has[owner] and not isMember("owner-leases", owner) then
    free(worker)
    hasRoom = true
  end
end
if hasRoom then fill(id) end
return { 1, dead }
`,
);

/** ARGV: id. It is given no more workers. */
export const CLOSE_NODE = memberScript(
  "runs",
  `
local room = unpackAt("rooms", ARGV[1])
if not room then return 0 end
room.draining = true
packAt("rooms", ARGV[1], room)
return 1
`,
);

/** ARGV: id. */
export const LEAVE_NODE = memberScript("runs", "bury(ARGV[1])\nreturn 1\n");
