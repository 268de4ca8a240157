import { ClusterWorker } from "poolifier";
import { poolifierWork } from "./poolifier-work.js";

export default new ClusterWorker<unknown, unknown>(poolifierWork);
