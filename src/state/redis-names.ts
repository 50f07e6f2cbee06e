import { createHash } from 'node:crypto';

/**
 * Every key and channel. What clients make up (ids of sessions, responses, items) is in no name: digests are, so that
 * names are short and tell nothing.
 */
export class RedisNames {
  /** Identity of the store. */
  readonly store: string;
  /** Last beat of every process, by instance id. */
  readonly peers: string;
  readonly notices: string;
  readonly noticeChannel: string;
  readonly bindingChannel: string;

  constructor(private readonly prefix: string) {
    this.store = `${prefix}:store`;
    this.peers = `${prefix}:peers`;
    this.notices = `${prefix}:notices`;
    this.noticeChannel = `${prefix}:notice`;
    this.bindingChannel = `${prefix}:binding`;
  }

  /** Begins the key of each process's own facts. */
  get peerPrefix(): string {
    return `${this.prefix}:peer:`;
  }

  peer(instanceId: string): string {
    return `${this.peerPrefix}${instanceId}`;
  }

  claim(name: string): string {
    return `${this.prefix}:claim:${short(name)}`;
  }

  binding(kind: string, callerId: string, id: string): string {
    return `${this.prefix}:bind:${digest(`${kind}\0${callerId}\0${id}`)}`;
  }
}

/** Names this program makes stay readable. */
function short(name: string): string {
  return /^[\w.:-]{1,100}$/.test(name) ? name : digest(name);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
