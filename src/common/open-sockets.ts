/** How many WebSockets clients have open. Set by the relay, read by whoever shows it. */
export class OpenSockets {
  count = 0;
}
