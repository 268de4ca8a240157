const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The first signal asks the program to end in order, the second ends it at once, the third in any case. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #onFirst: () => void;
  readonly #onSecond: (() => void) | undefined;
  #exitCode: number | undefined;
  #isHurried = false;

  /**
   * @param onFirst - called with the first signal, before the abort signal fires
   * @param onSecond - called with the second, in place of ending the process
   */
  constructor(onFirst: () => void, onSecond?: () => void) {
    this.#onFirst = onFirst;
    this.#onSecond = onSecond;
    for (const name of Object.keys(EXIT_CODES)) process.on(name, this.#listener);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** `undefined` while nobody has interrupted. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  [Symbol.dispose](): void {
    for (const name of Object.keys(EXIT_CODES)) process.off(name, this.#listener);
  }

  readonly #listener = (name: keyof typeof EXIT_CODES): void => {
    const code = EXIT_CODES[name];
    if (this.#exitCode !== undefined) {
      if (!this.#onSecond || this.#isHurried) process.exit(code);
      this.#isHurried = true;
      this.#onSecond();
      return;
    }
    this.#exitCode = code;
    this.#onFirst();
    this.#controller.abort();
  };
}
