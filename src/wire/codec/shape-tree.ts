/**
 * Finds the number of an object's shape: of the list of its keys.
 *
 * Owns a tree whose edges are keys: the node at which a list of keys ends stands for it. Most nodes have one key behind
 * them, which is compared at once; all others are in a map.
 *
 * S1. A number stands for one list of keys until the tree begins anew; then numbers are given out again, and the reader
 *     is told of each before it is used.
 * S2. The tree is bounded: when it is full, objects of unknown shape have none; after many of those it begins anew.
 */

/** Shapes at most: the number of one has two bytes, and a reader may keep a function for each. */
const MOST_SHAPES = 1024;
const MOST_NODES = 8192;
/** Objects with more keys, or longer ones, are dictionaries rather than records. */
const MOST_KEYS = 64;
const LONGEST_KEY = 128;
/** After so many objects without a shape those that have one may be out of use. */
const PATIENCE = 20_000;

/** Keys of this kind come first in any object, and in `arguments`. */
const INDEX = /^\d+$/;

export class ShapeNode {
  /** The number of keys that lead here. */
  readonly count: number;
  /** Whether `arguments` could look like this. */
  readonly isDoubtful: boolean;
  /** The number of the shape; -1: none. */
  id = -1;
  /** The key that first came behind, and where it leads. */
  key: string | undefined = undefined;
  next: ShapeNode | undefined = undefined;
  others: Map<string, ShapeNode> | undefined = undefined;

  constructor(count: number, isDoubtful: boolean) {
    this.count = count;
    this.isDoubtful = isDoubtful;
  }
}

/** Where lists of keys end that have no node. */
const NOWHERE = new ShapeNode(-1, true);

export class ShapeTree {
  root = new ShapeNode(0, true);
  #nodes = 0;
  /** The node of each shape, by number. */
  readonly #shapes: ShapeNode[] = [];
  #strangers = 0;
  /** How often the tree began anew. */
  #age = 0;

  /** The node behind `node` for one key more. */
  step(node: ShapeNode, key: string): ShapeNode {
    if (node.key === key) return node.next!;
    const known = node.others?.get(key);
    if (known) return known;
    if (node === NOWHERE || this.#nodes === MOST_NODES || node.count === MOST_KEYS || key.length > LONGEST_KEY) {
      return NOWHERE;
    }
    this.#nodes += 1;
    const next = new ShapeNode(node.count + 1, node.count === 0 ? INDEX.test(key) : node.isDoubtful);
    if (node.key === undefined) {
      node.key = key;
      node.next = next;
    } else {
      node.others ??= new Map();
      node.others.set(key, next);
    }
    return next;
  }

  /** Gives the shape that ends at `node` a number; false: it gets none. */
  define(node: ShapeNode): boolean {
    if (node === NOWHERE || this.#shapes.length === MOST_SHAPES) {
      this.#strangers += 1;
      return false;
    }
    node.id = this.#shapes.length;
    this.#shapes.push(node);
    return true;
  }

  /** Begins anew where that is due (S2). Not while a value is being written. */
  renew(): void {
    if (this.#strangers < PATIENCE) return;
    this.root = new ShapeNode(0, true);
    this.#nodes = 0;
    this.#shapes.length = 0;
    this.#strangers = 0;
    this.#age += 1;
  }

  /** The state that `rollBack` returns to. */
  mark(): number {
    return this.#age * (MOST_SHAPES + 1) + this.#shapes.length;
  }

  /** Forgets the shapes defined since then: what was written of them does not reach the reader. */
  rollBack(mark: number): void {
    const count = mark - this.#age * (MOST_SHAPES + 1);
    // Less than nothing: the tree began anew since.
    while (this.#shapes.length > Math.max(0, count)) this.#shapes.pop()!.id = -1;
  }
}
