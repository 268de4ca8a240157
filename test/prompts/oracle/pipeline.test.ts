/** `runPipeline`: what is sent together, in which order outcomes come, and what happens to failures. */
import { expect, it } from "vitest";
import { type OracleOptions, type PromptAction, SelectAi } from "manyhands/prompts";
import { FakeOracle, njsError, oracledb, oraError } from "./fake-oracle.js";

const LOGIN = { user: "SCOTT", password: "tiger", connectString: "db/service" };
const SQL =
  "BEGIN :ret := DBMS_CLOUD_AI.GENERATE(prompt => :prompt, action => :action, profile_name => :profile_name); END;";

function open(driver: FakeOracle, options: OracleOptions = {}): SelectAi {
  return new SelectAi({ ...LOGIN, driver, retry: { retries: 0 }, ...options });
}

function prompts(count: number): PromptAction[] {
  return Array.from({ length: count }, (_, index) => [`prompt ${index}`, "showSql"]);
}

const answers = (count: number): object[] =>
  Array.from({ length: count }, (_, index) => ({ status: "fulfilled", value: `answer to prompt ${index}` }));

it("sends all together through one connection, with the Pipeline of the driver", async () => {
  const driver = new FakeOracle();
  await using ai = open(driver);
  await expect(ai.runPipeline(prompts(5))).resolves.toEqual(answers(5));
  expect(driver.pool).toMatchObject({ acquired: 1, out: 0 });
  expect(driver.received.every(({ isPipelined }) => isPipelined)).toBe(true);
  expect(driver.received[0]).toMatchObject({
    sql: SQL,
    binds: {
      ret: { dir: oracledb["BIND_OUT"], type: oracledb["CLOB"] },
      prompt: "prompt 0",
      action: "showsql",
      profile_name: "oci_ai_profile",
    },
  });
  expect(ai.stats()).toMatchObject({ requests: 5, answered: 5 });
  expect(driver.faults).toEqual([]);
});

it("has no outcomes for no prompts, without a connection", async () => {
  const driver = new FakeOracle();
  await using ai = open(driver);
  await expect(ai.runPipeline([])).resolves.toEqual([]);
  expect(driver.pools).toEqual([]);
});

it("divides the prompts among several connections, which work side by side", async () => {
  let running = 0;
  let most = 0;
  const driver = new FakeOracle(async ({ binds }) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    return `answer to ${String(binds["prompt"])}`;
  });
  await using ai = open(driver, { poolMax: 4, pipelineConnections: 3 });
  await expect(ai.runPipeline(prompts(11))).resolves.toEqual(answers(11));
  expect(driver.pool).toMatchObject({ acquired: 3, mostOut: 3, out: 0 });
  expect(most).toBe(3);
  const [first] = driver.pool.connections;
  const own = driver.received.filter(({ connection }) => connection === first).map(({ binds }) => binds["prompt"]);
  expect(own).toEqual(["prompt 0", "prompt 3", "prompt 6", "prompt 9"]);
  await expect(ai.runPipeline(prompts(2), { connections: 5 })).rejects.toThrow(
    "Cannot set 'runPipeline.connections' as it must be at most 'poolMax', which is 4: current value is 5",
  );
  await expect(ai.runPipeline(prompts(2), { connection: 2 } as object)).rejects.toThrow("did you mean 'connections'?");
});

it("goes on after failures, and has each in its place", async () => {
  const failure = oraError(20_000, "cannot");
  const driver = new FakeOracle(({ binds }) => {
    if (binds["prompt"] === "bad") throw failure;
    if (binds["prompt"] === "null") return null;
    return binds["action"] === "runsql" && binds["prompt"] !== "words" ? '[{"N":1}]' : "text";
  });
  await using ai = open(driver);
  const outcomes = await ai.runPipeline(
    [
      ["bad", "chat"],
      ["null", "chat"],
      ["rows", "runSql"],
      ["words", "runSql"],
      ["last", "summarize"],
    ],
    { continueOnError: true },
  );
  expect(outcomes).toMatchObject([
    { status: "rejected", reason: failure },
    { status: "fulfilled", value: "" },
    { status: "fulfilled", value: { columns: ["N"], rows: [{ N: 1 }] } },
    { status: "rejected", reason: { code: "MH_INVALID_SQL", sql: "text" } },
    { status: "fulfilled", value: "text" },
  ]);
  expect(ai.stats()).toMatchObject({ requests: 5, answered: 3, failed: 2 });
});

it("ends with the first failure unless told to go on", async () => {
  const failure = oraError(20_000, "cannot");
  const driver = new FakeOracle(({ binds }) => {
    if (binds["prompt"] === "prompt 1") throw failure;
    return "text";
  });
  await using ai = open(driver, { poolMax: 1 });
  await expect(ai.runPipeline(prompts(3))).rejects.toBe(failure);
  expect(driver.received).toHaveLength(2);
  expect(driver.pool.out).toBe(0);
  await expect(ai.runPipeline([["words", "runSql"]])).rejects.toThrow("Cannot read rows");
  expect(ai.stats()).toMatchObject({ requests: 4, answered: 0, failed: 4 });
});

