/** The statements that are sent, as `DBMS_CLOUD_AI` documents them: their text, and the direction and type of each bind. */
import { expect, it } from "vitest";
import { oracle, SelectAi, type TextAction } from "manyhands/prompts";
import { FakeOracle, oracledb } from "./fake-oracle.js";

const LOGIN = { user: "SCOTT", password: "tiger", connectString: "db/service", profileName: "SALES" };
const CLOB = { dir: oracledb["BIND_OUT"], type: oracledb["CLOB"] };
const GENERATE =
  "BEGIN :ret := DBMS_CLOUD_AI.GENERATE(prompt => :prompt, action => :action, profile_name => :profile_name); END;";

it("has the constants of the real driver", () => {
  expect(CLOB).toEqual({ dir: 3003, type: oracledb["DB_TYPE_CLOB"] });
});

it.each([
  ["showSql", "showsql"],
  ["explainSql", "explainsql"],
  ["narrate", "narrate"],
  ["chat", "chat"],
  ["showPrompt", "showprompt"],
  ["generate", "chat"],
] as const)("does '%s' by GENERATE", async (action, name) => {
  const driver = new FakeOracle();
  await using ai = new SelectAi({ ...LOGIN, driver });
  await expect(ai.text(action, "how many?")).resolves.toBe("answer to how many?");
  expect(driver.received).toMatchObject([
    { sql: GENERATE, binds: { ret: CLOB, prompt: "how many?", action: name, profile_name: "SALES" } },
  ]);
});

it("does runSql by GENERATE, and reads the rows", async () => {
  const driver = new FakeOracle(() => '[{"N":1,"A":null},{"N":2,"B":[3]}]');
  await using ai = new SelectAi({ ...LOGIN, driver });
  await expect(ai.rows("how many?")).resolves.toEqual({
    sql: undefined,
    columns: ["N", "A", "B"],
    rows: [
      { N: 1, A: null },
      { N: 2, B: [3] },
    ],
    isTruncated: false,
  });
  expect(driver.received).toMatchObject([{ sql: GENERATE, binds: { action: "runsql" } }]);
});

it.each([["No data found for the prompt."], [null], ["[]"]])("reads %j as no rows", async (answer) => {
  await using ai = new SelectAi({ ...LOGIN, driver: new FakeOracle(() => answer) });
  await expect(ai.rows("?")).resolves.toMatchObject({ columns: [], rows: [] });
});

it.each([["Sorry, I cannot"], ["[1]"], ["{}"], ["[[1]]"], ["[null]"]])("refuses %j as rows", async (answer) => {
  await using ai = new SelectAi({ ...LOGIN, driver: new FakeOracle(() => answer) });
  const error = `Cannot read rows as the database answered with something else: ${answer}`;
  await expect(ai.rows("?")).rejects.toMatchObject({ code: "MH_INVALID_SQL", message: error, sql: answer });
});

it("sends the parameters of an action as JSON", async () => {
  const driver = new FakeOracle();
  await using ai = new SelectAi({ ...LOGIN, driver });
  await ai.text("chat", "hello", { params: { conversation_id: "7", other: null } });
  expect(driver.received).toMatchObject([
    {
      sql:
        "BEGIN :ret := DBMS_CLOUD_AI.GENERATE(prompt => :prompt, action => :action, profile_name => :profile_name, " +
        "params => :params); END;",
      binds: { params: '{"conversation_id":"7"}' },
    },
  ]);
});

it("summarizes and translates", async () => {
  const driver = new FakeOracle(() => "short");
  await using ai = new SelectAi({ ...LOGIN, driver });
  await ai.text("summarize", "a long text");
  await ai.text("summarize", "", {
    location: "https://example.com/a.txt",
    instructions: "three words",
    params: { credential_name: "CRED", min_words: 3 },
  });
  await ai.text("translate", "hello", { from: "English", to: "French" });
  await ai.text("translate", "hello", { to: "French" });
  expect(driver.sql).toEqual([
    "BEGIN :ret := DBMS_CLOUD_AI.SUMMARIZE(content => :content, profile_name => :profile_name); END;",
    "BEGIN :ret := DBMS_CLOUD_AI.SUMMARIZE(location_uri => :location_uri, credential_name => :credential_name, " +
      "prompt => :prompt, parameters => :parameters, profile_name => :profile_name); END;",
    "BEGIN :ret := DBMS_CLOUD_AI.TRANSLATE(profile_name => :profile_name, text => :text, " +
      "source_language => :source_language, target_language => :target_language); END;",
    "BEGIN :ret := DBMS_CLOUD_AI.TRANSLATE(profile_name => :profile_name, text => :text, " +
      "target_language => :target_language); END;",
  ]);
  expect(driver.received[1]!.binds).toEqual({
    ret: CLOB,
    location_uri: "https://example.com/a.txt",
    credential_name: "CRED",
    prompt: "three words",
    parameters: '{"min_words":3}',
    profile_name: "SALES",
  });
  expect(driver.faults).toEqual([]);
});

