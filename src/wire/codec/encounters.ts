/** So many objects are found by comparing with each, faster than by a hash. */
const FEW = 16;

/** The objects met in one write. */
export class Encounters {
  readonly #few: (object | undefined)[] = Array.from({ length: FEW }, () => undefined);
  #count = 0;
  #many: Set<object> | undefined;

  /** Notes an object; false: it was met before. */
  isNew(object: object): boolean {
    const count = this.#count;
    if (count > FEW) return this.#isNewAmongMany(object);
    const few = this.#few;
    for (let index = 0; index < count; index += 1) if (few[index] === object) return false;
    if (count < FEW) few[count] = object;
    else this.#many = new Set(few as object[]).add(object);
    this.#count = count + 1;
    return true;
  }

  /** Lets go of them all. */
  forget(): void {
    const count = Math.min(this.#count, FEW);
    for (let index = 0; index < count; index += 1) this.#few[index] = undefined;
    this.#count = 0;
    this.#many = undefined;
  }

  #isNewAmongMany(object: object): boolean {
    const many = this.#many!;
    const { size } = many;
    return many.add(object).size > size;
  }
}
