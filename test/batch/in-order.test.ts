import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InOrder } from "../../dist/batch/in-order.js";

describe("InOrder", () => {
  it("hands on lines in the order in which their items were begun, within its window", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.tuple(fc.nat(), fc.boolean())), (window, steps) => {
        const emitted: number[] = [];
        const order = new InOrder(window, (index) => emitted.push(index));
        const running: { index: number; place: number }[] = [];
        const expected: number[] = [];
        let begun = 0;
        for (const [choice, hasLine] of steps) {
          while (!order.isFull) {
            expect(running.length).toBeLessThan(window);
            running.push({ index: begun * 2, place: order.begin(begun * 2) });
            begun += 1;
          }
          const [ended] = running.splice(choice % running.length, 1);
          order.fill(ended!.place, hasLine ? "line\n" : "");
          if (hasLine) expected.push(ended!.index);
        }
        order.giveUp();
        expect(emitted).toEqual(expected.sort((a, b) => a - b));
      }),
    );
  });

  it("is full when lines that wait are large, but never for want of the first", () => {
    const order = new InOrder(1000, () => {});
    const [first] = [order.begin(0), order.begin(1), order.begin(2)];
    order.fill(1, "x".repeat(40_000_000));
    expect(order.isFull).toBe(false);
    order.fill(2, "x".repeat(40_000_000));
    expect(order.isFull).toBe(true);
    order.fill(first!, "x".repeat(80_000_000));
    expect(order.isFull).toBe(false);
  });
});
