/** What a node knows of tasks, and tells of them. */
import type { Registration } from "../../registry.js";

/** A definition that a node knows. */
export interface RunnableDefinition {
  readonly registration: Registration;
  readonly version: string;
}

/** Something that happened to a task. */
export interface TaskEvent {
  readonly kind:
    | "task-received"
    | "task-started"
    | "task-succeeded"
    | "task-failed"
    | "task-retry"
    | "task-revoked"
    | "task-unknown"
    | "broker-error";
  /** When, ms since 1970. */
  readonly at: number;
  readonly [fact: string]: unknown;
}
