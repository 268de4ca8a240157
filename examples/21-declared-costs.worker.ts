import { worker } from "manyhands";

class Model {
  generate(prompt: string): { text: string; tokens: number } {
    return { text: prompt.toUpperCase(), tokens: prompt.length };
  }

  ping(): string {
    return "pong";
  }
}

export const ModelWorker = worker(import.meta, Model, {
  methods: {
    generate: {
      // What a call takes before it is given to a worker: an estimate.
      cost: (prompt) => ({ tokens: prompt.length * 2 }),
      // What it really took, as its result tells.
      usage: ({ tokens }) => ({ tokens }),
    },
  },
});
