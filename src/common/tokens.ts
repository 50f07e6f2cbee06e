/** Injection tokens of the few things every module needs. The types are `Clock`, pino's `Logger` and `string`. */
export const CLOCK = Symbol('Clock');
export const LOGGER = Symbol('Logger');
/** Names this process in records: new at every start. */
export const INSTANCE_ID = Symbol('InstanceId');
