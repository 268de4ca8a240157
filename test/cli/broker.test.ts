import { expect, it } from "vitest";
import { reachBroker } from "../../dist/cli/broker/reach-broker.js";
import { resolveBroker } from "../../dist/config/broker.js";
import { startRedis } from "#fixtures/redis.js";

it("says what is wrong with a broker, and shows no password", async () => {
  await using redis = await startRedis();
  const open = await reachBroker(resolveBroker(redis.url));
  await open.call("CONFIG", "SET", "requirepass", "right");
  open.disconnect();
  const failure = async (url: string, within = 500): Promise<string> => {
    const reasons: string[] = [];
    const opened = reachBroker(resolveBroker(url), (reason) => reasons.push(reason), within);
    const error = await opened.then(
      () => new Error("It was reached"),
      (reason: unknown) => reason as Error & { code?: string },
    );
    expect(error).toMatchObject({ name: "BrokerUnavailableError", code: "MH_BROKER_UNAVAILABLE" });
    expect(reasons).toHaveLength(error.message.includes("ECONNREFUSED") ? 1 : 0);
    expect(error.message).not.toMatch(/wr0ng|right/);
    return error.message;
  };
  const at = `127.0.0.1:${redis.port}`;
  expect(await failure(`redis://:wr0ng@${at}`)).toMatch(/^Cannot begin as the broker redis:.*refused it: WRONGPASS/);
  expect(await failure(`redis://${at}`)).toContain("refused it: NOAUTH");
  expect(await failure(`redis://:right@${at}/99`)).toContain("refused it: ERR DB index is out of range");
  const connection = await reachBroker(resolveBroker(`redis://:right@${at}/2`));
  expect(await connection.call("DBSIZE")).toBe(0);
  connection.disconnect();
  await redis.kill();
  expect(await failure(`redis://:wr0ng@${at}`, 100)).toBe(
    `Cannot begin as the broker redis://:***@${at} did not answer for 100 ms: connect ECONNREFUSED ${at}: check the ` +
      "server, or name another with --redis",
  );
});
