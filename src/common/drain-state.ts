/** Whether the process is on its way out. One object, shared by the server, the readiness check and the admin page. */
export class DrainState {
  #leaving = false;
  #draining = false;

  /** Told to stop. What asks before it sends should send nothing new; what is sent all the same is served until it drains. */
  get leaving(): boolean {
    return this.#leaving;
  }

  announce(): void {
    this.#leaving = true;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** There is no way back: a process that began to drain stops. */
  begin(): void {
    this.#leaving = true;
    this.#draining = true;
  }
}
