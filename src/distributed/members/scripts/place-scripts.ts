/** Scripts that place workers on nodes, and take them away. */
import { memberScript } from "./shared.js";

/** ARGV: worker, owner, shape. Returns `{node}`, or `{false, counts}` (JSON) when it waits, or nothing for a dead owner. */
export const PLACE = memberScript(
  "refused",
  `
local worker, owner, shape = ARGV[1], ARGV[2], ARGV[3]
if not isMember("owner-leases", owner) then return {} end
local record = unpackAt("workers", worker)
if record and record.node then return { record.node } end
local best, counts = survey(cjson.decode(shape))
if best and record then
  admit(worker, best, unpackAt("rooms", best))
elseif best then
  take(worker, { owner = owner, shape = shape }, best, unpackAt("rooms", best))
elseif not record then
  enterLine(worker, { owner = owner, shape = shape })
end
if best then return { best } end
return { false, cjson.encode(counts) }
`,
);

/** ARGV: worker, the node it was on (empty: wherever it is). */
export const REMOVE = memberScript(
  "runs",
  `
local record = unpackAt("workers", ARGV[1])
if not record or (ARGV[2] ~= "" and record.node ~= ARGV[2]) then return 0 end
local node = free(ARGV[1])
if node then fill(node) end
return 1
`,
);

/**
 * ARGV: owner, all workers it knows of (JSON), those it knows to be placed: lists of worker, node, shape (JSON). After the
 * server may have lost what it was told last: workers that the owner does not know go, placements that it was told of are
 * counted again.
 */
export const RESTORE = memberScript(
  "runs",
  `
local owner, known, placed = ARGV[1], setOf(cjson.decode(ARGV[2])), cjson.decode(ARGV[3])
if not isMember("owner-leases", owner) then return 0 end
local roomy = {}
for _, worker in ipairs(redis.call("SMEMBERS", key("owner-workers", owner))) do
  if not known[worker] then
    local node = free(worker)
    if node then roomy[node] = true end
  end
end
for _, placement in ipairs(placed) do
  local worker, node, shape = placement[1], placement[2], placement[3]
  local record, room = unpackAt("workers", worker), unpackAt("rooms", node)
  if room and not (record and record.node) then
    free(worker)
    take(worker, { owner = owner, shape = shape }, node, room)
  end
end
for node in pairs(roomy) do fill(node) end
return 1
`,
);
