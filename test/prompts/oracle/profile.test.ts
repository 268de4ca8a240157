/** A profile whose provider is Oracle. */
import { expect, it } from "vitest";
import { oracle, type OracleOptions, Profile } from "manyhands/prompts";
import { FakeOracle, oraError } from "./fake-oracle.js";

function database(): FakeOracle {
  return new FakeOracle(({ sql, binds }) => {
    if (sql.includes("CREATE_CONVERSATION")) return "id-1";
    if (binds["prompt"] === "bad") throw oraError(20_000, "cannot");
    return binds["action"] === "runsql" ? '[{"N":1}]' : `answer to ${String(binds["prompt"] ?? binds["text"])}`;
  });
}

function open(driver: FakeOracle, options: OracleOptions = {}): Profile {
  return new Profile({ provider: oracle({ user: "U", password: "P", connectString: "db", driver, ...options }) });
}

it("does all actions", async () => {
  const driver = database();
  await using profile = open(driver);
  await expect(profile.runSql("how many?")).resolves.toMatchObject({ rows: [{ N: 1 }] });
  await expect(profile.translate("hello", { to: "French" })).resolves.toBe("answer to hello");
  for (const action of ["chat", "generate", "showSql", "explainSql", "narrate", "showPrompt"] as const) {
    await expect(profile[action]("?")).resolves.toBe("answer to ?");
  }
  await profile.summarize("", { location: "https://example.com/a.txt" });
  expect(driver.faults).toEqual([]);
});

it("maps prompts, in order or as they come, and one that fails costs no other", async () => {
  const driver = database();
  await using profile = open(driver, { poolMax: 2 });
  const prompts = Array.from({ length: 20 }, (_, index) => (index === 7 ? "bad" : `prompt ${index}`));
  const outcomes = await profile.map(prompts, { action: "showSql" });
  expect(outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : "failed"))).toEqual(
    prompts.map((prompt) => (prompt === "bad" ? "failed" : `answer to ${prompt}`)),
  );
  expect(driver.pool).toMatchObject({ mostOut: 2, out: 0 });
  expect(driver.faults).toEqual([]);
});

it("runs a pipeline in the database", async () => {
  const driver = database();
  await using profile = open(driver, { pipelineConnections: 2 });
  const results = await profile.runPipeline(
    [
      ["one", "showSql"],
      ["bad", "chat"],
      ["rows", "runSql"],
    ],
    { continueOnError: true },
  );
  expect(results).toMatchObject(["answer to one", { errorNum: 20_000 }, { rows: [{ N: 1 }] }]);
  expect(driver.pool.acquired).toBe(2);
});

it("chats, and closes everything when it is stopped", async () => {
  const driver = database();
  const profile = open(driver, { chats: { pin: true, drop: true } });
  const session = profile.chatSession();
  await expect(session.send("one")).resolves.toBe("answer to one");
  await profile.stop();
  expect(driver.sql.at(-1)).toContain("DROP_CONVERSATION");
  expect(driver.pool).toMatchObject({ out: 0, acquired: 1, isClosed: true });
});
