/** Parts of this library that are not for users, as they are built: nodes and callers without what they are for. */
import type * as connections from "../../../src/distributed/broker/connection.js";
import type * as brokers from "../../../src/config/broker.js";
import type * as callers from "../../../src/distributed/caller/membership.js";
import type * as nodes from "../../../src/distributed/node/node-membership.js";

/** `tsc` leaves paths as they are, and these programs lie elsewhere than their sources. */
async function load<M>(path: string): Promise<M> {
  return (await import(new URL(`../../../../dist/${path}`, import.meta.url).href)) as M;
}

export const { connect } = await load<typeof connections>("distributed/broker/connection.js");
export const { resolveBroker } = await load<typeof brokers>("config/broker.js");
export const { Membership } = await load<typeof callers>("distributed/caller/membership.js");
export const { NodeMembership } = await load<typeof nodes>("distributed/node/node-membership.js");

export type Connection = connections.Connection;
