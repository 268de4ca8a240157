export { type BrokerOptions, hidePassword, type ResolvedBroker, resolveBroker } from "../../config/broker.js";
