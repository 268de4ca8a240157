// Bars fed by workers: calls say how far they have come, by `call().progress`, in threads as in processes, and
// `bar.follow` shows each of them below the bar that counts them. Run it in a terminal to see them move, slower with
// a number of ms for each frame: `node build/examples/41-progress-bars.js 40`.
import { ProgressBar } from "manyhands";
import { EncoderWorker } from "./41-progress-bars.worker.js";

const films = ["Metropolis", "M", "Nosferatu", "torn", "七人の侍"];
const frameMs = Number(process.argv[2] ?? 1);

for (const mode of ["thread", "process"] as const) {
  await using pool = EncoderWorker.options({ mode, maxWorkers: 2 }).init(frameMs);
  const bar = new ProgressBar({ total: films.length, description: `In mode ${mode}`, unit: "films", interval: 60_000 });
  const futures = films.map((film) => bar.follow(pool.encode(film), { description: film }));
  const results = await Promise.allSettled(futures);
  bar.succeed();

  const frames = results.map((result) => (result.status === "fulfilled" ? result.value : result.reason.message));
  console.log(`${mode}:`, frames.join(", "), `(${bar.failures} of ${bar.done} failed)`);
}

// Output:
// thread: 40, 60, 50, Cannot read frame 30 of 'torn', 70 (1 of 5 failed)
// process: 40, 60, 50, Cannot read frame 30 of 'torn', 70 (1 of 5 failed)
//
// On stderr, where that is not a terminal:
// In mode thread: 0% (0/5 films)
// In mode thread > torn: failed at 50% (30/60), …
// In mode thread: done at 100% (5/5 films), 1 failed, …
// In mode process: 0% (0/5 films)
// In mode process > torn: failed at 50% (30/60), …
// In mode process: done at 100% (5/5 films), 1 failed, …
