import { importUserModule } from "../../host/import-module.js";
import { worker } from "../../worker.js";

type AnyFunction = (...args: unknown[]) => unknown;

/** Runs a function that a module exports, wherever this worker is: it needs no definition there. */
class FunctionRunner {
  readonly #url: string;
  readonly #name: string;
  #function: AnyFunction | undefined;

  constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
  }

  run(...args: unknown[]): unknown {
    if (this.#function) return this.#function(...args);
    return this.#load().then((loaded) => loaded(...args));
  }

  async #load(): Promise<AnyFunction> {
    const module = (await importUserModule(this.#url)) as Record<string, AnyFunction>;
    return (this.#function = module[this.#name]!);
  }
}

export const FunctionRunnerWorker = worker(import.meta, FunctionRunner);
