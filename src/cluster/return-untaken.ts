import type { ChildProcess } from 'node:child_process';

interface InternalMessage {
  readonly cmd?: string;
  readonly act?: string;
  readonly seq?: number;
  readonly ack?: number;
}

/**
 * Node forgets a connection that it has handed to a process which ends before taking it: the client would wait for ever.
 * Here the answer of such a process is given in its stead, that it does not take the connection, and Node hands it to
 * another one; or that it does, where there is no other, and Node closes it. Where Node's messages should change one day,
 * nothing of this happens.
 */
export function returnUntaken(child: ChildProcess, othersServe: () => boolean): void {
  // Where there was no file handle left for its pipe it never began, and says so by an event of its own.
  if (typeof child.send !== 'function') return;
  const untaken = new Set<number>();
  const send = child.send.bind(child) as (...args: unknown[]) => boolean;
  child.send = (...args: unknown[]): boolean => {
    const { cmd, act, seq } = (args[0] ?? {}) as InternalMessage;
    if (cmd === 'NODE_CLUSTER' && act === 'newconn' && seq !== undefined) untaken.add(seq);
    return send(...args);
  };
  child.on('internalMessage', ({ ack }: InternalMessage) => {
    if (ack !== undefined) untaken.delete(ack);
  });
  const giveBack = (): void => {
    if (untaken.size === 0) return;
    // Node waits with this for a connection to be taken, and would count the dead one among those that may get the next.
    child.emit('disconnect');
    for (const ack of untaken)
      child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack, accepted: !othersServe() });
  };
  // The last it has said is read first.
  child.once('exit', () => setImmediate(giveBack));
}
