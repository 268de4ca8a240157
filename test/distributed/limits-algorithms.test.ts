/** The algorithms in Lua do, number for number, what those in TypeScript do. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, connect } from "../../dist/distributed/broker/connection.js";
import { keysOf } from "../../dist/distributed/broker/keys.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { Script } from "../../dist/distributed/broker/script.js";
import { NUMBERS_LUA } from "../../dist/distributed/limits/script/numbers.js";
import { ratesLua } from "../../dist/distributed/limits/script/rates.js";
import { type Rate, resolveRate } from "../../dist/limits/rate.js";
import { rateAlgorithm } from "../../dist/limits/rate-algorithm.js";
import { NAMES, optionsOf, share } from "../limits/algorithms/tested-limit.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";

/** Makes the steps one by one; answers with what each returns, and the whole row at the end. Flushes between some of them. */
const driver = new Script(`${NUMBERS_LUA}${ratesLua(NAMES)}
local run = cjson.decode(ARGV[1])
local alg, s = RATES[run.algorithm], 5
local function rateOf(n) return { capacity = n[1], window = n[2], burst = n[3], perMs = n[4], guard = n[5], slack = n[6], size = run.size } end
local r = rateOf(run.rate)
alg.reset(s, r, run.now)
local results = {}
local function tell(value) results[#results + 1] = string.format('%.17g', value) end
for k, op in ipairs(run.ops) do
  local name, now = op[1], op[2]
  if name == 'wait' or name == 'available' then
    tell(alg[name](s, r, now, op[3]))
  elseif name == 'resize' then
    local after = rateOf(op[3])
    if alg.resize then alg.resize(s, r, after, now) end
    r = after
  elseif name == 'postpone' then
    if alg.postpone then alg.postpone(s, r, op[3], now, op[4]) end
  else
    alg[name](s, r, now, op[3], op[4])
  end
  if k % 7 == 0 then
    flush()
    written, chunks = {}, {}
  end
end
flush()
for i = s, s + run.size - 1 do tell(get(i)) end
redis.call('DEL', KEYS[1])
return results`);

type Op = readonly [name: string, now: number, ...rest: (number | readonly number[])[]];

let connection: Connection;
const prefix = freshPrefix();
beforeAll(() => {
  connection = connect(resolveBroker({ url: sharedRedis(), prefix }), "test");
});
afterAll(async () => {
  await connection.quit();
});

const draw = fc.record({
  kind: fc.constantFrom("take", "take", "take", "force", "settle", "postpone", "cap", "resize", "wait", "await"),
  share,
  gap: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.double({ min: 0, max: 0.6, noNaN: true })),
  which: fc.nat(12),
  isWhole: fc.boolean(),
});

describe.each(NAMES)("%s in Lua", (name) => {
  it("does what it does in TypeScript", async () => {
    await fc.assert(
      fc.asyncProperty(optionsOf(name), fc.array(draw, { maxLength: 120, size: "max" }), async (options, draws) => {
        const algorithm = rateAlgorithm(name);
        const first = resolveRate(options);
        let rate = first;
        let now = 100;
        const state = new Float64Array(algorithm.size(rate));
        algorithm.reset(state, rate, now);
        const ops: Op[] = [];
        const results: number[] = [];
        const takes: { readonly at: number; settled: number }[] = [];
        const wait = (amount: number): number => {
          const ms = algorithm.wait(state, rate, now, amount);
          ops.push(["wait", now, amount]);
          results.push(ms);
          return ms;
        };
        const take = (amount: number): void => {
          algorithm.take(state, rate, now, amount);
          ops.push(["take", now, amount]);
          takes.push({ at: now, settled: amount });
        };
        for (const { kind, share: part, gap, which, isWhole } of draws) {
          now += gap * rate.window;
          const amount = isWhole ? Math.max(1, Math.round(part * rate.capacity)) : part * rate.capacity;
          const taken = takes.at(-1 - which);
          if (kind === "take" && wait(amount) === 0) take(amount);
          else if (kind === "force") take(amount);
          else if (kind === "wait") wait(amount);
          else if (kind === "await") now += Math.min(rate.window * 4, wait(amount));
          else if (kind === "settle" && taken) {
            const difference = part * rate.capacity * 0.3 - taken.settled;
            algorithm.settle(state, rate, now, taken.at, difference);
            ops.push(["settle", now, taken.at, difference]);
            taken.settled += difference;
          } else if (kind === "postpone" && taken) {
            algorithm.postpone?.(state, rate, taken.at, now, taken.settled);
            ops.push(["postpone", now, taken.at, taken.settled]);
          } else if (kind === "cap") {
            algorithm.cap(state, rate, now, amount);
            ops.push(["cap", now, amount]);
          } else if (kind === "resize") {
            const after = resolveRate({ ...options, capacity: Math.max(1, Math.ceil(part * 3 * options.capacity)) });
            algorithm.resize?.(state, rate, after, now);
            rate = after;
            ops.push(["resize", now, numbersOf(after)]);
          }
          ops.push(["available", now]);
          results.push(algorithm.available(state, rate, now));
        }
        const run = { algorithm: name, size: state.length, rate: numbersOf(first), now: 100, ops };
        const answer = (await driver.run(connection, [keysOf(prefix).of("row")], [JSON.stringify(run)])) as string[];
        expect(answer.map(toNumber)).toEqual([...results, ...state].map((value) => value + 0));
      }),
      { numRuns: 40 },
    );
  });
});

function numbersOf({ capacity, window, burst, perMs, guard, slack }: Rate): number[] {
  return [capacity, window, burst, perMs, guard, slack];
}

function toNumber(text: string): number {
  if (text.endsWith("inf")) return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text) + 0;
}
