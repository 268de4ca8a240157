/** Random pipelines: they end, nothing is lost or doubled, order holds, and no window is exceeded. */
import fc from "fast-check";
import { pipeline } from "manyhands";
import { expect, it } from "vitest";

const stages = fc.array(
  fc.record({
    concurrency: fc.integer({ min: 1, max: 5 }),
    room: fc.integer({ min: 0, max: 6 }),
    ordered: fc.boolean(),
    batch: fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined }),
    /** Items whose number it divides fail here. */
    failing: fc.option(fc.integer({ min: 2, max: 9 }), { nil: undefined }),
    turns: fc.integer({ min: 0, max: 5 }),
  }),
  { maxLength: 4 },
);

it("gives each item of the source one result or one failure", async () => {
  await fc.assert(
    fc.asyncProperty(stages, fc.nat({ max: 60 }), fc.boolean(), async (plan, count, isAsync) => {
      let pulled = 0;
      let settled = 0;
      let ahead = 0;
      function* source(): Generator<number> {
        for (let n = 0; n < count; n += 1) {
          pulled += 1;
          ahead = Math.max(ahead, pulled - settled);
          yield n;
        }
      }
      async function* later(): AsyncGenerator<number> {
        yield* source();
      }
      let line = pipeline(isAsync ? later() : source());
      for (const { concurrency, room, ordered, batch, failing, turns } of plan) {
        const pass = async (n: number): Promise<number> => {
          for (let turn = 0; turn < (n * turns) % 7; turn += 1) await Promise.resolve();
          if (failing !== undefined && n % failing === 0) {
            settled += 1;
            throw new RangeError(String(n));
          }
          return n;
        };
        const flow = { concurrency, window: concurrency + room, ordered };
        line =
          batch === undefined
            ? line.stage((n) => (turns === 0 && failing === undefined ? n : pass(n)), flow)
            : // A batch fails as a whole: here none does.
              line.stage((items) => items, { ...flow, batch: { size: batch } });
      }
      const run = line.run({ onError: "collect" });
      const results: number[] = [];
      for await (const n of run) {
        results.push(n);
        settled += 1;
      }
      const isFailing = (n: number): boolean =>
        plan.some(({ batch, failing }) => batch === undefined && failing !== undefined && n % failing === 0);
      const all = Array.from({ length: count }, (_, n) => n);
      const expected = all.filter((n) => !isFailing(n));
      const failed = run.failures.map(({ index }) => index).toSorted((a, b) => a - b);
      expect(plan.every(({ ordered }) => ordered) ? results : results.toSorted((a, b) => a - b)).toEqual(expected);
      expect(failed).toEqual(all.filter(isFailing));
      expect(run.failures.every(({ item, index }) => item === index)).toBe(true);
      expect(run.stats()).toMatchObject({ in: count, out: expected.length, failed: failed.length });
      for (const { in: began, out, failed: lost, running, waiting } of run.stats().stages) {
        expect([began, running, waiting]).toEqual([out + lost, 0, 0]);
      }
      // Windows, the batches that are filled and emptied beside them, and the intake before a first stage with batches.
      const bound = plan.reduce((sum, { concurrency, room, batch = 1 }) => sum + (concurrency + room + 2) * batch, 2);
      const intake = plan.length === 0 || plan[0]!.batch !== undefined ? 512 : 0;
      expect(ahead).toBeLessThanOrEqual(bound + intake);
    }),
    { numRuns: 120 },
  );
});
