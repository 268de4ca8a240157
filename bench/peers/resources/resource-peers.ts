/** Everything that lends out resources, in the order of the tables; each with what it is usually given. */
import { createPool } from "generic-pool";
import { ResourcePool } from "manyhands";
import { Pool } from "tarn";
import { REFERENCE } from "../../peer.js";

/** What costs much to make. */
export interface Resource {
  uses: number;
}

/** A pool in the form in which its users meet it. */
export interface Lender {
  /** Borrows one, uses it, and gives it back. */
  use(task: (resource: Resource) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

/** A library that lends out resources. */
export interface ResourcePeer {
  readonly name: string;
  open(max: number): Lender;
}

export const resourcePeers: readonly ResourcePeer[] = [
  {
    name: REFERENCE,
    open: (max) => {
      const pool = new ResourcePool<Resource>({ create: () => ({ uses: 0 }), destroy: () => {}, max });
      return {
        use: async (task) => {
          const lease = await pool.acquire();
          try {
            await task(lease.value);
          } finally {
            lease.release();
          }
        },
        close: () => pool.stop(),
      };
    },
  },
  {
    name: "tarn",
    open: (max) => {
      const pool = new Pool<Resource>({ create: async () => ({ uses: 0 }), destroy: async () => {}, min: 0, max });
      return {
        use: async (task) => {
          const resource = await pool.acquire().promise;
          try {
            await task(resource);
          } finally {
            pool.release(resource);
          }
        },
        close: async () => {
          await pool.destroy();
        },
      };
    },
  },
  {
    name: "generic-pool",
    open: (max) => {
      const factory = { create: async (): Promise<Resource> => ({ uses: 0 }), destroy: async () => {} };
      const pool = createPool(factory, { min: 0, max, acquireTimeoutMillis: 30_000 });
      return {
        use: async (task) => {
          const resource = await pool.acquire();
          try {
            await task(resource);
          } finally {
            await pool.release(resource);
          }
        },
        close: async () => {
          await pool.drain();
          await pool.clear();
        },
      };
    },
  },
];