it("gives feedback, and takes it back", async () => {
  const driver = new FakeOracle(() => null);
  await using ai = new SelectAi({ ...LOGIN, driver });
  await ai.feedback({ type: "positive", prompt: "how many?" });
  await ai.feedback({ type: "negative", prompt: "how many?", action: "runSql", response: "select 1", content: "no" });
  await ai.feedback({ type: "delete", sqlId: "abc" });
  expect(driver.received.map(({ sql, binds }) => [sql, binds])).toEqual([
    [
      "BEGIN DBMS_CLOUD_AI.FEEDBACK(profile_name => :profile_name, operation => :operation, " +
        "feedback_type => :feedback_type, sql_text => :sql_text); END;",
      {
        profile_name: "SALES",
        operation: "add",
        feedback_type: "positive",
        sql_text: "select ai showsql how many?",
      },
    ],
    [
      "BEGIN DBMS_CLOUD_AI.FEEDBACK(profile_name => :profile_name, operation => :operation, " +
        "feedback_type => :feedback_type, sql_text => :sql_text, response => :response, " +
        "feedback_content => :feedback_content); END;",
      {
        profile_name: "SALES",
        operation: "add",
        feedback_type: "negative",
        sql_text: "select ai runsql how many?",
        response: "select 1",
        feedback_content: "no",
      },
    ],
    [
      "BEGIN DBMS_CLOUD_AI.FEEDBACK(profile_name => :profile_name, operation => :operation, sql_id => :sql_id); END;",
      { profile_name: "SALES", operation: "delete", sql_id: "abc" },
    ],
  ]);
  expect(() => ai.feedback({ type: "positive" })).toThrow(
    "Cannot give feedback as exactly one of 'prompt' and 'sqlId'",
  );
  expect(() => ai.feedback({ type: "negative", prompt: "?" })).toThrow("'response' is needed");
});

it("calls the procedures that manage profiles and conversations", async () => {
  const driver = new FakeOracle(({ sql }) => (sql.includes("CREATE_CONVERSATION") ? "0123-4567" : null));
  await using ai = new SelectAi({ ...LOGIN, driver });
  const attributes = { provider: "openai", credential_name: "C", object_list: [{ owner: "SH" }], model: null };
  await ai.call("CREATE_PROFILE", { profile_name: "NEW", attributes, description: "of sales" });
  await ai.call("DROP_PROFILE", { profile_name: "NEW", force: true });
  await ai.call("SET_ATTRIBUTE", { profile_name: "NEW", attribute_name: "max_tokens", attribute_value: 512 });
  await ai.call("SET_ATTRIBUTES", { profile_name: "NEW", attributes: { seed: 1 } });
  const id = await ai.call("CREATE_CONVERSATION", { attributes: { title: "T", retention_days: 7 } });
  await ai.call("UPDATE_CONVERSATION", { conversation_id: id, attributes: { title: "U" } });
  await ai.call("DROP_CONVERSATION", { conversation_id: id, force: false });
  expect(driver.received.map(({ sql, binds }) => [sql, binds])).toEqual([
    [
      "BEGIN DBMS_CLOUD_AI.CREATE_PROFILE(profile_name => :profile_name, attributes => :attributes, " +
        "description => :description); END;",
      {
        profile_name: "NEW",
        attributes: '{"provider":"openai","credential_name":"C","object_list":[{"owner":"SH"}]}',
        description: "of sales",
      },
    ],
    [
      "BEGIN DBMS_CLOUD_AI.DROP_PROFILE(profile_name => :profile_name, force => :force); END;",
      { profile_name: "NEW", force: true },
    ],
    [
      "BEGIN DBMS_CLOUD_AI.SET_ATTRIBUTE(profile_name => :profile_name, attribute_name => :attribute_name, " +
        "attribute_value => :attribute_value); END;",
      { profile_name: "NEW", attribute_name: "max_tokens", attribute_value: "512" },
    ],
    [
      "BEGIN DBMS_CLOUD_AI.SET_ATTRIBUTES(profile_name => :profile_name, attributes => :attributes); END;",
      { profile_name: "NEW", attributes: '{"seed":1}' },
    ],
    [
      "BEGIN :ret := DBMS_CLOUD_AI.CREATE_CONVERSATION(attributes => :attributes); END;",
      {
        ret: { dir: oracledb["BIND_OUT"], type: oracledb["STRING"], maxSize: 4000 },
        attributes: '{"title":"T","retention_days":7}',
      },
    ],
    [
      "BEGIN DBMS_CLOUD_AI.UPDATE_CONVERSATION(conversation_id => :conversation_id, attributes => :attributes); END;",
      { conversation_id: "0123-4567", attributes: '{"title":"U"}' },
    ],
    [
      "BEGIN DBMS_CLOUD_AI.DROP_CONVERSATION(conversation_id => :conversation_id, force => :force); END;",
      { conversation_id: "0123-4567", force: false },
    ],
  ]);
});

