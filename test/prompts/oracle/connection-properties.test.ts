/** Whatever fails, is slow, is aborted or does not answer: each connection is given back once, and each call settles. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { SelectAi } from "manyhands/prompts";
import { FakeOracle, njsError, oraError } from "./fake-oracle.js";

const LOGIN = { user: "SCOTT", password: "tiger", connectString: "db/service" };

/** What happens to a call, in turns of the event loop. */
const fate = fc.record({
  connecting: fc.constantFrom("at once", "slowly", "fails", "fails in passing"),
  executing: fc.constantFrom("answers", "answers NULL", "slowly", "fails", "never"),
  reading: fc.constantFrom("at once", "slowly", "fails", "never"),
  isPipeline: fc.boolean(),
  isSilent: fc.boolean(),
  abortedAfter: fc.option(fc.nat(12), { nil: undefined }),
});

type Fate = typeof fate extends fc.Arbitrary<infer F> ? F : never;

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

async function happen(how: string): Promise<void> {
  if (how === "slowly") await turns(3);
  if (how === "fails") throw oraError(20_000, "cannot");
  if (how === "fails in passing") throw njsError("NJS-503", "connection could not be established");
  if (how === "never") await new Promise(() => {});
}

async function check(fates: readonly Fate[], poolMax: number, canBeSilent: boolean): Promise<void> {
  let connections = 0;
  const driver = new FakeOracle(async ({ binds, connection }) => {
    const { executing, isSilent, reading } = fates[Number(binds["prompt"])]!;
    connection.isSilent = isSilent && canBeSilent;
    await happen(executing);
    driver.onRead = () => happen(reading);
    return executing === "answers NULL" ? null : String(binds["prompt"]);
  });
  driver.onConnect = () => happen(fates[connections++ % fates.length]!.connecting);
  const ai = new SelectAi({
    ...LOGIN,
    driver,
    poolMax,
    timeout: 15,
    breakTimeout: canBeSilent ? 3 : 5000,
    retry: { retries: 2, wait: 0 },
  });
  const outcomes = fates.map(async ({ abortedAfter, isPipeline }, index) => {
    const controller = new AbortController();
    const { signal } = controller;
    const prompt = String(index);
    const outcome: PromiseLike<unknown> = isPipeline
      ? ai.runPipeline(
          [
            [prompt, "chat"],
            [prompt, "chat"],
          ],
          { signal, continueOnError: index % 2 === 0 },
        )
      : ai.text("chat", prompt, { signal });
    if (abortedAfter !== undefined) void turns(abortedAfter).then(() => controller.abort());
    return outcome;
  });
  const settled = await Promise.allSettled(outcomes);
  await ai.stop();
  settled.forEach((outcome, index) => {
    if (outcome.status === "fulfilled" && typeof outcome.value === "string") {
      expect(["", String(index)]).toContain(outcome.value);
    }
  });
  for (const pool of driver.pools) {
    // What arrives after all is given back when it does.
    await expect.poll(() => pool.connections.every(({ isOpen, isSilent }) => isSilent || !isOpen)).toBe(true);
    const kept = pool.connections.filter(({ isOpen }) => isOpen);
    // Only one that does not answer is not given back: the driver waits for it.
    await expect.poll(() => pool.out).toBe(kept.length);
    expect(pool.isClosed).toBe(true);
  }
  if (canBeSilent) return;
  expect(driver.faults).toEqual([]);
  for (const pool of driver.pools) expect(pool.mostOut).toBeLessThanOrEqual(poolMax);
}

it("gives back each connection once, and settles each call", { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fate, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      check,
    ),
    {
      numRuns: 25,
    },
  );
});
