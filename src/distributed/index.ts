/** `manyhands/distributed`: nodes, results of tasks, limits across machines. */
export { type BrokerOptions } from "./broker/options.js";
export { SharedLimitSet, type SharedLimitSetOptions } from "./limits/shared-limit-set.js";
