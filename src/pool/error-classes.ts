/** The error classes that the caller knows by name, to revive what workers throw. */
import { show } from "../config/show.js";

type ErrorClass = abstract new (...args: never[]) => object;

export class ErrorClasses {
  readonly #prototypes = new Map<string, object>();
  #isLoading = false;

  /**
   * @param declared - classes that the worker's module does not export, or is imported elsewhere as
   * @throws {TypeError} when it is no list of classes
   */
  constructor(declared: readonly ErrorClass[]) {
    if (!Array.isArray(declared) || !declared.every((one) => typeof one === "function")) {
      throw new TypeError(
        `Cannot set 'errors' as it must be a list of error classes: current value is ${show(declared)}`,
      );
    }
    for (const errorClass of declared) this.#prototypes.set(errorClass.name, errorClass.prototype as object);
  }

  /**
   * Adds the classes that the worker's module exports, given its URL. The module is loaded in this thread already, so this takes no
   * time; where it is not, as under a test runner that transforms modules, only the declared ones are known.
   */
  load(url: string): void {
    if (this.#isLoading) return;
    this.#isLoading = true;
    void import(url).then(
      (namespace: Record<string, unknown>) => this.#add(namespace),
      () => undefined,
    );
  }

  find(name: string): object | undefined {
    return this.#prototypes.get(name);
  }

  #add(namespace: Record<string, unknown>): void {
    const exports = Object.entries(namespace);
    const { default: commonJs } = namespace;
    if (typeof commonJs === "object" && commonJs !== null) exports.push(...Object.entries(commonJs));
    for (const [, value] of exports) {
      if (typeof value !== "function" || !(value.prototype instanceof Error)) continue;
      if (!this.#prototypes.has(value.name)) this.#prototypes.set(value.name, value.prototype as object);
    }
  }
}
