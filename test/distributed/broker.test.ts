import { describe, expect, it } from "vitest";
import { connect } from "../../dist/distributed/broker/connection.js";
import { keysOf } from "../../dist/distributed/broker/keys.js";
import { type BrokerOptions, resolveBroker } from "../../dist/config/broker.js";
import { Script } from "../../dist/distributed/broker/script.js";
import { freshPrefix, sharedRedis } from "#fixtures/redis.js";

describe("a broker", () => {
  it("is reached by its url; scripts are sent when the server does not know them", async () => {
    const broker = resolveBroker({ url: sharedRedis(), prefix: freshPrefix() });
    const connection = connect(broker, "test");
    const script = new Script(
      `redis.call("SET", KEYS[1], ARGV[1], "PX", 5000); return ARGV[1] .. ${Math.random()} * 0`,
    );
    const key = keysOf(broker.prefix).of("test");
    expect(await script.run(connection, [key], ["a"])).toBe("a0");
    expect(await connection.call("GET", key)).toBe("a");
    await connection.quit();
  });

  it.each([
    [
      { url: "http://x" },
      "Cannot set 'broker' as its url must begin with redis:// or rediss://: current value is 'http://x'",
    ],
    [{ prefix: "a b" }, "Cannot set 'broker.prefix'"],
    [{ lease: 10 }, "Cannot set 'broker.lease' as it must be at least 1000 ms: current value is 10"],
    [{ ur: "x" }, "did you mean 'url'?"],
  ])("refuses %j", (options, message) => {
    expect(() => resolveBroker(options as BrokerOptions)).toThrow(message);
  });

  it("hides a password in what it shows", () => {
    expect(() => resolveBroker("http://me:secret@host")).not.toThrow("secret");
    expect(() => resolveBroker("http://me:secret@host")).toThrow("me:***@host");
  });
});
