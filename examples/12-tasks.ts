// Functions instead of classes. A task is called like the function it was made from and has a pool of its own; a TaskPool
// runs any function that stands for itself, and says which variable is missing in one that does not.
import { TaskPool } from "manyhands";
import { primes, square } from "./12-tasks.worker.js";

{
  await using squares = square;
  await using stream = primes;
  console.log("called:", await squares(3), "mapped:", await squares.map([1, 2, 3]));
  const found: number[] = [];
  for await (const prime of stream(20)) found.push(prime);
  console.log("streamed:", found.join(" "));
}

await using pool = new TaskPool({ mode: "process", maxWorkers: 2 });
console.log("submitted:", await pool.submit((a: number, b: number) => a + b, 1, 2));
console.log("a task in it:", await pool.submit(square, 12));
const chained = pool.submit((n: number) => n + 1, pool.submit(square, 2));
console.log("a future as argument:", await chained);

const lengths: number[] = [];
for await (const length of pool.map((word: string) => word.length, ["many", "hands", "make"])) lengths.push(length);
console.log("one by one, in order:", lengths.join(" "));

const factor = 3;
const error = await pool.submit((n: number) => n * factor, 2).exception();
console.log("not self-contained:", (error as Error).name, /factor/.test((error as Error).message));

// Output:
// called: 9 mapped: [ 1, 4, 9 ]
// streamed: 2 3 5 7 11 13 17 19
// submitted: 3
// a task in it: 144
// a future as argument: 5
// one by one, in order: 4 5 4
// not self-contained: DefinitionError true
