/** Injection tokens of the few things every module needs. The types are `Clock`, pino's `Logger`, `string`, and `'api' | 'worker'`. */
export const CLOCK = Symbol('Clock');
export const LOGGER = Symbol('Logger');
/** Names this process in records: new at every start. */
export const INSTANCE_ID = Symbol('InstanceId');
/** What this process is: it serves requests, or it writes records. */
export const PROCESS_ROLE = Symbol('ProcessRole');
