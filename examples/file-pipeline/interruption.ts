const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** The first Ctrl-C (or SIGTERM) asks the program to stop, the second ends it at once. */
export class Interruption {
  readonly #controller = new AbortController();
  #exitCode: number | undefined;

  constructor(onFirst: () => void) {
    for (const [name, code] of Object.entries(EXIT_CODES)) {
      process.on(name, () => {
        if (this.#exitCode !== undefined) process.exit(this.#exitCode);
        this.#exitCode = code;
        onFirst();
        this.#controller.abort();
      });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** `undefined` while nobody has interrupted. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }
}
