/** What a node tells of: of its workers, its tasks and itself. */
export interface NodeEvent {
  readonly kind:
    | "ready"
    | "worker-started"
    | "worker-ended"
    | "task-received"
    | "task-started"
    | "task-succeeded"
    | "task-failed"
    | "task-retry"
    | "task-revoked"
    | "task-unknown"
    | "fenced"
    | "broker-away"
    | "broker-back"
    | "broker-error"
    | "stopping";
  /** In ms since the epoch. */
  readonly at: number;
  readonly [fact: string]: unknown;
}
