import type { Account, AccountRates } from "../provider.js";

/** Where and how an account is asked. */
export interface AccountTarget {
  /** Without the path of an endpoint; a query is kept. */
  readonly base: URL;
  /** With the key. */
  readonly headers: Readonly<Record<string, string>>;
  /** Keys, which no message may show. */
  readonly secrets: readonly string[];
}

/** An account of a provider that is spoken to over HTTP. Neither printing nor JSON shows its key. */
export class HttpAccount implements Account {
  readonly name: string;
  readonly rpm: number | undefined;
  readonly tpm: number | undefined;
  readonly concurrency: number | undefined;
  readonly #target: AccountTarget;
  readonly #urls = new Map<string, URL>();

  constructor(name: string, target: AccountTarget, limits: AccountRates = {}) {
    this.name = name;
    this.rpm = limits.rpm;
    this.tpm = limits.tpm;
    this.concurrency = limits.concurrency;
    this.#target = target;
  }

  /** @internal */
  static targetOf(account: HttpAccount): AccountTarget {
    return account.#target;
  }

  /**
   * The address of an endpoint, the same object each time.
   *
   * @internal
   */
  static urlOf(account: HttpAccount, path: string): URL {
    let url = account.#urls.get(path);
    if (!url) {
      url = new URL(account.#target.base);
      url.pathname = url.pathname.replace(/\/+$/, "") + path;
      account.#urls.set(path, url);
    }
    return url;
  }
}
