import * as fc from "fast-check";
import { expect, it } from "vitest";
import { NOTHING, Ring } from "../../dist/flow/queue-ring.js";

it("is a queue like an array, through growing, wrapping round and emptying", () => {
  // Pushes by the hundred, so that the ring grows, and shifts likewise, so that it gives its places back.
  const steps = fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 12 });
  fc.assert(
    fc.property(steps, (counts) => {
      const ring = new Ring<number>();
      const model: number[] = [];
      let next = 0;
      let taken = 0;
      for (const count of counts) {
        for (let step = 0; step < count; step += 1) {
          ring.push(next);
          model.push(next);
          next += 1;
        }
        for (let step = 0; step > count; step -= 1) {
          const expected = taken < model.length ? model[taken]! : NOTHING;
          if (ring.shift() !== expected) throw new Error(`Cannot take ${String(expected)}`);
          if (taken < model.length) taken += 1;
        }
        expect(ring.size).toBe(model.length - taken);
      }
      ring.clear();
      expect(ring.shift()).toBe(NOTHING);
    }),
    { numRuns: 50 },
  );
});
