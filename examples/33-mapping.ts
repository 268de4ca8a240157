// `map` over everything that can be iterated: an array at once, an endless source lazily, in order or as results come,
// with failures kept, and a source that is closed as soon as nobody reads any more.
import { map } from "manyhands";

const sleep = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const square = async (n: number): Promise<number> => {
  await sleep(n % 3);
  return n * n;
};

console.log("all:", await map([1, 2, 3, 4], square, { concurrency: 2 }));

function* endless(): Generator<number> {
  let n = 1;
  try {
    for (;;) yield n++;
  } finally {
    console.log("source closed:", n < 50);
  }
}

let sum = 0;
for await (const result of map(endless(), square, { concurrency: 8, window: 16 })) {
  sum += result;
  if (sum > 1000) break;
}
console.log("sum:", sum);

const order: string[] = [];
const waits = [40, 1, 20];
for await (const ms of map(waits, async (wait) => sleep(wait).then(() => wait), { ordered: false }))
  order.push(`${ms}`);
console.log("as they come:", order.join(" "));

const outcomes = await map(["1", "two", "3"], (text) => BigInt(text), { settled: true });
for (const outcome of outcomes) {
  if (outcome.status === "fulfilled") console.log(`${outcome.item}: ${outcome.value}`);
  else console.log(`${outcome.item}: failed with a ${(outcome.reason as Error).name}`);
}

const controller = new AbortController();
const given = map(
  endless(),
  async (n, { signal }) => {
    if (n === 3) controller.abort(new Error("enough"));
    signal.throwIfAborted();
    return n;
  },
  { signal: controller.signal, concurrency: 4 },
);
console.log("aborted:", await given.then(() => "no", String));

// Output:
// all: [ 1, 4, 9, 16 ]
// source closed: true
// sum: 1015
// as they come: 1 20 40
// 1: 1
// two: failed with a SyntaxError
// 3: 3
// source closed: true
// aborted: Error: enough
