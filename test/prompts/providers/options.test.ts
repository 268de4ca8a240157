import { inspect } from "node:util";
import { anthropic, openai, type OpenAIOptions } from "manyhands/prompts";
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import type { Account, HttpAccount, Provider } from "manyhands/prompts";
import { attempt, chatCompletion, json, WireServer } from "../wire-server.js";

const KEY = "sk-very-secret-key";
const VARIABLES = ["OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"] as const;
const before = VARIABLES.map((name) => [name, process.env[name]] as const);

let server: WireServer;
beforeAll(async () => {
  for (const name of VARIABLES) delete process.env[name];
  server = await WireServer.start(json(200, chatCompletion("hi")));
});
afterEach(() => {
  for (const name of VARIABLES) delete process.env[name];
});
afterAll(async () => {
  for (const [name, value] of before) if (value !== undefined) process.env[name] = value;
  await server[Symbol.asyncDispose]();
});

/** What a request is sent with, for each account. */
async function sentBy(
  provider: Provider<HttpAccount>,
): Promise<(readonly [url: string, headers: NodeJS.Dict<string | string[]>])[]> {
  const from = server.received.length;
  for (const account of provider.accounts) {
    await provider.send({ maxTokens: 1 }, attempt(provider, { account })).catch(() => {});
  }
  await provider.close?.();
  return server.received.slice(from).map(({ url, headers }) => [url, headers]);
}

