/**
 * What is done in the broker in one step, beside what the engine does.
 *
 * Fields of ours in the hash of a job begin with `mh:`. They go with the job.
 * - `mh:failure`: what was thrown, as JSON; `mh:state`: `revoked` or `expired` where it was that
 * - `mh:ttl`: how long the result is kept, where it was forgotten
 * - `mh:revoked`: it must not be run again
 * - `mh:waits`: the ids of the results that it waits for; `mh:followed`: others wait for its result
 * - `mh:crashes`, `mh:strangers`: how often it ended a thread, and came to nodes that do not know it
 */
import type { Keys } from "../broker/keys.js";
import { Script } from "../broker/script.js";

/** What they begin with: how keys are made of ids. */
const PRELUDE = `
local queues, base = ARGV[1], ARGV[2]
local function queue_of(id) return string.match(id, '^([^~]+)~') or 'default' end
local function queue_key(id) return queues .. ':' .. queue_of(id) .. ':' end
local function job_key(id) return queue_key(id) .. id end
local function outcome(id)
  local job = redis.call('HMGET', job_key(id), 'finishedOn', 'returnvalue', 'mh:failure', 'failedReason', 'mh:followed', 'mh:ttl')
  if not job[1] then return nil end
  if job[2] then return 's', job[2], job end
  if job[3] then return 'f', job[3], job end
  return 't', job[4] or '', job
end
local outbox = {}
local function tell(caller, kind, id, body)
  local records = outbox[caller]
  if not records then
    records = {}
    outbox[caller] = records
  end
  records[#records + 1] = kind .. id .. '\\n' .. #body .. '\\n' .. body
end
local function publish()
  for caller, records in pairs(outbox) do
    redis.call('PUBLISH', base .. ':reply:' .. caller, table.concat(records))
  end
end
local function tell_followers(id, kind, body, promoted)
  local key = base .. ':after:' .. id
  local followers = redis.call('SMEMBERS', key)
  for _, follower in ipairs(followers) do
    local rest = string.sub(follower, 2)
    if string.sub(follower, 1, 1) == 'c' then tell(rest, kind, id, body)
    else table.insert(promoted, rest) end
  end
  if #followers > 0 then redis.call('DEL', key) end
end
`;

/** What they all take first. */
export function scriptKeys(keys: Keys): { keys: string[]; args: string[] } {
  return { keys: [keys.of("expiry")], args: [keys.queues, keys.base] };
}

/**
 * Tells everyone who waits for these jobs that they have ended: ids with their callers, and how long results are kept.
 * Results are sent along up to a size, and so many bytes in all.
 * Returns those that have not ended, and jobs that waited for one of them.
 */
export const FINISH = new Script(`${PRELUDE}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local largest, left = tonumber(ARGV[3]), tonumber(ARGV[4])
local missed, promoted, expiries = {}, {}, {}
for i = 5, #ARGV, 3 do
  local id, caller = ARGV[i], ARGV[i + 1]
  local kind, body, job = outcome(id)
  if not kind then
    missed[#missed + 1] = id
  else
    if #body > largest or #body > left then kind, body = 'b', '' end
    left = left - #body
    if caller ~= '' then tell(caller, kind, id, body) end
    if job[5] then tell_followers(id, kind, body, promoted) end
    expiries[#expiries + 1] = now + tonumber(job[6] or ARGV[i + 2])
    expiries[#expiries + 1] = id
  end
end
if #expiries > 0 then redis.call('ZADD', KEYS[1], unpack(expiries)) end
publish()
return {missed, promoted}
`);

/**
 * Where jobs stand, with their results: for each id a kind, a text, and what it was besides.
 * A caller that is given is told when those that have not ended do. After so many bytes results are not given any more,
 * but `b`.
 */
export const READ = new Script(`${PRELUDE}
local caller, left = ARGV[3], tonumber(ARGV[4])
local found = {}
for i = 5, #ARGV do
  local id = ARGV[i]
  local key = job_key(id)
  local kind, body
  if left > 0 then
    kind, body = outcome(id)
    if kind then left = left - #body end
  elseif redis.call('HEXISTS', key, 'finishedOn') == 1 then
    kind, body = 'b', ''
  end
  if kind then
    local state = redis.call('HGET', key, 'mh:state')
    table.insert(found, kind)
    table.insert(found, body)
    table.insert(found, state or '')
  else
    body = ''
    if redis.call('EXISTS', key) == 0 then
      local gone = redis.call('GET', base .. ':gone:' .. id)
      kind = gone and 'g' or 'u'
    else
      local facts = redis.call('HMGET', key, 'atm', 'mh:waits')
      local failures = tonumber(facts[1] or '0')
      if redis.call('EXISTS', key .. ':lock') == 1 then kind = 'x'
      elseif failures > 0 then kind = 'r'
      elseif not facts[2] and redis.call('ZSCORE', queue_key(id) .. 'delayed', id) then kind = 'd'
      else kind = 'w' end
      if caller ~= '' then
        local after = base .. ':after:' .. id
        redis.call('SADD', after, 'c' .. caller)
        redis.call('PEXPIRE', after, 691200000)
        redis.call('HSET', key, 'mh:followed', '1')
      end
    end
    table.insert(found, kind)
    table.insert(found, body)
    table.insert(found, '')
  end
end
return found
`);

