import { expect, it } from "vitest";
import { Crowd } from "../../../dist/prompts/client/crowd.js";
import { CORE } from "../../../dist/limits/limit.js";

/** A server that has `places`, and is asked in rounds of 100 ms; the last of a round that it refuses are so at once. */
function serve(
  crowd: Crowd,
  clock: { now: number },
  places: number,
  rounds: number,
): { refused: number; size: number } {
  let refused = 0;
  for (let round = 0; round < rounds; round += 1) {
    const size = crowd.limit[CORE].largest;
    const held = Math.min(size, places);
    // Some are answered before those that are too many are refused.
    for (let left = held; left > held / 2; left -= 1) crowd.succeeded(size);
    for (let other = size - 1; other >= places; other -= 1) {
      crowd.refused(other, other === size - 1);
      refused += 1;
    }
    for (let left = Math.floor(held / 2); left > 0; left -= 1) crowd.succeeded(held);
    clock.now += 100;
  }
  return { refused, size: crowd.limit[CORE].largest };
}

it.each([1, 8, 20, 50])("finds the %i places of a server soon, and seldom asks for more", (places) => {
  const clock = { now: 0 };
  const crowd = new Crowd(64, () => clock.now);
  expect(serve(crowd, clock, places, 4).size).toBe(places);
  // In ten minutes, after 2, 4, 8, …, 60 s.
  expect(serve(crowd, clock, places, 6000).refused).toBeLessThan(20);
});

it("takes the places that are there again", () => {
  const clock = { now: 0 };
  const crowd = new Crowd(64, () => clock.now);
  serve(crowd, clock, 4, 10);
  expect(serve(crowd, clock, 64, 1000)).toEqual({ refused: 0, size: 64 });
});

it("does not become the less for what is not used", () => {
  const clock = { now: 0 };
  const crowd = new Crowd(8, () => clock.now);
  crowd.refused(6, true);
  for (let turn = 0; turn < 100; turn += 1) crowd.succeeded(1);
  expect(crowd.limit[CORE].largest).toBe(6);
});
