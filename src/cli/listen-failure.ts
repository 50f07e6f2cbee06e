interface Address {
  readonly host: string;
  readonly port: number;
  /** That the port comes from; `PORT` when it is left out. */
  readonly variable?: string;
}

/** What to tell a person when the port cannot be had, or null when the error is about something else. */
export function listenFailure(error: unknown, { host, port, variable = 'PORT' }: Address): string | null {
  if (!(error instanceof Error) || !('syscall' in error)) return null;
  // A HOST that is no address is looked up as a name.
  if (error.syscall === 'getaddrinfo') return noSuchAddress(host);
  // `bind`: the port was asked for on behalf of one of several processes.
  if (error.syscall !== 'listen' && error.syscall !== 'bind') return null;
  switch ('code' in error ? error.code : null) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is already in use. Stop the process that has it, or set ${variable} to another port.`;
    case 'EACCES':
      return `This user may not listen on port ${port}. Set ${variable} to one above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return noSuchAddress(host);
    default:
      return null;
  }
}

function noSuchAddress(host: string): string {
  return `This machine has no address ${host}. Set HOST to one of its own, 127.0.0.1 or 0.0.0.0.`;
}
