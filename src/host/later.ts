/** What a call has instead of a result that does not end at once: its outcome follows. */
export const LATER: unique symbol = Symbol("later");
