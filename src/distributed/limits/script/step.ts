/** Lua: one step of one process with one set of limits; see `stepLua`. */
import type { RateAlgorithmName } from "../../../limits/rate.js";
import { Script } from "../../broker/script.js";
import { NUMBERS_LUA } from "./numbers.js";
import { QUEUE_LUA } from "./queue.js";
import { ratesLua } from "./rates.js";
import { SET_LUA } from "./set.js";

/**
 * KEYS: numbers; what was agreed on (hash); the queue (sorted set: request → rank); what requests need (hash); what each
 * holder has (hash).
 *
 * ARGV: the definition; the time in ms, or 0 for that of the server; the holder; the number of the step; the lease in ms;
 * whether holders whose lease is over may be reaped; what is asked, as JSON (`StepAsks`); the prefix of the channels.
 *
 * Answers with JSON (`StepAnswer`). Runs also where the server has no memory left: what it writes is little, and bounded.
 *
 * L1. A step that is made twice, as an answer was lost, does what it did once: what a holder has is told as a whole, requests
 *     have numbers, and corrections are left out the second time.
 * L2. What a resource has in use is the sum of what its holders have: what they say they hold, and what they were granted
 *     and have not yet confirmed.
 * L3. A take that was not confirmed does not expire: it may begin later.
 * L4. Time never goes back.
 */
function stepLua(algorithms: readonly RateAlgorithmName[]): string {
  return /* lua */ `#!lua flags=allow-oom
${NUMBERS_LUA}${ratesLua(algorithms)}${SET_LUA}${QUEUE_LUA}
if not agree() then return refusal() end
local isNew = beginStep()
reap()
for _, change in ipairs(asks.resizes) do resize(change) end
for _, cap in ipairs(asks.caps) do capLimit(cap) end
if asks.pause > 0 then pause(asks.pause) end
confirm(asks.confirmed, asks.began)
hold(asks.held)
if not isRepeated then
  for _, one in ipairs(asks.settled) do settle(one) end
end
for _, id in ipairs(asks.left) do leave(id) end
serve()
for _, one in ipairs(asks.requests) do enqueue(one) end
for _, one in ipairs(asks.tries) do try(one) end
return finish(isNew)
`;
}

const scripts = new Map<string, Script>();

/** Sets with the same algorithms have the same script. */
export function stepScript(algorithms: readonly RateAlgorithmName[]): Script {
  const name = algorithms.join();
  let script = scripts.get(name);
  if (!script) scripts.set(name, (script = new Script(stepLua(algorithms))));
  return script;
}
