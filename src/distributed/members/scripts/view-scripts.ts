/** Scripts that show who is there and who waits. */
import { memberScript } from "./shared.js";

/** Returns for each node: facts (JSON), free room (JSON), whether it drains, lease left (ms), workers: id, owner, shape. */
export const VIEW_NODES = memberScript(
  "reads",
  `
local views = {}
local facts = redis.call("HGETALL", NODES)
for i = 1, #facts, 2 do
  local id = facts[i]
  local room, untilWhen = unpackAt("rooms", id), redis.call("ZSCORE", key("node-leases"), id)
  if room and untilWhen then
    local workers = {}
    for _, worker in ipairs(redis.call("SMEMBERS", key("node-workers", id))) do
      local record = unpackAt("workers", worker)
      for _, value in ipairs({ worker, record.owner, record.shape }) do table.insert(workers, value) end
    end
    local left = tostring(math.floor(untilWhen - NOW))
    table.insert(views, { facts[i + 1], cjson.encode(room.free), room.draining and 1 or 0, left, workers })
  end
end
return views
`,
);

/** Returns for each owner: id, what is said of it (JSON), lease left (ms), how many workers it has. */
export const VIEW_OWNERS = memberScript(
  "reads",
  `
local views = {}
local owners = redis.call("HGETALL", key("owners"))
for i = 1, #owners, 2 do
  local untilWhen = redis.call("ZSCORE", key("owner-leases"), owners[i])
  if untilWhen then
    local left = tostring(math.floor(untilWhen - NOW))
    table.insert(views, { owners[i], owners[i + 1], left, redis.call("SCARD", key("owner-workers", owners[i])) })
  end
end
return views
`,
);

/** Returns for each shape of which workers wait: the shape, how many wait, what was counted (JSON). */
export const VIEW_WAITING = memberScript(
  "reads",
  `
local views = {}
local lines = redis.call("HGETALL", key("lines"))
for i = 1, #lines, 2 do
  local best, counts = survey(cjson.decode(lines[i + 1]))
  if not best then
    table.insert(views, { lines[i + 1], redis.call("ZCARD", key("line", lines[i])), cjson.encode(counts) })
  end
end
return views
`,
);
