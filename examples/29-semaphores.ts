// A semaphore keeps a thousand calls from reaching a service all at once: so many go on, the others wait in order. A call
// may weigh more than one, and gets all it needs or nothing. A mutex is for steps that must not mix.
import { Mutex, Semaphore, TimeoutError } from "manyhands";

/** Takes ten requests at once, and refuses the others, as vendors do. */
class Vendor {
  accepted = 0;
  refused = 0;
  most = 0;
  #running = 0;

  async embed(texts: readonly string[]): Promise<number[]> {
    if (this.#running + texts.length > 10) {
      this.refused += 1;
      throw new Error("429 Too Many Requests");
    }
    this.#running += texts.length;
    this.most = Math.max(this.most, this.#running);
    await new Promise((resolve) => setImmediate(resolve));
    this.#running -= texts.length;
    this.accepted += 1;
    return texts.map((text) => text.length);
  }
}

const chunks = Array.from({ length: 1000 }, (_, index) => `chunk ${index}`);

const overrun = new Vendor();
await Promise.allSettled(chunks.map((chunk) => overrun.embed([chunk])));
console.log(`all at once: ${overrun.accepted} accepted, ${overrun.refused} refused`);

const vendor = new Vendor();
const slots = new Semaphore(10, { name: "embeddings" });
await Promise.all(chunks.map((chunk) => slots.run(() => vendor.embed([chunk]))));
console.log(`ten at once: ${vendor.accepted} accepted, ${vendor.refused} refused, at most ${vendor.most} at once`);

// A batch of eight weighs eight. The small ones that come after it do not keep it from its turn.
const order: string[] = [];
const work = [1, 1, 8, 1, 1].map((weight, index) =>
  slots.run(
    async () => {
      await vendor.embed(chunks.slice(0, weight));
      order.push(`${index}: ${weight}`);
    },
    { weight },
  ),
);
await Promise.all(work);
console.log("done in the order", order.join(", "));

// `acquire` where a function is not enough; `using` gives the permit back, whatever happens.
{
  using _permit = await slots.acquire(10);
  const error: unknown = await slots.acquire(1, { timeout: 20 }).catch((reason: unknown) => reason);
  console.log(error instanceof TimeoutError && error.message);
  console.log("free meanwhile:", slots.available, "- waiting:", slots.waiting);
}
console.log("free afterwards:", slots.available);

// Between reading and writing something else runs; with the mutex, no other of these steps.
const mutex = new Mutex({ name: "balance" });
let balance = 0;
const deposit = async (amount: number): Promise<void> => {
  const before = balance;
  await new Promise((resolve) => setImmediate(resolve));
  balance = before + amount;
};
await Promise.all([1, 2, 3, 4].map(deposit));
console.log("balance without a mutex:", balance);
balance = 0;
await Promise.all([1, 2, 3, 4].map((amount) => mutex.run(() => deposit(amount))));
console.log("balance with a mutex:", balance);

// Output:
// all at once: 10 accepted, 990 refused
// ten at once: 1000 accepted, 0 refused, at most 10 at once
// done in the order 0: 1, 1: 1, 2: 8, 3: 1, 4: 1
// Cannot acquire a permit of 'embeddings' within 20 ms as nothing was free in time
// free meanwhile: 0 - waiting: 0
// free afterwards: 10
// balance without a mutex: 4
// balance with a mutex: 10
