/** Keeps what runs on a node, by its events: what a warm stop waits for. */
import type { NodeEvent } from "../../distributed/node/start-node.js";
import { task, worker } from "./event-line.js";

/** As many are named. */
const NAMED = 3;

export class Activity {
  readonly #tasks = new Map<unknown, string>();
  readonly #workers = new Map<unknown, string>();

  take(event: NodeEvent): void {
    switch (event.kind) {
      case "task-started":
        this.#tasks.set(event["id"], task(event));
        break;
      case "task-succeeded":
      case "task-failed":
      case "task-retry":
      case "task-revoked":
        this.#tasks.delete(event["id"]);
        break;
      case "worker-started":
        this.#workers.set(event["worker"], worker(event));
        break;
      case "worker-ended":
        this.#workers.delete(event["worker"]);
        break;
      case "fenced":
        this.#workers.clear();
        break;
      default:
    }
  }

  /** What runs, as in `2 tasks and 1 worker: add[…], …`; `undefined` when nothing does. */
  describe(): string | undefined {
    const counts = [count(this.#tasks.size, "task"), count(this.#workers.size, "worker")].filter(Boolean);
    if (counts.length === 0) return undefined;
    const names = [...this.#tasks.values(), ...this.#workers.values()];
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
    return `${counts.join(" and ")}: ${names.slice(0, NAMED).join(", ")}${more}`;
  }
}

function count(number: number, what: string): string {
  return number === 0 ? "" : `${number} ${what}${number === 1 ? "" : "s"}`;
}
