/** What Celery's first page does: three calls for the nodes of a broker, and their results. */
import { add } from "./tasks.js";

// Kicked off: each resolves when the broker has it.
const r = [await add.delay(1, 1), await add.delay(2, 2), await add.delay(3, 3)];

// Waits for the tasks to end.
console.log(await Promise.all(r.map((x) => x.get()))); // [ 2, 4, 6 ]
