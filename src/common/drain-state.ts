/** Whether the process is on its way out. One object, shared by the server, the readiness check and the admin page. */
export class DrainState {
  #draining = false;

  get draining(): boolean {
    return this.#draining;
  }

  /** There is no way back: a process that began to drain stops. */
  begin(): void {
    this.#draining = true;
  }
}
