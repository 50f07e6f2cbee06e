import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NEW_KEY = '-newkey rsa:2048 -nodes';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** An authority of this test's own, made with `openssl`, and what it signs. */
export class Certificates {
  readonly #dir = mkdtempSync(join(tmpdir(), 'rpx-ca-'));
  #serial = 1;

  constructor() {
    this.#openssl(`req -x509 ${NEW_KEY} -days 2 -subj /CN=Test-authority -keyout ca.key -out ca.pem`);
  }

  /** For NODE_EXTRA_CA_CERTS. */
  get authority(): string {
    return join(this.#dir, 'ca.pem');
  }

  /** `days` 0 has expired by the time it is shown. */
  signed(names: string, days = 2): Certificate {
    const name = `leaf${this.#serial++}`;
    writeFileSync(join(this.#dir, `${name}.ext`), `subjectAltName=${names}\n`);
    this.#openssl(`req ${NEW_KEY} -subj /CN=localhost -keyout ${name}.key -out ${name}.csr`);
    this.#openssl(
      `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -set_serial ${this.#serial} -days ${days} ` +
        `-extfile ${name}.ext -out ${name}.pem`,
    );
    return this.#read(name);
  }

  selfSigned(names: string): Certificate {
    this.#openssl(
      `req -x509 ${NEW_KEY} -days 2 -subj /CN=localhost -addext subjectAltName=${names} ` +
        '-keyout self.key -out self.pem',
    );
    return this.#read('self');
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #read(name: string): Certificate {
    const read = (ending: string): string => readFileSync(join(this.#dir, `${name}.${ending}`), 'utf8');
    return { key: read('key'), cert: read('pem') };
  }

  /** No argument holds a blank. */
  #openssl(args: string): void {
    execFileSync('openssl', args.split(' '), { cwd: this.#dir, stdio: 'pipe' });
  }
}
