import { staysHome } from "../config/homebound.js";
import { bindWhenRead } from "../config/bind-when-read.js";
import { sharedController } from "../config/shared-controller.js";
import type { Grant, Limits } from "../limits/grant.js";
import type { CallContext } from "./call-context.js";
import type { HostedCall, Replies } from "./call-server.js";
import type { StreamControl } from "./serve-stream.js";

/** A call that runs, as `call()` shows it. */
export class RunningCall implements CallContext {
  stream: StreamControl | undefined;
  isAbandoned = false;
  readonly #prefix: string;
  readonly hosted: HostedCall;
  readonly limits: Limits;
  /** The call in whose synchronous part this one began. */
  readonly outer: RunningCall | undefined;
  readonly #replies: Replies;
  #abortion: { readonly reason: unknown } | undefined;
  #controller: AbortController | undefined;

  constructor(prefix: string, hosted: HostedCall, replies: Replies, limits: Limits, outer: RunningCall | undefined) {
    this.#prefix = prefix;
    this.hosted = hosted;
    this.#replies = replies;
    this.limits = limits;
    this.outer = outer;
  }

  get id(): string {
    return this.#prefix + this.hosted.sequence;
  }

  get attempt(): number {
    return this.hosted.attempt;
  }

  get deadline(): number | undefined {
    return this.hosted.deadline || undefined;
  }

  get grant(): Grant | undefined {
    return this.hosted.grant;
  }

  /** Made when first asked for: most calls never look. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = sharedController();
      if (this.#abortion) this.#controller.abort(this.#abortion.reason);
    }
    return this.#controller.signal;
  }

  progress(done: number, total?: number): void {
    this.#replies.progress(this.hosted.sequence, done, total);
  }

  log(...values: unknown[]): void {
    this.#replies.log(this.hosted.sequence, values);
  }

  abort(reason: unknown): void {
    this.#abortion ??= { reason };
    this.#controller?.abort(reason);
    this.stream?.close();
  }

  static {
    staysHome(this);
    bindWhenRead(this, "progress", "log");
  }
}
