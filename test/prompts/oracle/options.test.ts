import { inspect } from "node:util";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { oracle, type OracleOptions, SelectAi } from "manyhands/prompts";
import { FakeOracle, njsError } from "./fake-oracle.js";

const LOGIN = { user: "SCOTT", password: "tiger", connectString: "db/service" };

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("SELECT_AI_")) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function connectedWith(options: OracleOptions): Promise<Readonly<Record<string, unknown>>> {
  const driver = new FakeOracle();
  await using ai = new SelectAi({ driver, ...options });
  await ai.text("chat", "?");
  const { poolAlias, ...others } = driver.pool.options;
  expect(poolAlias).toMatch(/^manyhands-/);
  // The driver is not told of the least before a connection could be made.
  expect(others["poolMin"]).toBe(0);
  return { ...others, poolMin: driver.pool.poolMin, profileName: driver.received[0]!.binds["profile_name"] };
}

const PACING = { queueMax: -1, queueTimeout: 0, poolPingInterval: 0 };

it("has defaults", async () => {
  await expect(connectedWith(LOGIN)).resolves.toEqual({
    ...LOGIN,
    ...PACING,
    poolMin: 1,
    poolMax: 4,
    poolIncrement: 1,
    profileName: "oci_ai_profile",
  });
});

it("takes what is not given from the environment", async () => {
  vi.stubEnv("SELECT_AI_USER", "ENV_USER");
  vi.stubEnv("SELECT_AI_PASSWORD", "env secret");
  vi.stubEnv("SELECT_AI_DB_CONNECT_STRING", "env/db");
  vi.stubEnv("SELECT_AI_POOL_MIN", "2");
  vi.stubEnv("SELECT_AI_POOL_MAX", "8");
  vi.stubEnv("SELECT_AI_POOL_INCREMENT", "3");
  vi.stubEnv("SELECT_AI_PROFILE_NAME", "ENV_PROFILE");
  vi.stubEnv("SELECT_AI_WALLET_LOCATION", "/wallet");
  vi.stubEnv("SELECT_AI_WALLET_PASSWORD", "wallet secret");
  const fromEnvironment = {
    ...PACING,
    user: "ENV_USER",
    password: "env secret",
    connectString: "env/db",
    poolMin: 2,
    poolMax: 8,
    poolIncrement: 3,
    walletLocation: "/wallet",
    walletPassword: "wallet secret",
    profileName: "ENV_PROFILE",
  };
  await expect(connectedWith({})).resolves.toEqual(fromEnvironment);
  await expect(connectedWith({ poolMin: 0, user: "GIVEN" })).resolves.toEqual({
    ...fromEnvironment,
    poolMin: 0,
    user: "GIVEN",
  });
  await expect(connectedWith({ driverOptions: { poolTimeout: 5, poolPingInterval: 60 } })).resolves.toMatchObject({
    poolTimeout: 5,
    poolPingInterval: 60,
  });
});

it.each<[OracleOptions, string]>([
  [{ ...LOGIN, user: undefined }, "Cannot connect to Oracle as 'user' is not set: give it, or set SELECT_AI_USER"],
  [
    { ...LOGIN, connectString: undefined },
    "Cannot connect to Oracle as 'connectString' is not set: give it, or set SELECT_AI_DB_CONNECT_STRING",
  ],
  [
    { ...LOGIN, poolmax: 4 } as OracleOptions,
    "Cannot set 'oracle.poolmax' as there is no such option: did you mean 'poolMax'?",
  ],
  [{ ...LOGIN, poolMax: 0 }, "Cannot set 'oracle.poolMax' as it must be a positive integer: current value is 0"],
  [{ ...LOGIN, poolMax: Infinity }, "Cannot set 'oracle.poolMax' as it must be finite"],
  [
    { ...LOGIN, poolMin: 5 },
    "Cannot set 'oracle.poolMin' as it must be at most 'poolMax', which is 4: current value is 5",
  ],
  [{ ...LOGIN, timeout: -1 }, "Cannot set 'oracle.timeout' as it must be a number of ms"],
  [{ ...LOGIN, retry: { retries: -1 } }, "Cannot set 'oracle.retry.retries'"],
  [{ ...LOGIN, pipelineConnections: 5 }, "Cannot set 'oracle.pipelineConnections' as it must be at most 'poolMax'"],
  [{ ...LOGIN, chats: { pins: true } as object }, "did you mean 'pin'?"],
  [
    { ...LOGIN, driverOptions: { poolMin: 2 } },
    "Cannot set 'oracle.driverOptions.poolMin' as it is an option by itself",
  ],
  [{ pool: {} as never }, "Cannot set 'oracle.pool' as it must be a pool of node-oracledb"],
])("refuses %j", (options, message) => {
  expect(() => oracle({ driver: new FakeOracle(), ...options })).toThrow(message);
});

it("refuses a login beside a pool of the caller", async () => {
  const driver = new FakeOracle();
  const pool = await driver.createPool({ poolMax: 1 });
  expect(() => oracle({ driver, pool, user: "SCOTT" })).toThrow(
    "Cannot set 'oracle.user' as the connections are those of",
  );
});

it("refuses variables that are no numbers", () => {
  vi.stubEnv("SELECT_AI_POOL_MAX", "many");
  expect(() => oracle({ ...LOGIN, driver: new FakeOracle() })).toThrow(
    "Cannot set 'SELECT_AI_POOL_MAX' as it must be a positive integer: current value is 'many'",
  );
});

it("takes the installed driver by default", () => {
  expect(() => oracle(LOGIN)).not.toThrow();
});

it("tells no secret, in errors, statistics or what is printed", async () => {
  const secret = "s3cret";
  const messages: unknown[] = [];
  for (const wrong of [{ password: [secret] }, { walletPassword: { secret } }, { connectString: [secret] }]) {
    try {
      oracle({ ...LOGIN, driver: new FakeOracle(), ...(wrong as object) });
    } catch (error) {
      messages.push(error);
    }
  }
  try {
    oracle(`scott/${secret}@db` as never);
  } catch (error) {
    messages.push(error);
  }
  expect(messages).toHaveLength(4);
  const driver = new FakeOracle();
  driver.onConnect = () => Promise.reject(njsError("NJS-511", "refused"));
  const login = { ...LOGIN, password: secret, walletPassword: secret };
  await using ai = new SelectAi({ ...login, driver, retry: { retries: 0 } });
  messages.push(await ai.text("chat", "?").catch((error: unknown) => error));
  const provider = oracle({ ...login, driver });
  messages.push(ai, ai.stats(), provider, provider.openBackend());
  const printed = inspect(messages, { depth: 20, showHidden: true }) + JSON.stringify(messages);
  expect(printed).toContain("NJS-511");
  expect(printed).not.toContain(secret);
});
