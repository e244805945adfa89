/** An answer as a test looks at it: JSON where there is any. */
export interface RestAnswer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Speaks to the REST doors of a service under test with one key. */
export class Rest {
  constructor(
    private readonly base: string,
    private readonly key: string | null,
  ) {}

  get<Body = Record<string, unknown>>(path: string): Promise<RestAnswer<Body>> {
    return this.send<Body>('GET', path);
  }

  post<Body = Record<string, unknown>>(
    path: string,
    body: unknown,
    contentType = 'application/json',
  ): Promise<RestAnswer<Body>> {
    return this.send<Body>('POST', path, { body, contentType });
  }

  put<Body = Record<string, unknown>>(path: string, body: unknown): Promise<RestAnswer<Body>> {
    return this.send<Body>('PUT', path, { body, contentType: 'application/json' });
  }

  delete<Body = Record<string, unknown>>(path: string): Promise<RestAnswer<Body>> {
    return this.send<Body>('DELETE', path);
  }

  async send<Body>(
    method: string,
    path: string,
    content?: { body: unknown; contentType: string; headers?: Readonly<Record<string, string>> },
  ): Promise<RestAnswer<Body>> {
    const headers: Record<string, string> = { ...content?.headers };
    if (this.key !== null) headers['x-api-key'] = this.key;
    if (content) headers['content-type'] = content.contentType;
    const body = content && (typeof content.body === 'string' ? content.body : JSON.stringify(content.body));
    const response = await fetch(this.base + path, { method, headers, body });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson && text !== '' ? JSON.parse(text) : text) as Body,
    };
  }
}
