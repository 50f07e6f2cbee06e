/** A stored secret that no configured key opens; the message says which and why. */
export class UnreadableSecret extends Error {}
