/** What scripts put into the inbox of an owner. Notices may be lost: beats say the same again. */
export type MemberNotice =
  /** A worker that waited has a place. */
  | { readonly placed: { readonly worker: string; readonly node: string } }
  /** A node that has workers of the owner is gone. */
  | { readonly dead: { readonly node: string; readonly lastDelivered: string } };

/** Checks a notice; nothing, when it is none of these. */
export function readNotice(notice: unknown): MemberNotice | undefined {
  if (!isRecord(notice)) return undefined;
  const { placed, dead } = notice;
  if (isRecord(placed) && typeof placed.worker === "string" && typeof placed.node === "string") {
    return { placed: { worker: placed.worker, node: placed.node } };
  }
  if (isRecord(dead) && typeof dead.node === "string" && typeof dead.lastDelivered === "string") {
    return { dead: { node: dead.node, lastDelivered: dead.lastDelivered } };
  }
  return undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
