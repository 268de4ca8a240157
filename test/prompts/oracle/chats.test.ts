/** Conversations that the database keeps. */
import { expect, it } from "vitest";
import { oracle, type OracleOptions, SelectAi } from "manyhands/prompts";
import { FakeOracle, oraError } from "./fake-oracle.js";

const LOGIN = { user: "SCOTT", password: "tiger", connectString: "db/service" };

function open(driver: FakeOracle, options: OracleOptions = {}): SelectAi {
  return new SelectAi({ ...LOGIN, driver, ...options });
}

function database(): FakeOracle {
  return new FakeOracle(({ sql, binds }) =>
    sql.includes("CREATE_") ? "id-1" : `answer to ${String(binds["prompt"])}`,
  );
}

const calls = (driver: FakeOracle): unknown[] =>
  driver.received.map(({ sql, binds }) => [
    /DBMS_CLOUD_AI\.(\w+)/.exec(sql)![1],
    binds["params"] ?? binds["attributes"],
  ]);

it("begins a conversation, sends its id with each question, and keeps it", async () => {
  const driver = database();
  await using ai = open(driver);
  const chat = await ai.openChat({ retentionDays: 3 });
  expect(chat.conversationId).toBe("id-1");
  await expect(chat.send("1")).resolves.toBe("answer to 1");
  await expect(chat.send("2", { params: { seed: 7 } })).resolves.toBe("answer to 2");
  await chat.close();
  await chat.close();
  await expect(chat.send("3")).rejects.toThrow("Cannot ask as the chat is closed");
  expect(calls(driver)).toEqual([
    ["CREATE_CONVERSATION", '{"title":"New Conversation","retention_days":3}'],
    ["GENERATE", '{"conversation_id":"id-1"}'],
    ["GENERATE", '{"seed":7,"conversation_id":"id-1"}'],
  ]);
});

it("asks one thing after the other", async () => {
  let running = 0;
  const driver = new FakeOracle(async ({ sql, binds }) => {
    if (sql.includes("CREATE_")) return "id-1";
    running += 1;
    expect(running).toBe(1);
    await new Promise(setImmediate);
    running -= 1;
    return String(binds["prompt"]);
  });
  await using ai = open(driver);
  const chat = await ai.openChat();
  const answers = Promise.all([1, 2, 3].map((n) => chat.send(String(n))));
  await chat.close();
  await expect(answers).resolves.toEqual(["1", "2", "3"]);
});

it("drops a conversation that it began, when asked to, and goes on with one that there is", async () => {
  const driver = database();
  await using ai = open(driver, { chats: { drop: true } });
  {
    await using chat = await ai.openChat({ conversationId: "old" });
    await chat.send("1");
  }
  {
    await using chat = await ai.openChat({ title: "T" });
    expect(chat.conversationId).toBe("id-1");
  }
  expect(calls(driver)).toEqual([
    ["GENERATE", '{"conversation_id":"old"}'],
    ["CREATE_CONVERSATION", '{"title":"T"}'],
    ["DROP_CONVERSATION", undefined],
  ]);
  expect(driver.received.at(-1)!.binds).toEqual({ conversation_id: "id-1", force: true });
});

it("keeps one connection for a chat that is pinned, and at least one for all else", async () => {
  const driver = database();
  await using ai = open(driver, { poolMax: 2, chats: { pin: true, drop: true } });
  const chat = await ai.openChat();
  await chat.send("1");
  expect(driver.pool).toMatchObject({ acquired: 1, out: 1 });
  await expect(ai.openChat()).rejects.toThrow(
    "Cannot pin another chat as at least one connection must be left for others: set 'poolMax' above 2",
  );
  await Promise.all([1, 2, 3].map((n) => ai.text("showSql", String(n))));
  await chat.send("2");
  await chat.close();
  expect(driver.pool.out).toBe(0);
  const [own] = driver.pool.connections;
  expect(calls(driver).filter((_, index) => driver.received[index]!.connection === own)).toEqual([
    ["CREATE_CONVERSATION", '{"title":"New Conversation"}'],
    ["GENERATE", '{"conversation_id":"id-1"}'],
    ["GENERATE", '{"conversation_id":"id-1"}'],
    ["DROP_CONVERSATION", undefined],
  ]);
  await (await ai.openChat()).close();
  expect(driver.faults).toEqual([]);
});

it("lets go of the connection when the conversation cannot be begun, or not be dropped", async () => {
  let isFailing = true;
  const failure = oraError(20_000, "cannot");
  const driver = new FakeOracle(({ sql }) => {
    if (isFailing) throw failure;
    return sql.includes("CREATE_") ? "id-1" : null;
  });
  await using ai = open(driver, { poolMax: 2, chats: { pin: true, drop: true } });
  await expect(ai.openChat()).rejects.toBe(failure);
  expect(driver.pool.out).toBe(0);
  isFailing = false;
  const chat = await ai.openChat();
  isFailing = true;
  await expect(chat.close()).rejects.toBe(failure);
  expect(driver.pool.out).toBe(0);
});

it("breaks off a question of a pinned chat, and goes on with the same connection", async () => {
  let tell!: () => void;
  const arrived = new Promise<void>((resolve) => (tell = resolve));
  const driver = new FakeOracle(({ sql, binds }) => {
    if (sql.includes("CREATE_")) return "id-1";
    if (binds["prompt"] !== "slow") return "answer";
    tell();
    return new Promise(() => {});
  });
  await using ai = open(driver, { chats: { pin: true } });
  await using chat = await ai.openChat();
  const controller = new AbortController();
  const slow = chat.send("slow", { signal: controller.signal });
  await arrived;
  controller.abort(new Error("enough"));
  await expect(slow).rejects.toThrow("enough");
  await expect(chat.send("next")).resolves.toBe("answer");
  expect(driver.pool).toMatchObject({ acquired: 1, connections: [{ breaks: 1 }] });
});

it("refuses further questions when the connection of a pinned chat is lost", async () => {
  const driver = new FakeOracle(({ sql }) => (sql.includes("CREATE_") ? "id-1" : new Promise(() => {})));
  await using ai = open(driver, { poolMax: 2, timeout: 20, breakTimeout: 10, chats: { pin: true } });
  await using chat = await ai.openChat();
  driver.pool.connections[0]!.isSilent = true;
  await expect(chat.send("1")).rejects.toThrow("within 20 ms");
  await expect(chat.send("2")).rejects.toThrow("Cannot do 'GENERATE' as the connection of the chat is lost");
});

it("is stopped at once though chats are still pinned", async () => {
  const driver = database();
  const ai = open(driver, { chats: { pin: true } });
  const chat = await ai.openChat();
  await ai.stop();
  expect(driver.pool).toMatchObject({ out: 0, isClosed: true });
  await expect(chat.send("?")).rejects.toThrow("stopped");
  await chat.close();
});

it("is begun by a profile with the parameters of the database", async () => {
  const driver = database();
  await using backend = oracle({ ...LOGIN, driver }).openBackend();
  const chat = await backend.openChat({ maxTurns: 5, params: { title: "T" } });
  await expect(chat.send("1", {}, [])).resolves.toBe("answer to 1");
  await chat.close();
  expect(calls(driver)[0]).toEqual(["CREATE_CONVERSATION", '{"title":"T","conversation_length":5}']);
  await expect(Promise.resolve(backend.openChat({ params: { titel: "T" } }))).rejects.toThrow("did you mean 'title'?");
});
