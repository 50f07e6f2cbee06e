import { ByteBudget } from '../common/byte-budget.js';

/** What each body may hold without asking: small answers are captured whole, however many there are. */
export const FREE_CAPTURE_BYTES = 65_536;

/**
 * Bytes of answers under way that are held for the history, of all exchanges together and beyond the free ones of each
 * body. Each has its own limit; without one for their sum, some hundred clients that read slowly would hold hundreds of
 * megabytes.
 */
export class CaptureRoom extends ByteBudget {}