describe("openai", () => {
  it("takes key and address from the environment, its options before", async () => {
    process.env.OPENAI_API_KEY = ` ${KEY}\n`;
    process.env.OPENAI_BASE_URL = server.url;
    expect(await sentBy(openai({ model: "m" }))).toMatchObject([
      ["/v1/chat/completions", { authorization: `Bearer ${KEY}` }],
    ]);
    const baseURL = `${server.url}/deep//?api-version=1#x`;
    expect(await sentBy(openai({ model: "m", apiKey: "other", baseURL }))).toMatchObject([
      ["/v1/deep/chat/completions?api-version=1", { authorization: "Bearer other" }],
    ]);
  });

  it("needs no key but where OpenAI and Azure are", async () => {
    process.env.OPENAI_API_KEY = " ";
    process.env.OPENAI_BASE_URL = " ";
    const [[, headers] = []] = await sentBy(openai({ model: "m", baseURL: server.url }));
    expect(headers).not.toHaveProperty("authorization");
    expect(() => openai({ model: "m" })).toThrow(
      new TypeError(
        "Cannot set 'openai.apiKey' as api.openai.com takes no requests without one: set the environment variable OPENAI_API_KEY",
      ),
    );
    const azure = "https://x.openai.azure.com/openai/v1";
    expect(() => openai({ model: "m", baseURL: azure })).toThrow("x.openai.azure.com takes no requests without one");
    openai({ model: "m", baseURL: azure, headers: { "API-Key": KEY } });
  });

  it("sends headers, which win over its own: a key among them is the only one", async () => {
    process.env.OPENAI_API_KEY = KEY;
    const headers = { "API-Key": "azure", "User-Agent": "mine", "x-extra": "1" };
    const [[, sent] = []] = await sentBy(openai({ model: "m", baseURL: server.url, headers }));
    expect(sent).toMatchObject({ "api-key": "azure", "user-agent": "mine", "x-extra": "1" });
    expect(sent).not.toHaveProperty("authorization");
  });

  it("has several accounts, with what they do not say from the provider", async () => {
    const provider = openai({
      model: "m",
      apiKey: "one",
      baseURL: server.url,
      headers: { "x-all": "1" },
      accounts: [
        {},
        {
          name: "eu",
          apiKey: "two",
          headers: { "x-own": "2" },
          baseURL: `${server.url}/eu`,
          rpm: 10,
          tpm: 1.5,
          concurrency: 3,
        },
      ],
    });
    expectTypeOf(provider).toEqualTypeOf<Provider<HttpAccount>>();
    expectTypeOf<HttpAccount>().toExtend<Account>();
    expect(provider.accounts).toMatchObject([{ name: "account 1" }, { name: "eu", rpm: 10, tpm: 1.5, concurrency: 3 }]);
    expect(await sentBy(provider)).toMatchObject([
      ["/v1/chat/completions", { authorization: "Bearer one", "x-all": "1" }],
      ["/v1/eu/chat/completions", { authorization: "Bearer two", "x-all": "1", "x-own": "2" }],
    ]);
  });

  it("names the most tokens as the server knows them", async () => {
    const bodyOf = async (options: Partial<OpenAIOptions>): Promise<unknown> => {
      // A `fetch` sees what would go to OpenAI.
      let body: unknown;
      const fetch = async (_: string, init: RequestInit): Promise<Response> => {
        body = JSON.parse(init.body as string);
        return Response.json(chatCompletion("hi"));
      };
      const provider = openai({ model: "m", apiKey: KEY, fetch, ...options });
      await provider.send({ maxTokens: 5 }, attempt(provider));
      return body;
    };
    expect(await bodyOf({})).toEqual({ model: "m", max_completion_tokens: 5 });
    expect(await bodyOf({ baseURL: "http://localhost:1/v1" })).toEqual({ model: "m", max_tokens: 5 });
    expect(await bodyOf({ maxTokensField: "max_tokens" })).toEqual({ model: "m", max_tokens: 5 });
  });

  it("shows no key to anybody who prints it, nor in what it throws", () => {
    const provider = openai({ model: "m", accounts: [{ apiKey: KEY, headers: { authorization: `Bearer ${KEY}` } }] });
    const options = { depth: null, showHidden: true, getters: true } as const;
    for (const shown of [inspect(provider, options), inspect(provider.accounts, options), JSON.stringify(provider)]) {
      expect(shown).toContain("account 1");
      expect(shown).not.toContain(KEY);
    }
  });

  const wrong =
    (options: unknown): (() => unknown) =>
    () =>
      openai(options as OpenAIOptions);
  const SAFE = { model: "m", apiKey: KEY };
  it.each([
    [KEY, "Cannot set 'openai' as it must be an object"],
    [{ ...SAFE, apikey: 1 }, "Cannot set 'openai.apikey' as there is no such option: did you mean 'apiKey'?"],
    [{ ...SAFE, model: "" }, "Cannot set 'openai.model' as it must be the name of a model: current value is ''"],
    [
      { ...SAFE, baseURL: "api.openai.com" },
      "Cannot set 'openai.baseURL' as it must be an address that begins with http:// or https://: current value is 'api.openai.com'",
    ],
    [{ ...SAFE, baseURL: "ftp://x" }, "Cannot set 'openai.baseURL' as it must be an address"],
    [
      { ...SAFE, endpoint: "chats" },
      "Cannot set 'openai.endpoint' as it must be one of 'chat', 'responses', 'embeddings': current value is 'chats', did you mean 'chat'?",
    ],
    [{ ...SAFE, maxTokensField: "tokens" }, "Cannot set 'openai.maxTokensField' as it must be one of"],
    [{ ...SAFE, fetch: 1 }, "Cannot set 'openai.fetch' as it must be a function: current value is 1"],
    [
      { ...SAFE, headers: { "a b": "x" } },
      "Cannot set 'openai.headers' as the header 'a b' has a name or value that HTTP does not allow",
    ],
    [{ ...SAFE, headers: { a: `${KEY}\n` } }, "Cannot set 'openai.headers' as the header 'a' has"],
    [{ ...SAFE, headers: [KEY] }, "Cannot set 'openai.headers' as it must be an object of names and values"],
    [
      { model: "m", apiKey: `${KEY} and more` },
      "Cannot set 'openai.apiKey' as it holds spaces or other characters that no key has",
    ],
    [{ model: "m", apiKey: { KEY } }, "Cannot set 'openai.apiKey' as it must be a text: it is of type object"],
    [{ ...SAFE, accounts: [] }, "Cannot set 'openai.accounts' as it must be a list of at least one"],
    [{ ...SAFE, accounts: [KEY] }, "Cannot set 'openai.accounts[0]' as it must be an object"],
    [{ ...SAFE, accounts: { apiKey: KEY } }, "Cannot set 'openai.accounts' as it must be a list"],
    [
      { ...SAFE, accounts: [{ rmp: 1 }] },
      "Cannot set 'openai.accounts[0].rmp' as there is no such option: did you mean 'rpm'?",
    ],
    [
      { ...SAFE, accounts: [{}, { rpm: 0 }] },
      "Cannot set 'openai.accounts[1].rpm' as it must be a number above 0: current value is 0",
    ],
    [
      { ...SAFE, accounts: [{ concurrency: 1.5 }] },
      "Cannot set 'openai.accounts[0].concurrency' as it must be a positive integer: current value is 1.5",
    ],
    [
      { ...SAFE, accounts: [{ name: "a" }, { name: "a" }] },
      "Cannot set 'openai.accounts' as each must have a name of its own: two are 'a'",
    ],
    [
      { ...SAFE, accounts: [{ name: "" }] },
      "Cannot set 'openai.accounts[0].name' as it must be a text: current value is ''",
    ],
  ])("refuses what is wrong: %#", (options, message) => {
    expect(wrong(options)).toThrow(message);
    expect(wrong(options)).not.toThrow(KEY);
  });
});

describe("anthropic", () => {
  it("takes key and address from the environment, with the version at its end or without", async () => {
    process.env.ANTHROPIC_API_KEY = KEY;
    for (const url of [server.url, server.url.replace("/v1", ""), server.url.replace("v1", "")]) {
      process.env.ANTHROPIC_BASE_URL = url;
      expect(await sentBy(anthropic({ model: "c" }))).toMatchObject([["/v1/messages", { "x-api-key": KEY }]]);
    }
  });

  it("needs a key where Anthropic is, and has no options of others", () => {
    expect(() => anthropic({ model: "c" })).toThrow(
      "Cannot set 'anthropic.apiKey' as api.anthropic.com takes no requests without one: set the environment variable ANTHROPIC_API_KEY",
    );
    expect(() => anthropic({ model: "c", endpoint: "chat" } as never)).toThrow(
      "Cannot set 'anthropic.endpoint' as there is no such option",
    );
  });
});
