import type { RetentionConfig } from '../../src/config/app-config.js';

/** As it is when nothing is set. */
export const RETENTION: RetentionConfig = {
  days: 30,
  bodyDays: 7,
  decisionDays: 30,
  eventDays: 30,
  sessionDays: 30,
  usageDays: 30,
};
