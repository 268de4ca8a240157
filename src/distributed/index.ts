/** `manyhands/distributed`: nodes, results of tasks, limits across machines. */
export { type BrokerOptions } from "../config/broker.js";
export { type ClusterNode, type NodeEvent, type NodeOptions, startNode } from "./node/start-node.js";
export { asyncResult, type AsyncResultOptions } from "./tasks/delay-task.js";
export { SharedLimitSet, type SharedLimitSetOptions } from "./limits/shared-limit-set.js";
