/** Tasks: `npx manyhands node examples/celery/tasks.ts` starts a node that runs them. */
import { task } from "manyhands";

export const add = task(import.meta, (a: number, b: number) => a + b);
