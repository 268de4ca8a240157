import * as v from "valibot";
import { Worker, worker } from "manyhands";
import { z } from "zod";

export interface Endpoint {
  readonly path: string;
  readonly retries?: number;
}

class Api extends Worker {
  readonly #multiplier: number;
  #calls = 0;

  constructor(multiplier: number | string) {
    super();
    this.#multiplier = multiplier as number;
  }

  scale(x: number | string): { result: number; calls: number } {
    this.#calls += 1;
    return { result: (x as number) * this.#multiplier, calls: this.#calls };
  }

  async call(endpoint: Endpoint, _tokens?: number): Promise<string> {
    return `${endpoint.path} ${endpoint.retries}`;
  }
}

export const ApiWorker = worker(import.meta, Api, {
  schema: {
    init: z.tuple([z.coerce.number().min(1)]),
    methods: {
      scale: {
        args: z.tuple([z.coerce.number()]),
        result: z.object({ result: z.number().max(100), calls: z.number() }),
      },
      call: {
        args: v.tuple([
          v.object({ path: v.string(), retries: v.optional(v.number(), 3) }),
          v.optional(v.number(), 100),
        ]),
      },
    },
  },
  // It sees the arguments as the schema made them: with their defaults.
  methods: { call: { cost: (_endpoint, tokens) => ({ tokens: tokens! }) } },
});
