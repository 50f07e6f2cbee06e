/** Of the client requests being served, how many may be running a second time because the first one failed. */
const RUNNING_SHARE = 0.2;
const RUNNING_FLOOR = 3;
/** Of all client requests over time; the credit allows a quiet proxy to retry, too. */
const OVERALL_SHARE = 0.1;
const MOST_CREDIT = 10;

/**
 * Bounds, for the whole process, the retries that follow a failure (C1, C2): when everything fails, resending doubles
 * the bill and the load and helps nobody. Two bounds, because each leaves a gap: a share of what is in flight says
 * nothing about a hundred failures one after the other, a share of the traffic nothing about a hundred at once.
 * Refusals (A, B) cost the upstream nothing, put their key aside and do not count.
 */
export class RetryBudget {
  #credit = MOST_CREDIT;
  #inFlight = 0;
  #running = 0;

  /** Call once for each client request that is let in; the returned function says that it is over. */
  enter(): () => void {
    this.#credit = Math.min(MOST_CREDIT, this.#credit + OVERALL_SHARE);
    this.#inFlight += 1;
    return once(() => (this.#inFlight -= 1));
  }

  get left(): boolean {
    return (
      this.#credit >= 1 && this.#running < Math.max(RUNNING_FLOOR, Math.floor(RUNNING_SHARE * this.#inFlight))
    );
  }

  /** Call once for each such retry made; the returned function says that it has ended. */
  spend(): () => void {
    this.#credit = Math.max(0, this.#credit - 1);
    this.#running += 1;
    return once(() => (this.#running -= 1));
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