it("breaks off the other parts when one fails", async () => {
  const failure = oraError(20_000, "cannot");
  let begun!: () => void;
  const other = new Promise<void>((resolve) => (begun = resolve));
  const driver = new FakeOracle(async ({ binds }) => {
    if (binds["prompt"] === "prompt 1") {
      begun();
      return new Promise(() => {});
    }
    await other;
    throw failure;
  });
  await using ai = open(driver, { poolMax: 2, pipelineConnections: 2 });
  await expect(ai.runPipeline(prompts(4))).rejects.toBe(failure);
  await expect.poll(() => driver.pool.out).toBe(0);
  expect(driver.pool.connections.map(({ breaks }) => breaks)).toEqual([0, 1]);
});

it("sends a long prompt by itself, in its turn, as pipelines refuse it", async () => {
  const driver = new FakeOracle(({ binds }) => String((binds["prompt"] as string).length));
  await using ai = open(driver);
  const lengths = [1, 2, 40_000, 3, 4];
  const outcomes = await ai.runPipeline(lengths.map((length) => ["x".repeat(length), "chat"]));
  expect(outcomes.map((outcome) => outcome.status === "fulfilled" && outcome.value)).toEqual(lengths.map(String));
  expect(driver.received.map(({ isPipelined }) => isPipelined)).toEqual([true, true, false, true, true]);
  expect(driver.pool.acquired).toBe(1);
});

it("keeps an answer that cannot be read as a failure of its own", async () => {
  const driver = new FakeOracle();
  const unreadable = oraError(1555, "snapshot too old");
  let reads = 0;
  driver.onRead = () => {
    reads += 1;
    if (reads === 2) throw unreadable;
  };
  await using ai = open(driver);
  const outcomes = await ai.runPipeline(prompts(3), { continueOnError: true });
  const [first, , third] = answers(3);
  expect(outcomes).toEqual([first, { status: "rejected", reason: unreadable }, third]);
});

it("keeps the other parts when there is no connection for one", async () => {
  const lost = njsError("NJS-500", "connection closed");
  const driver = new FakeOracle(() => "text");
  let connections = 0;
  driver.onConnect = () => {
    connections += 1;
    if (connections === 2) throw lost;
  };
  await using ai = open(driver, { pipelineConnections: 2 });
  const outcomes = await ai.runPipeline(prompts(4), { continueOnError: true });
  const answered = { status: "fulfilled", value: "text" };
  const failed = { status: "rejected", reason: lost };
  expect(outcomes).toEqual([answered, failed, answered, failed]);
});

it("keeps a failure of a whole pipeline as the failure of each prompt in it", async () => {
  const lost = njsError("NJS-500", "connection closed");
  const driver = new FakeOracle(({ connection }) => {
    connection.die(lost);
    return new Promise(() => {});
  });
  await using ai = open(driver);
  const outcomes = await ai.runPipeline(prompts(2), { continueOnError: true });
  expect(outcomes).toEqual([
    { status: "rejected", reason: lost },
    { status: "rejected", reason: lost },
  ]);
});

it("breaks off when it is aborted, and does not use the connection again", async () => {
  let tell!: () => void;
  const arrived = new Promise<void>((resolve) => (tell = resolve));
  const driver = new FakeOracle(() => {
    tell();
    return new Promise(() => {});
  });
  await using ai = open(driver);
  const controller = new AbortController();
  const outcomes = ai.runPipeline(prompts(3), { signal: controller.signal, continueOnError: true });
  await arrived;
  const [connection] = driver.pool.connections;
  let isCut = false;
  connection!._impl = { nscon: { forceDisconnect: () => (isCut = true) } };
  controller.abort(new Error("enough"));
  await expect(outcomes).rejects.toThrow("enough");
  await expect.poll(() => driver.pool.out).toBe(0);
  expect(driver.pool.connections).toMatchObject([{ breaks: 1, closedWith: { drop: true } }]);
  expect(isCut).toBe(true);
  expect(driver.received).toHaveLength(1);
});

it.each([
  ["statement", 1_900_000_000],
  ["answer", 2_304_000_000],
])("begins no other %s once it was given up, though it goes on after failures", async (what, version) => {
  const controller = new AbortController();
  const brokenOff = (): never => {
    controller.abort();
    throw oraError(1013, "user requested cancel of current operation");
  };
  const driver = new FakeOracle(() => (what === "statement" ? brokenOff() : "text"));
  let reads = 0;
  driver.version = version;
  driver.onRead = () => {
    reads += 1;
    brokenOff();
  };
  const ai = open(driver);
  const outcomes = ai.runPipeline(prompts(4), { signal: controller.signal, continueOnError: true });
  await expect(outcomes).rejects.toThrow("aborted");
  await ai.stop();
  expect([driver.received.length, reads]).toEqual(what === "statement" ? [1, 0] : [4, 1]);
});

it.each([
  ["an older driver", { Pipeline: undefined }],
  ["Oracle Client libraries", { thin: false }],
  ["an older database", { version: 1_900_000_000 }],
])("does without pipelines with %s", async (_name, differences) => {
  const driver = new FakeOracle();
  Object.assign(driver, differences);
  await using ai = open(driver);
  await expect(ai.runPipeline(prompts(3))).resolves.toEqual(answers(3));
  expect(driver.received.some(({ isPipelined }) => isPipelined)).toBe(false);
  expect(driver.pool.acquired).toBe(1);
});
