import { CancelledError, ModelError } from "manyhands";
import { Profile, type PromptMessage } from "manyhands/prompts";
import { expect, onTestFinished, test } from "vitest";
import { deferred, FakeProvider } from "../client/fake-provider.js";

/** A profile whose model is told what it was sent. */
function open(
  answer: (text: string, messages: readonly PromptMessage[]) => unknown = (text) => `to ${text}`,
  maxInputTokens?: number,
): { profile: Profile; provider: FakeProvider; sent: (readonly PromptMessage[])[] } {
  const sent: (readonly PromptMessage[])[] = [];
  const provider = new FakeProvider(async (request, context, text) => {
    sent.push(request.messages!);
    const answered = (await answer(text, request.messages!)) as string;
    context.onText?.(answered);
    return answered;
  });
  const profile = new Profile({ provider, maxInputTokens, instructions: "Be kind" });
  onTestFinished(() => profile.stop({ timeout: 0 }));
  return { profile, provider, sent };
}

const texts = (messages: readonly PromptMessage[]): string[] =>
  messages.map(({ role, content }) => `${role[0]}:${content}`);

test("what was said is sent along, the last turns of it", async () => {
  const { profile, sent } = open();
  await using session = profile.chatSession({ system: "Be brief", maxTurns: 2 });
  for (const text of ["1", "2", "3", "4"]) expect(await session.send(text)).toBe(`to ${text}`);
  expect(texts(sent[1]!)).toEqual(["s:Be brief", "u:1", "a:to 1", "u:2"]);
  expect(texts(sent[3]!)).toEqual(["s:Be brief", "u:2", "a:to 2", "u:3", "a:to 3", "u:4"]);
  expect(texts(session.history)).toEqual(["u:3", "a:to 3", "u:4", "a:to 4"]);
  await using other = profile.chatSession();
  await other.send("hi");
  expect(texts(sent.at(-1)!)).toEqual(["s:Be kind", "u:hi"]);
});

test("no more than fits is sent, oldest turns dropped first", async () => {
  const { profile, sent } = open((text) => text, 100);
  await using session = profile.chatSession();
  for (const letter of ["a", "b", "c"]) await session.send(letter.repeat(120));
  expect(texts(sent[2]!).map((text) => text.slice(0, 3))).toEqual(["s:B", "u:b", "a:b", "u:c"]);
  expect(session.history).toHaveLength(6);
});

test("two questions at once are asked in their order", async () => {
  const { profile, provider, sent } = open(async (text) => {
    await new Promise(setImmediate);
    return `to ${text}`;
  });
  await using session = profile.chatSession();
  expect(await Promise.all(["1", "2", "3"].map((text) => session.send(text)))).toEqual(["to 1", "to 2", "to 3"]);
  expect(provider.mostInFlight).toBe(1);
  expect(texts(sent[2]!)).toEqual(["s:Be kind", "u:1", "a:to 1", "u:2", "a:to 2", "u:3"]);
});

test("a question that failed was never asked", async () => {
  const { profile, sent } = open((text) => {
    if (text === "bad") throw new ModelError("Cannot ask", { failure: "refused", status: 400 });
    return `to ${text}`;
  });
  await using session = profile.chatSession();
  const outcomes = await Promise.allSettled(["1", "bad", "2"].map((text) => session.send(text)));
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(texts(sent.at(-1)!)).toEqual(["s:Be kind", "u:1", "a:to 1", "u:2"]);
  expect(profile.stats().actions.chat).toMatchObject({ done: 2, failed: 1 });
});

test("a signal gives up one question, also while it waits for its turn", async () => {
  const gate = deferred<string>();
  const { profile } = open((text) => (text === "1" ? gate.promise : `to ${text}`));
  await using session = profile.chatSession();
  const first = session.send("1");
  const controller = new AbortController();
  const reason = new Error("not wanted");
  const second = session.send("2", { signal: controller.signal });
  controller.abort(reason);
  await expect(second).rejects.toBe(reason);
  gate.resolve("to 1");
  expect(await first).toBe("to 1");
  expect(await session.send("3")).toBe("to 3");
  expect(texts(session.history)).toEqual(["u:1", "a:to 1", "u:3", "a:to 3"]);
});

test("an answer in pieces", async () => {
  const { profile } = open();
  await using session = profile.chatSession();
  let read = "";
  for await (const piece of session.stream("1")) read += piece;
  expect(read).toBe("to 1");
  expect(texts(session.history)).toEqual(["u:1", "a:to 1"]);
  // One that is left in the middle is forgotten, and the next can speak.
  for await (const _piece of session.stream("2")) break;
  expect(await session.send("3")).toBe("to 3");
  expect(texts(session.history)).toEqual(["u:1", "a:to 1", "u:3", "a:to 3"]);
});

test("closing gives up what is asked, and a reader that went away does not hold it up", async () => {
  const { profile } = open((text) => (text === "slow" ? new Promise(() => {}) : text));
  const session = profile.chatSession();
  const waiting = session.send("slow").catch((error: unknown) => error);
  await session.close();
  expect(await waiting).toBeInstanceOf(CancelledError);
  await expect(session.send("more")).rejects.toThrow("Cannot chat as the session is closed");
  const other = profile.chatSession();
  const reader = other.stream("quick")[Symbol.asyncIterator]();
  expect((await reader.next()).value).toBe("quick");
  await other.close();
});

test("bad options are refused", async () => {
  const { profile } = open();
  expect(() => profile.chatSession({ maxTurn: 1 } as never)).toThrow("did you mean 'maxTurns'?");
  expect(() => profile.chatSession({ maxTurns: 0 })).toThrow("Cannot set 'maxTurns' as it must be a positive integer");
  expect(() => profile.chatSession({ system: 7 as never })).toThrow("Cannot set 'system' as it must be a string");
  await using session = profile.chatSession();
  await expect(session.send(" ")).rejects.toThrow("Cannot chat as the prompt must be a text that is not empty");
});
