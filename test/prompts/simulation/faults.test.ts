import { once } from "node:events";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { FaultPlan } from "../../../dist/prompts/simulation/fault-plan.js";
import { hashText } from "../../../dist/prompts/simulation/random.js";
import { FAULTS } from "../../../dist/prompts/simulation/simulation-options.js";
import { chatBody, errorOf, PATIENCE, post, serve, textOf } from "./ask.js";

it("draws as many faults as it is told to, for each attempt anew, and the same for the same seed", () => {
  const [plan, again] = [new FaultPlan(0.1, FAULTS), new FaultPlan(0.1, FAULTS)];
  const hashes = Array.from({ length: 5000 }, (_, index) => hashText(`prompt ${index}`, 1));
  const first = hashes.map((hash) => plan.next(hash));
  expect(hashes.map((hash) => again.next(hash))).toEqual(first);
  const share = (drawn: readonly unknown[]): number => drawn.filter(Boolean).length / drawn.length;
  expect(share(first)).toBeCloseTo(0.1, 1);
  for (const kind of FAULTS) expect(first.map((fault) => fault?.kind)).toContain(kind);
  const failed = hashes.filter((_, index) => first[index]);
  expect(share(failed.map((hash) => plan.next(hash)))).toBeLessThan(0.2);
});

it.each([
  ["500", 500, "server_error"],
  ["503", 503, "server_error"],
  ["529", 529, "overloaded_error"],
  ["429", 429, "requests"],
] as const)("answers the fault %s as real servers do", async (kind, status, type) => {
  const model = await serve({ faults: 1, faultKinds: [kind] });
  const response = await post(model, chatBody("x"));
  expect(response.status).toBe(status);
  expect(response.headers.get("x-simulated")).toBe("true");
  expect(await errorOf(response)).toMatchObject({ type });
  expect(model.stats()).toMatchObject({ answered: 0, faults: 1, inFlight: 0, statuses: { [status]: 1 } });
});

it("breaks a body of status 200", async () => {
  const model = await serve({ faults: 1, faultKinds: ["broken-json"] });
  const response = await post(model, chatBody("x"));
  expect(response.status).toBe(200);
  await expect(response.json()).rejects.toBeInstanceOf(SyntaxError);
  const streamed = await (await post(model, chatBody("x", { stream: true }))).text();
  expect(streamed).toMatch(/^data: /);
  expect(streamed).not.toContain("[DONE]");
  expect(model.stats()).toMatchObject({ answered: 0, inFlight: 0 });
});

it("breaks connections, before an answer and in the middle of one", async () => {
  const model = await serve({ faults: 1, faultKinds: ["reset"] });
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const response = await post(model, chatBody(`prompt ${index}`, { stream: index % 2 === 0 })).catch(
        () => "before",
      );
      if (typeof response === "string") return response;
      return response.text().catch(() => "within");
    }),
  );
  expect(new Set(outcomes)).toEqual(new Set(["before", "within"]));
  expect(model.stats()).toMatchObject({ requests: 20, answered: 0, inFlight: 0, aborted: 0 });
});

it("answers what is tried again often enough", async () => {
  const model = await serve({ faults: 0.5, faultKinds: ["500", "broken-json", "reset"] });
  const ask = async (prompt: string): Promise<string> => textOf(await post(model, chatBody(prompt)));
  for (let index = 0; index < 10; index += 1) {
    const prompt = `prompt ${index}`;
    let text: string | undefined;
    for (let attempt = 0; text === undefined && attempt < 30; attempt += 1) {
      text = await ask(prompt).catch(() => undefined);
    }
    expect(text).toContain(prompt);
  }
  expect(model.stats()).toMatchObject({ answered: 10, inFlight: 0 });
});

it("counts a request no more whose client went away", async () => {
  const model = await serve({ faults: 1, faultKinds: ["hang"] });
  const controller = new AbortController();
  const asked = post(model, chatBody("x"), { signal: controller.signal });
  asked.catch(() => {});
  await expect.poll(() => model.stats(), PATIENCE).toMatchObject({ faults: 1, inFlight: 1 });
  controller.abort();
  await expect(asked).rejects.toThrow();
  await expect.poll(() => model.stats(), PATIENCE).toMatchObject({ inFlight: 0, aborted: 1 });
});

it("counts a request no more whose client went away in the middle of an answer", async () => {
  const model = await serve({ outputTokens: 1000, tokensPerSecond: 10 });
  const controller = new AbortController();
  const response = await post(model, chatBody("x", { stream: true }), { signal: controller.signal });
  await response.body!.getReader().read();
  expect(model.stats()).toMatchObject({ inFlight: 1 });
  controller.abort();
  await expect.poll(() => model.stats(), PATIENCE).toMatchObject({ inFlight: 0, aborted: 1, answered: 0 });
});

it("counts requests no more that were sent one behind the other, and whose client went away", async () => {
  const model = await serve({ faults: 1, faultKinds: ["hang"] });
  const client = connect(Number(new URL(model.url).port), "127.0.0.1");
  const body = JSON.stringify(chatBody("x"));
  client.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`.repeat(3),
  );
  await expect.poll(() => model.stats(), PATIENCE).toMatchObject({ faults: 3, inFlight: 3 });
  client.destroy();
  await expect.poll(() => model.stats(), PATIENCE).toMatchObject({ inFlight: 0, aborted: 3 });
});

it("ends with connections that are open, hang, or have sent half a request", async () => {
  const model = await serve({ faults: 1, faultKinds: ["hang"] });
  const port = Number(new URL(model.url).port);
  await fetch(`${model.url}/models`);
  const hanging = post(model, chatBody("x"));
  hanging.catch(() => {});
  const half = connect(port, "127.0.0.1");
  half.on("error", () => {});
  half.write("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
  await expect.poll(() => model.stats().inFlight, PATIENCE).toBe(2);
  const gone = once(half, "close");
  await Promise.all([model.close(), model.close()]);
  await gone;
  await expect(hanging).rejects.toThrow();
  expect(model.stats().inFlight).toBe(0);
  await expect(fetch(model.url)).rejects.toThrow();
});

it("answers what it has begun before it ends", async () => {
  const model = await serve({ latency: 200 });
  const asked = post(model, chatBody("x"));
  await expect.poll(() => model.stats().requests, PATIENCE).toBe(1);
  const [response] = await Promise.all([asked, model.close()]);
  expect(await textOf(response)).toContain("x");
});