/** Looks at the results that a job needs; with "1", it is promoted when those that are missing come, but where it waits for itself. */
export const NEEDS = new Script(`${PRELUDE}
local own, follows = ARGV[3], ARGV[4]
local found, pending = {}, {}
-- Whether the job waits for itself: by those who began to wait before it.
local function is_circle()
  local seen, open = {}, {unpack(pending)}
  for _ = 1, 256 do
    local id = table.remove(open)
    if not id then return false end
    if id == own then return true end
    if not seen[id] then
      seen[id] = true
      for needed in string.gmatch(redis.call('HGET', job_key(id), 'mh:waits') or '', '%S+') do open[#open + 1] = needed end
    end
  end
  return false
end
for i = 5, #ARGV do
  local id = ARGV[i]
  local kind, body = outcome(id)
  if not kind then
    body = ''
    if redis.call('EXISTS', job_key(id)) == 1 then
      kind = 'p'
      pending[#pending + 1] = id
      if follows == '1' then
        local after = base .. ':after:' .. id
        redis.call('SADD', after, 'j' .. own)
        redis.call('PEXPIRE', after, 691200000)
        redis.call('HSET', job_key(id), 'mh:followed', '1')
      end
    else
      kind = redis.call('EXISTS', base .. ':gone:' .. id) == 1 and 'g' or 'u'
    end
  end
  table.insert(found, kind)
  table.insert(found, body)
end
if redis.call('EXISTS', job_key(own)) == 1 then
  if #pending > 0 then redis.call('HSET', job_key(own), 'mh:waits', table.concat(pending, ' '))
  else redis.call('HDEL', job_key(own), 'mh:waits') end
end
if #pending > 0 and is_circle() then
  for i = 1, #found, 2 do
    if found[i] == 'p' then found[i] = 'c' end
  end
end
return found
`);

/** Writes fields of a job, if it is there: pairs after its id. */
export const NOTE = new Script(`${PRELUDE}
local key = job_key(ARGV[3])
if redis.call('EXISTS', key) == 0 then return 0 end
for i = 4, #ARGV, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
return 1
`);

/** Counts in a field of a job, if it is there. */
export const COUNT = new Script(`${PRELUDE}
local key = job_key(ARGV[3])
if redis.call('EXISTS', key) == 0 then return 0 end
return redis.call('HINCRBY', key, ARGV[4], 1)
`);

/** Marks a job as not wanted any more: who made it, and how it stands. */
export const REVOKE = new Script(`${PRELUDE}
local id, ttl = ARGV[3], ARGV[4]
local key = job_key(id)
local job = redis.call('HMGET', key, 'timestamp', 'finishedOn', 'data')
if not job[1] then return {'u', ''} end
if job[2] then return {'e', ''} end
local caller = string.match(job[3], '^{"caller":"([^"]*)"') or ''
redis.call('HSET', key, 'mh:revoked', '1')
redis.call('SET', base .. ':gone:' .. id, 'revoked', 'PX', ttl)
if redis.call('EXISTS', key .. ':lock') == 1 then return {'x', caller} end
return {'w', caller}
`);

/** Tells everyone who waits for a job that it is gone; returns the jobs that waited for it. */
export const GONE = new Script(`${PRELUDE}
local id, caller = ARGV[3], ARGV[4]
local promoted = {}
if caller ~= '' then tell(caller, 'g', id, '') end
tell_followers(id, 'g', '', promoted)
publish()
return promoted
`);

/** Drops results whose time is over, a thousand at most, and what the engine kept of them in its events; returns how many. */
export const EXPIRE = new Script(`${PRELUDE}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 1000)
local seen = {}
for _, id in ipairs(ids) do
  local key, queue = job_key(id), queue_key(id)
  if redis.call('HEXISTS', key, 'finishedOn') == 1 then
    redis.call('ZREM', queue .. 'completed', id)
    redis.call('ZREM', queue .. 'failed', id)
    redis.call('DEL', key, key .. ':logs')
  end
  redis.call('ZREM', KEYS[1], id)
  seen[queue] = true
end
for queue in pairs(seen) do redis.call('XTRIM', queue .. 'events', 'MAXLEN', 0) end
return #ids
`);
