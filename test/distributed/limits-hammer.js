// @ts-check
// A process whose loops take from a shared set as fast as they can, and record by the server's clock when what they were
// granted began and ended: <url> <prefix> <ms> <calls> <window>. Says "ready" when it could begin, and begins when told.
import { once } from "node:events";
import { CallLimit, RateLimit, ResourceLimit } from "manyhands";
import { SharedLimitSet } from "manyhands/distributed";
import { connect } from "../../dist/distributed/broker/connection.js";
import { resolveBroker } from "../../dist/config/broker.js";

const [url, prefix, ms, calls, window] = /** @type {[string, string, string, string, string]} */ (
  process.argv.slice(2)
);
const broker = { url, prefix, lease: 1000 };
const log = connect(resolveBroker(broker), "log");
const RECORD =
  "local t = redis.call('TIME'); return redis.call('RPUSH', KEYS[1], t[1] .. ' ' .. t[2] .. ' ' .. ARGV[1])";

/** @param {"begin" | "end"} what @param {number} tokens */
const record = (what, tokens) => log.call("EVAL", RECORD, 1, `{${prefix}}:log:${process.pid}`, `${what} ${tokens}`);

const set = new SharedLimitSet(
  "hammered",
  [
    new CallLimit({ capacity: Number(calls), window: Number(window) }),
    new RateLimit({ key: "tokens", capacity: 10 * Number(calls) + 40, window: Number(window) }),
    new ResourceLimit({ key: "connections", capacity: 18 }),
  ],
  { broker },
);
await set.stats();
await log.call("PING");
process.stdout.write("ready\n");
await once(process.stdin, "data");
const until = performance.now() + Number(ms);
await Promise.all(
  Array.from({ length: 8 }, async () => {
    for (let turn = 0; performance.now() < until; turn += 1) {
      const tokens = turn % 2 === 0 ? 5 : 15;
      const grant = await set.acquire({ tokens });
      await record("begin", tokens);
      await record("end", tokens);
      grant.release();
    }
  }),
);
process.stdin.destroy();
await set.close();
await log.quit();