it("reads the views, with large texts as texts", async () => {
  const rows = [{ PROFILE_NAME: "SALES", DESCRIPTION: "of sales" }];
  const driver = new FakeOracle(() => rows);
  await using ai = new SelectAi({ ...LOGIN, driver });
  await expect(ai.profiles()).resolves.toEqual(rows);
  await ai.attributes("sales");
  await ai.attributes();
  await ai.conversations();
  expect(driver.received.map(({ sql, binds }) => [sql, binds])).toEqual([
    [
      "SELECT profile_name, description FROM USER_CLOUD_AI_PROFILES WHERE REGEXP_LIKE(profile_name, " +
        ":profile_name_pattern, 'i')",
      { profile_name_pattern: ".*" },
    ],
    [
      "SELECT attribute_name, attribute_value FROM USER_CLOUD_AI_PROFILE_ATTRIBUTES WHERE profile_name = :profile_name",
      { profile_name: "SALES" },
    ],
    [
      "SELECT attribute_name, attribute_value FROM USER_CLOUD_AI_PROFILE_ATTRIBUTES WHERE profile_name = :profile_name",
      { profile_name: "SALES" },
    ],
    ["SELECT conversation_id, conversation_title, description, retention_days FROM USER_CLOUD_AI_CONVERSATIONS", {}],
  ]);
  const { options } = driver.received[0]!;
  expect(options).toMatchObject({ outFormat: oracledb["OUT_FORMAT_OBJECT"] });
  const { fetchTypeHandler } = options as { fetchTypeHandler: (column: object) => unknown };
  expect(fetchTypeHandler({ dbType: oracledb["DB_TYPE_CLOB"] })).toEqual({ type: oracledb["STRING"] });
  expect(fetchTypeHandler({ dbType: oracledb["DB_TYPE_VARCHAR"] })).toBeUndefined();
});

it("refuses what cannot be asked, at once and without a connection", async () => {
  const driver = new FakeOracle();
  await using ai = new SelectAi({ ...LOGIN, driver });
  expect(() => ai.text("shwSql" as TextAction, "?")).toThrow("did you mean 'showSql'?");
  expect(() => ai.text("chat", "")).toThrow("Cannot ask as the prompt must be a text that is not empty");
  expect(() => ai.text("chat", "?", { signals: [] } as object)).toThrow("Cannot set 'chat.signals'");
  expect(() => ai.call("DROP_PROFILE", {}, { signals: [] } as object)).toThrow("did you mean 'signal'?");
  expect(() => ai.text("summarize", "content", { location: "https://example.com/a.txt" })).toThrow(
    "Cannot set 'summarize.location' as the content itself is given",
  );
  expect(() => ai.text("translate", "hello")).toThrow("Cannot translate as 'to' is not set");
  expect(() => ai.call("DROP_PROFIL" as "DROP_PROFILE", {})).toThrow("Cannot call DBMS_CLOUD_AI as it must be one of");
  expect(() => ai.call("DROP_PROFILE", { name: "X" } as object)).toThrow("Cannot set 'DROP_PROFILE.name'");
  expect(() => ai.call("DROP_PROFILE", { force: 1 as unknown as boolean })).toThrow(
    "Cannot set 'DROP_PROFILE.force' as it must be a boolean: current value is 1",
  );
  await expect(ai.runPipeline([["?", "chart" as "chat"]])).rejects.toThrow("did you mean 'chat'?");
  await expect(ai.openChat({ ping: true } as object)).rejects.toThrow("did you mean 'pin'?");
  expect(driver.pools).toEqual([]);
});

it("does the actions of a profile", async () => {
  const driver = new FakeOracle(({ binds }) => (binds["action"] === "runsql" ? "[]" : "text"));
  await using backend = oracle({ ...LOGIN, driver }).openBackend();
  expect(backend.refusal("translate", {})).toBe("the language wanted is not set: set 'to'");
  expect(backend.refusal("translate", { to: "French" })).toBeUndefined();
  expect(backend.refusal("narrate", {})).toBeUndefined();
  await expect(backend.text("narrate", "?", {})).resolves.toBe("text");
  await expect(backend.rows("?", {})).resolves.toMatchObject({ rows: [] });
  await expect(backend.pipeline!([["?", "chat"]], { continueOnError: true })).resolves.toHaveLength(1);
  expect(backend.stats()).toMatchObject({ requests: 3, answered: 3, failed: 0, retried: 0, lost: 0 });
  await expect(Promise.resolve(backend.openChat({ system: "Be brief" }))).rejects.toThrow("Cannot set 'system'");
});

it("leaves connections open that profiles share", async () => {
  const driver = new FakeOracle();
  await using ai = new SelectAi({ ...LOGIN, driver });
  for (const provider of [oracle(ai), oracle(ai)]) {
    await using backend = provider.openBackend();
    await backend.text("chat", "?", {});
  }
  expect(driver.pools).toHaveLength(1);
  expect(driver.pool.isClosed).toBe(false);
});
