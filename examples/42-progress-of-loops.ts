// A loop shows its progress when what it goes through is wrapped in a bar, lazily, in an array or an endless generator.
// Several bars can be live: here one without a total around an asynchronous source, and two that count bytes and items.
// Data goes to stdout and bars to stderr; `console.log` and `bar.log` stand above the bars on a terminal.
import { setTimeout as sleep } from "node:timers/promises";
import { ProgressBar } from "manyhands";

const pauseMs = Number(process.argv[2] ?? 1);
const options = { interval: 60_000 };

// A plain loop, which never yields to the event loop: the bar draws itself. An item that the loop has counted is not
// counted again.
let sum = 0;
const numbers = new ProgressBar(
  Array.from({ length: 1_000_000 }, (_, n) => n),
  { ...options, description: "Numbers" },
);
for (const n of numbers) {
  if (n % 250_000 === 249_999) numbers.advance(1, "failure");
  else sum += n;
}
console.log(`sum ${sum}, ${numbers.failures} left out, ${numbers.ending}`);

/** Nobody knows how many there will be. */
async function* pages(): AsyncGenerator<string, void, undefined> {
  for (let page = 1; ; page += 1) {
    await sleep(pauseMs);
    yield `page ${page}`;
  }
}

const all = new ProgressBar({ ...options, total: 30, description: "Downloads", unit: "pages" });
const bytes = new ProgressBar({ ...options, description: "Received", unit: "bytes", parent: all });
for await (const page of new ProgressBar(pages(), { ...options, description: "Found", parent: all })) {
  bytes.advance(page.length * 1000);
  all.advance();
  if (all.done % 10 === 0) console.log(page);
  if (all.done === all.total) break;
}
all.log(`received ${bytes.done} bytes`);
bytes.succeed();
all.succeed();

// Output:
// sum 499997000004, 4 left out, success
// page 10
// page 20
// page 30
//
// On stderr, where that is not a terminal:
// Numbers: 0% (0/1,000,000)
// Numbers: done at 100% (1,000,000/1,000,000), 4 failed, …
// Downloads: 0% (0/30 pages)
// received 201000 bytes
// Downloads: done at 100% (30/30 pages), …
