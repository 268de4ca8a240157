/** Scripts by which an owner of workers joins, stays and leaves. */
import { memberScript } from "./shared.js";

/** ARGV: id, what is said of it (JSON), lease. */
export const JOIN_OWNER = memberScript(
  "refused",
  `
local about = cjson.decode(ARGV[2])
about.since = NOW
redis.call("HSETNX", key("owners"), ARGV[1], cjson.encode(about))
redis.call("ZADD", key("owner-leases"), NOW + ARGV[3], ARGV[1])
return 1
`,
);

/**
 * ARGV: id, lease, whether it may reap (`1`), nodes it has workers on (JSON), workers of it that wait (JSON). Returns
 * whether it is a member; of the nodes the dead, each followed by its last entry; of the workers those that are placed, each
 * followed by its node; those nobody knows; those that wait, each followed by the digest of its shape; digests, each
 * followed by the shape and by what was counted (JSON).
 */
export const BEAT_OWNER = memberScript(
  "runs",
  `
local id, lease, mayReap = ARGV[1], tonumber(ARGV[2]), ARGV[3] == "1"
local nodes, workers = cjson.decode(ARGV[4]), cjson.decode(ARGV[5])
if not beat("owner-leases", id, lease, mayReap) then return { 0, {}, {}, {}, {}, {} } end

local dead = {}
for _, node in ipairs(nodes) do
  if not isMember("node-leases", node) then
    table.insert(dead, node)
    table.insert(dead, redis.call("GET", key("tomb", node)) or LAST_ENTRY)
  end
end

-- Looks once at each shape. By S2 there is no room, so nobody is admitted here, unless the server lost something.
local surveys, seen = {}, {}
local function look(shape, digest)
  seen[digest] = true
  local decoded = cjson.decode(shape)
  while true do
    local best, counts = survey(decoded)
    local head = redis.call("ZRANGE", key("line", digest), 0, 0)[1]
    if not head then return end
    if not best then
      for _, value in ipairs({ digest, shape, cjson.encode(counts) }) do table.insert(surveys, value) end
      return
    end
    admit(head, best, unpackAt("rooms", best))
  end
end

local placed, unknown, waiting = {}, {}, {}
for _, worker in ipairs(workers) do
  local record = unpackAt("workers", worker)
  local digest = record and redis.sha1hex(record.shape)
  if record and not record.node and not seen[digest] then
    look(record.shape, digest)
    record = unpackAt("workers", worker)
  end
  if not record then
    table.insert(unknown, worker)
  elseif record.node then
    table.insert(placed, worker)
    table.insert(placed, record.node)
  else
    table.insert(waiting, worker)
    table.insert(waiting, digest)
  end
end
return { 1, dead, placed, unknown, waiting, surveys }
`,
);

/** ARGV: id. */
export const LEAVE_OWNER = memberScript("runs", "dismiss(ARGV[1])\nreturn 1\n");
