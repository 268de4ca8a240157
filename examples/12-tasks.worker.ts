import { task } from "manyhands";

export const square = task(import.meta, (n: number) => n * n, { name: "square", mode: "thread", maxWorkers: 2 });

/** A generator function makes a task that streams. */
export const primes = task(import.meta, function* primes(below: number): Generator<number, void, undefined> {
  for (let n = 2; n < below; n += 1) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= n; divisor += 1) isPrime &&= n % divisor !== 0;
    if (isPrime) yield n;
  }
});
