/** A stand-in with the interface that was agreed on: the real file replaces it. */
import type { BrokerOptions } from "../broker/options.js";
import type { NodeFacts } from "../members/members.js";

export interface NodeOptions {
  readonly broker?: string | BrokerOptions | undefined;
  readonly modules: readonly string[];
  readonly cpus?: number | undefined;
  readonly memory?: number | string | undefined;
  readonly resources?: Readonly<Record<string, number>> | undefined;
  readonly name?: string | undefined;
  readonly queues?: readonly string[] | undefined;
  readonly onEvent?: ((event: NodeEvent) => void) | undefined;
}

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
    | "fenced"
    | "broker-away"
    | "broker-back"
    | "stopping";
  readonly at: number;
  readonly [fact: string]: unknown;
}

export interface ClusterNode extends AsyncDisposable {
  readonly id: string;
  readonly facts: NodeFacts;
  stop(options?: { timeout?: number }): Promise<void>;
  kill(): Promise<void>;
  readonly closed: Promise<void>;
}

export function startNode(_options: NodeOptions): Promise<ClusterNode> {
  return Promise.reject(new Error("Cannot start a node as this is a stand-in"));
}
