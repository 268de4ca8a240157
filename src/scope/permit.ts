import { staysHome } from "../config/homebound.js";
import { bindWhenRead } from "../config/bind-when-read.js";
import { keepShape } from "../config/keep-shape.js";

/**
 * What `acquire` of a semaphore or a mutex returns: the right to go on, until it is released.
 *
 * `using` and `await using` release it at the end of the block. It has the shape of the token of TC39's proposal for
 * concurrency control, so that code written for a Governor takes it.
 */
export interface Permit extends Disposable, AsyncDisposable {
  /** How many permits it stands for. */
  readonly weight: number;
  readonly isReleased: boolean;
  /** Gives it to whoever waits first; a second time does nothing. */
  release(): void;
}

/** Where permits come from. */
interface PermitKeeper {
  giveBack(weight: number): void;
}

export class HeldPermit implements Permit {
  readonly weight: number;
  /** Where it goes back to, until then. */
  #keeper: PermitKeeper | undefined;

  constructor(keeper: PermitKeeper, weight: number) {
    this.#keeper = keeper;
    this.weight = weight;
  }

  /**
   * A promise of it.
   *
   * A method, as V8 then knows the hidden class of what the promise is resolved with, and need not look for a `then`: that is
   * a quarter of what a free one costs.
   */
  promised(): Promise<this> {
    return Promise.resolve(this);
  }

  get isReleased(): boolean {
    return this.#keeper === undefined;
  }

  release(): void {
    const keeper = this.#keeper;
    if (keeper === undefined) return;
    this.#keeper = undefined;
    keeper.giveBack(this.weight);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }

  static {
    staysHome(this);
    bindWhenRead(this, "release");
  }
}

keepShape(new HeldPermit({ giveBack: () => {} }, 1));
