/**
 * Requests of pools inside a worker, whose limits are owned elsewhere.
 *
 * A request is sent on only when what it is for could begin, and one of a flow at a time: what is granted then begins at
 * once, as the owner takes it to.
 */
import type { Waiting } from "../acquire.js";
import type { AcquireOptions, Amounts, Grant, HeldGrant } from "../grant.js";
import type { Caller } from "../holdings.js";
import type { Requester } from "../limit-request.js";

/** Where requests are sent. */
export interface Acquirer {
  acquireFor(caller: Caller | undefined, amounts?: Amounts, options?: AcquireOptions): Promise<Grant>;
}

interface Queued {
  readonly amounts: Amounts | undefined;
  readonly requester: Requester<unknown>;
  readonly controller: AbortController;
}

export class ReadyQueue {
  readonly #acquirer: Acquirer;
  readonly #flows = new Map<string, Set<Queued>>();
  /** Flows of which a request is on its way. */
  readonly #asking = new Set<string>();

  constructor(acquirer: Acquirer) {
    this.#acquirer = acquirer;
  }

  add(amounts: Amounts | undefined, requester: Requester<unknown>): Waiting {
    const queued: Queued = { amounts, requester, controller: new AbortController() };
    const name = requester.key ?? "";
    let flow = this.#flows.get(name);
    if (!flow) this.#flows.set(name, (flow = new Set()));
    flow.add(queued);
    this.#serveFlow(name);
    return {
      leave: () => {
        queued.controller.abort();
        this.#remove(name, queued);
        this.#serveFlow(name);
      },
    };
  }

  /** Something may be ready now. */
  serve(): void {
    for (const name of Array.from(this.#flows.keys())) this.#serveFlow(name);
  }

  #serveFlow(name: string): void {
    const [first] = this.#flows.get(name) ?? [];
    if (!first || this.#asking.has(name)) return;
    const { requester } = first;
    if (requester.isReady?.() === false) requester.isWanted?.();
    if (requester.isReady?.() !== false) void this.#ask(name, first);
  }

  async #ask(name: string, { amounts, requester, controller }: Queued): Promise<void> {
    this.#asking.add(name);
    const { owner, isHolder = false, priority, key } = requester;
    const { signal } = controller;
    try {
      const grant = (await this.#acquirer.acquireFor(
        owner === undefined ? undefined : { id: owner, signal, isHolder },
        amounts,
        { signal, ...(priority !== undefined && { priority }), ...(key !== undefined && { key }) },
      )) as HeldGrant<unknown>;
      // It may have left after the grant had come, and before this was told.
      if (signal.aborted) grant.undo();
      else requester.granted(grant);
    } catch (error) {
      if (!signal.aborted) requester.failed?.(error);
    } finally {
      this.#asking.delete(name);
      for (const queued of this.#flows.get(name) ?? [])
        if (queued.controller === controller) this.#remove(name, queued);
      this.#serveFlow(name);
    }
  }

  #remove(name: string, queued: Queued): void {
    const flow = this.#flows.get(name);
    flow?.delete(queued);
    if (flow?.size === 0) this.#flows.delete(name);
  }
}
