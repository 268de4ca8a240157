/** A chain: a task that takes the results of others is sent at once, and waits in the broker. */
import { add } from "./tasks.js";

const first = await add.delay(1, 1);
const second = await add.delay(first, 3);
const third = await add.delayWith({ countdown: 100, priority: 5 })(first, second);

console.log(third.id, await third.state());
console.log(await third.get()); // 7
