// Workers that have pools themselves, in any mix of modes: a coordinator in a thread spreads a batch over processes, and
// each branch of a pool over its own leaves. A worker's `Symbol.asyncDispose` stops the pool it owns.
import { BranchWorker, CoordinatorWorker } from "./05-pool-inside-worker.worker.js";

await using coordinator = CoordinatorWorker.options({ mode: "thread", maxWorkers: 1 }).init();
console.log("squares:", await coordinator.processBatch([1, 2, 3, 4, 5]));

await using branches = BranchWorker.options({ mode: "thread", maxWorkers: 2 }).init();
const groups = [
  [1, 2, 3],
  [4, 5],
];
console.log("doubles:", await Promise.all(groups.map((group) => branches.processGroup(group))));

// Output:
// squares: [ 1, 4, 9, 16, 25 ]
// doubles: [ [ 2, 4, 6 ], [ 8, 10 ] ]
