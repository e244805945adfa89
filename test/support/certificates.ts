import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Paths of a key and of the certificate that belongs to it. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test, in a folder of its own; openssl does the work. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tallyhouse-ca-'));
  readonly #own: KeyPair;

  constructor(name: string) {
    this.#own = this.#paths('ca');
    this.#openssl('req', '-x509', ...this.#newKey(this.#own.key), ...this.#named(name, this.#own.cert));
  }

  get cert(): string {
    return this.#own.cert;
  }

  /** A pair for the loopback address, signed by this authority. */
  issue(name: string): KeyPair {
    const pair = this.#paths(name);
    const request = join(this.#folder, `${name}.csr`);
    const extensions = join(this.#folder, `${name}.ext`);
    writeFileSync(extensions, 'subjectAltName=IP:127.0.0.1\n');
    this.#openssl('req', '-new', ...this.#newKey(pair.key), ...this.#named(name, request));
    const signer = ['-CA', this.#own.cert, '-CAkey', this.#own.key, '-CAcreateserial'];
    const made = ['-extfile', extensions, '-days', '2', '-out', pair.cert];
    this.#openssl('x509', '-req', '-in', request, ...signer, ...made);
    return pair;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #paths(name: string): KeyPair {
    return { cert: join(this.#folder, `${name}.crt`), key: join(this.#folder, `${name}.key`) };
  }

  #newKey(path: string): string[] {
    return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', path];
  }

  #named(name: string, out: string): string[] {
    return ['-subj', `/CN=${name}`, '-out', out];
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' });
  }
}

export function read({ cert, key }: KeyPair): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
