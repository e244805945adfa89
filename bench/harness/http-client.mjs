import { Agent, request } from 'node:http';

/** A client with one kept connection; answers of 4xx and 5xx throw with their text. */
export class HttpClient {
  #agent;

  /** @param {{ base: string, key?: string, connections?: number }} options */
  constructor({ base, key, connections = 1 }) {
    this.base = base;
    this.key = key;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  get(path) {
    return this.send('GET', path);
  }

  async send(method, path, body) {
    const text = await this.#text(method, path, body === undefined ? undefined : JSON.stringify(body));
    return text === '' ? null : JSON.parse(text);
  }

  #text(method, path, body) {
    const headers = { 'x-api-key': this.key ?? '' };
    if (body !== undefined) {
      headers['content-type'] = 'application/json';
      headers['content-length'] = Buffer.byteLength(body);
    }
    return new Promise((resolve, reject) => {
      const sent = request(this.base + path, { method, headers, agent: this.#agent }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode < 400) resolve(text);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 500)}`));
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  close() {
    this.#agent.destroy();
  }
}
