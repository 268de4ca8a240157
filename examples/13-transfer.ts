// Large buffers without copies. A transferred buffer moves to the worker and back: only one side has it at a time. Shared
// memory stays where it is, and several threads work on it at once.
import { ImageWorker } from "./13-transfer.worker.js";

await using pool = ImageWorker.options({ mode: "thread", maxWorkers: 4 }).init();

const pixels = new Uint8Array(4_000_000).fill(55);
const inverted = await pool.with({ transfer: [pixels] }).invert(pixels);
console.log("handed over: here are", pixels.length, "bytes left");
console.log("came back:", inverted.length, "bytes of", inverted[0]);

const shared = new Uint8Array(new SharedArrayBuffer(4_000_000));
for (let at = 0; at < shared.length; at += 1) shared[at] = at % 256;
const bins = new Int32Array(new SharedArrayBuffer(16));
const part = shared.length / 4;
await Promise.all([0, 1, 2, 3].map((index) => pool.histogram(shared, index * part, (index + 1) * part, bins)));
console.log("four threads filled one histogram:", [...bins].join(" "));

// Output:
// handed over: here are 0 bytes left
// came back: 4000000 bytes of 200
// four threads filled one histogram: 1000000 1000000 1000000 1000000
