import type { RequestRow } from './history.js';
import type { Rig } from './rig.js';
import { until } from './until.js';

interface Attempt {
  readonly request_id: string;
  readonly n: number;
  readonly resource_id: string;
  readonly class: string;
  readonly bytes_sent: number;
  readonly status: number | null;
}

interface Decision {
  readonly request_id: string;
  readonly attempt: number;
  readonly resource_id: string | null;
  readonly reason: string;
  readonly explanation: string;
  readonly affinity_class: string;
  /** JSON. */
  readonly candidates: string;
  readonly affinity_result: string;
}

type Row = RequestRow & { readonly transport: string; readonly started_at: number };

/** What SQL says about everything that went through a rig, for comparison with the upstream's ledger. */
export class FleetAudit {
  private constructor(
    private readonly rig: Rig,
    readonly requests: readonly Row[],
    readonly attempts: readonly Attempt[],
    readonly decisions: readonly Decision[],
  ) {}

  static async of(rig: Rig): Promise<FleetAudit> {
    await until(
      () => rig.proxy.state(),
      (s) => s.in_flight === 0 && s.queue_depth === 0,
      { timeoutMs: 30_000, what: 'everything written down' },
    );
    const requests = await rig.history.rows<Row>('SELECT * FROM requests ORDER BY started_at');
    const attempts = await rig.history.rows<Attempt>('SELECT * FROM attempts ORDER BY request_id, n');
    const decisions = await rig.history.rows<Decision>('SELECT * FROM decisions');
    return new FleetAudit(rig, requests, attempts, decisions);
  }

  /** Creates over HTTP: what SQL calls attempts of them, less what arrived; per key, so that nothing cancels out. */
  attemptsLessArrivals(): Record<string, number> {
    const http = new Set(
      this.requests.filter((r) => r.transport !== 'websocket' && r.path === '/v1/responses').map((r) => r.id),
    );
    const left: Record<string, number> = {};
    this.rig.keys.forEach(({ key }, i) => {
      const tried = this.attempts.filter(
        (a) => http.has(a.request_id) && a.resource_id === `openai-${i + 1}` && a.class !== 'A',
      );
      const arrived = this.rig.upstream.ledger.creates.filter((a) => a.key === key);
      // Broken off at the first byte: whether all of it had left by then, each side may see differently.
      const unsure = arrived.filter((a) => !a.bodyComplete).length;
      const more = tried.length - (arrived.length - unsure);
      left[key] = more > 0 && more <= unsure ? 0 : more;
    });
    return left;
  }

