import fc from "fast-check";
import { expect, it } from "vitest";
import { DoneSet } from "../../dist/batch/done-set.js";

it("holds what a Set holds, far indices included", () => {
  const index = fc.oneof(fc.nat(200_000), fc.nat(Number.MAX_SAFE_INTEGER), fc.constantFrom(31, 32, 65_535, 65_536));
  fc.assert(
    fc.property(fc.array(index), fc.array(index), (added, asked) => {
      const set = new DoneSet();
      const model = new Set<number>();
      for (const one of added) {
        expect(set.add(one)).toBe(!model.has(one));
        model.add(one);
      }
      expect(set.count).toBe(model.size);
      for (const one of [...added, ...asked]) expect(set.has(one)).toBe(model.has(one));
    }),
  );
});
