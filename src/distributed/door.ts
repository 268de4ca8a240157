/** What the core uses of the outer ring; loaded by `config/outer-ring.ts`. */
export { delayTask } from "./tasks/delay-task.js";
