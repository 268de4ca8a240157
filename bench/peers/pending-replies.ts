/** Who waits for a reply, first come, first served: a bare peer answers in the order it is asked, so it needs no ids. */
export class PendingReplies {
  #resolvers: ((reply: unknown) => void)[] = [];
  #head = 0;

  expect(): Promise<unknown> {
    return new Promise((resolve) => this.#resolvers.push(resolve));
  }

  resolveNext(reply: unknown): void {
    this.#resolvers[this.#head++]!(reply);
    // Dropped in bulk, as `shift` moves all that follow.
    if (this.#head < 1024 && this.#head < this.#resolvers.length) return;
    this.#resolvers = this.#resolvers.slice(this.#head);
    this.#head = 0;
  }
}