  /** Attempts that should not have been: after one that may have run, or a third after a server error. A handshake sends nothing of a request. */
  forbiddenAttempts(): Attempt[] {
    const resendable = new Set(['A', 'B', 'C1']);
    return this.#byRequest(this.attempts).flatMap((tries) =>
      tries.filter((attempt, i) => {
        const before = tries.slice(0, i);
        const unsafe = before.some((a) => !resendable.has(a.class) && a.bytes_sent > 0);
        const second5xx = before.filter((a) => a.class === 'C1').length > 1;
        return unsafe || second5xx || attempt.n > 3;
      }),
    );
  }

  /** Attempts without a decision that names the same resource and says why. */
  unexplained(): Attempt[] {
    const said = new Set(
      this.decisions
        .filter((d) => d.explanation !== '' && d.reason !== '')
        .map((d) => `${d.request_id} ${d.attempt} ${d.resource_id}`),
    );
    return this.attempts.filter((a) => !said.has(`${a.request_id} ${a.n} ${a.resource_id}`));
  }

  /**
   * Sessions that were served elsewhere than the time before without a decision that calls it a move. The move may be
   * that of a request that broke off there; the next one stays.
   */
  silentMoves(): string[] {
    const silent: string[] = [];
    const last = new Map<string, string>();
    const moved = new Map<string, string>();
    for (const { id, session_id: session, resource_id: resource, state } of this.requests) {
      if (session === null || resource === null) continue;
      const why = this.decisions.filter((d) => d.request_id === id);
      if (why.some(isMove)) moved.set(session, resource);
      if (state !== 'completed') continue;
      const before = last.get(session);
      last.set(session, resource);
      const told = moved.get(session) === resource;
      moved.delete(session);
      if (before === undefined || before === resource || told) continue;
      silent.push(`${id}: ${before} → ${resource} ${JSON.stringify(why)}`);
    }
    return silent;
  }

  /**
   * Sessions whose sealed or stored content was served by two organisations. A warm-up may be made anywhere: there is
   * nothing in it yet that only one of them can read.
   */
  crossings(): string[] {
    const organizations = this.rig.keys.map(({ organization }) => organization);
    const crossed = new Set<string>();
    const home = new Map<string, string | undefined>();
    for (const { id, session_id: session, resource_id: resource, state } of this.requests) {
      if (session === null || resource === null || state !== 'completed') continue;
      if (!this.decisions.some((d) => d.request_id === id && /^(hard|boundary)$/.test(d.affinity_class)))
        continue;
      const organization = organizations[Number(resource.replace('openai-', '')) - 1];
      if (home.has(session) && home.get(session) !== organization) crossed.add(session);
      home.set(session, organization);
    }
    return [...crossed];
  }

  /** Sessions there are. */
  sessions(): number {
    return new Set(this.requests.flatMap((row) => row.session_id ?? [])).size;
  }

  moves(): number {
    return this.decisions.filter((d) => /organization_sibling|retry_elsewhere/.test(d.reason)).length;
  }

  /** Requests that ended in an error although their last attempt could go to another key and was not the third. */
  heardInVain(): object[] {
    const last = new Map(this.attempts.map((a) => [a.request_id, a]));
    // The way to make a WebSocket client send everything again, which it does unseen.
    const startOver = 'previous_response_not_found';
    return this.requests
      .filter((row) => !['completed', 'client_aborted'].includes(row.state) && row.error_code !== startOver)
      .filter(
        (row) => ['A', 'B', undefined].includes(last.get(row.id)?.class) && (last.get(row.id)?.n ?? 0) < 3,
      )
      .filter(({ id }) => !this.decisions.some((d) => d.request_id === id && nobodyWell(d)))
      .map(({ id, state, status_code, error_code, transport }) => {
        const tries = this.attempts.filter((a) => a.request_id === id).map((a) => `${a.class} ${a.status}`);
        const why = this.decisions.filter((d) => d.request_id === id).map((d) => d.explanation);
        return { state, status_code, error_code, transport, tries, why };
      });
  }

  /** Answers whose tokens SQL has differently than the upstream counted them, or not at all. */
  wrongUsage(): string[] {
    const rows = new Map(this.requests.map((r) => [r.response_id, r]));
    const { ledger, sockets } = this.rig.upstream;
    const completed = ledger.creates.filter((a) => a.ended === 'completed' && a.status === 200);
    return [...completed, ...sockets.creates]
      .filter((a) => a.responseId !== null && !a.fault)
      .filter((a) => rows.get(a.responseId)?.total_tokens !== a.usage?.total_tokens)
      .map((a) => a.responseId ?? '');
  }

  #byRequest(list: readonly Attempt[]): Attempt[][] {
    const groups = new Map<string, Attempt[]>();
    for (const one of list) groups.set(one.request_id, [...(groups.get(one.request_id) ?? []), one]);
    return [...groups.values()];
  }
}

/** A refusal: everybody who could have continued the request was out or paused, with a wait longer than the budget. */
function nobodyWell({ resource_id, candidates }: Decision): boolean {
  if (resource_id !== null) return false;
  const all = JSON.parse(candidates) as { rejected: string | null }[];
  const inScope = all.filter(({ rejected }) => !/^(other_|not_)/.test(rejected ?? ''));
  return inScope.length > 0 && inScope.every(({ rejected }) => /^(cooling|unhealthy)$/.test(rejected ?? ''));
}

function isMove({ affinity_result, reason, explanation }: Decision): boolean {
  const told = /organization_sibling|retry_elsewhere|connection/.test(reason);
  return told || affinity_result === 'moved' || explanation.includes('the move leaves');
}
